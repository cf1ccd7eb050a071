//! That what the labs are counted to take is what they take.

use model::{
    actor_id::ActorId,
    message::{Message, MessageId},
    operation::{Method, Operation},
    timeline::Step,
};
use peak_alloc::PeakAlloc;
use server::{labs::Timelines, timeline::Limits};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const BUDGET: usize = 8 * 1024 * 1024;

/// A turn that stores a message of so many bytes, with everything that it tells.
fn send(timelines: &Timelines, actor: &ActorId, bytes: usize) {
    let (content, id) = ("x".repeat(bytes), MessageId::try_from("an-id-of-usual-length-as-they-come".to_owned()).ok());
    let reply = Message::reply_to(&content).content;
    let ticket = timelines.queue_turn(actor, Method::ProcessMessage, id.clone(), Some(content.clone()));
    let ticket = ticket.expect("room");
    let turn = timelines.start_turn(actor, Some(&ticket), Method::ProcessMessage, id, Some(content.clone()));
    for operation in [Operation::Load, Operation::Save, Operation::Publish] {
        timelines.record(actor, Step::AttemptStarted { turn, operation, attempt: 1, max: 3 });
        timelines.record(actor, Step::AttemptSucceeded { turn, operation, attempt: 1, max: 3, took_us: 400 });
    }
    timelines.first_load(actor, &[Message::user(&content)]);
    timelines.record(actor, Step::ReplyReady { turn, content: content.clone(), reply: reply.clone() });
    timelines.record(actor, Step::TurnCompleted { turn, took_us: 1_000, repeated: false });
    timelines.record(actor, Step::EventDelivered { turn: Some(turn), input: content, output: reply });
}

/// What the heap holds after this, beyond what it held before.
fn held_after(bytes: usize, actors: usize, messages: usize) -> usize {
    let before = HEAP.current_usage();
    let timelines = Timelines::with_limits(Limits::default(), BUDGET);
    for n in 0..actors {
        let actor: ActorId = format!("actor{n}").parse().expect("an id");
        (0..messages).for_each(|_| send(&timelines, &actor, bytes));
        let held = HEAP.current_usage().saturating_sub(before);
        assert!(held <= BUDGET / 4 * 5, "{held} bytes are held after {n} actors with messages of {bytes}");
    }
    HEAP.current_usage().saturating_sub(before)
}

#[test]
fn however_many_actors_send_however_large_messages_memory_stays_within_the_budget() {
    for (bytes, actors, messages) in [(16 * 1_024, 1_000, 3), (16 * 1_024, 20, 60), (8, 2_000, 3), (8, 10, 400)] {
        let held = held_after(bytes, actors, messages);
        assert!(held >= BUDGET / 2, "and what there is room for is kept: {held} bytes, with messages of {bytes}");
    }
}
