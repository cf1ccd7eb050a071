//! What is forgotten when the labs are too much together, and what looking at them leaves alone.

mod model_of_labs;

use model::{
    error::{ErrorCode, LabError},
    fault::FaultStatus,
    lesson::checks::{Check, CheckState, Progress, Proof},
    message::Message,
    operation::Method,
    policy::RetryPolicy,
    timeline::Step,
};

use super::*;
use crate::{checks::PassBook, controls::Controls};

/// The size of a message as large as it may be.
const LARGE: usize = 16 * 1024;

fn actor(name: &str) -> ActorId {
    name.parse().unwrap()
}

fn labs(budget: usize) -> (Labs, Timelines) {
    let labs = Labs::with_limits(Limits::default(), budget);
    (labs.clone(), Timelines::of(&labs))
}

/// A turn that stores a message of so many bytes.
fn store(timelines: &Timelines, actor: &ActorId, bytes: usize) {
    let content = "x".repeat(bytes);
    let turn = timelines.start_turn(actor, None, Method::ProcessMessage, None, Some(content.clone()));
    timelines
        .record(actor, Step::ReplyReady { turn, content: content.clone(), reply: Message::reply_to(&content).content });
    timelines.record(actor, Step::TurnCompleted { turn, took_us: 1, repeated: false });
}

fn prove(labs: &Labs, actor: &ActorId, bytes: usize) {
    let proof = Proof { at: 1, level: None, text: "p".repeat(bytes), turn: Some(1) };
    let check = Check {
        number: 1,
        state: CheckState::Passed,
        progress: Progress::Proven,
        missing: None,
        evidence: vec![proof],
    };
    labs.write(actor, |lab| lab.passes.keep(&check));
}

fn knows(timelines: &Timelines, actor: &ActorId) -> bool {
    !timelines.snapshot(actor).events.is_empty()
}

fn is_proven(labs: &Labs, actor: &ActorId) -> bool {
    labs.read(actor, |lab| !lab.passes.proven().is_empty()).unwrap_or_default()
}

/// Adds up anew what the labs weigh.
fn weighed(labs: &Labs) -> usize {
    labs.all().iter().map(|lab| lab.lock().count().1.all).sum()
}

#[test]
fn looking_at_ever_so_many_labs_makes_none_and_pushes_none_out() {
    let (labs, timelines) = labs(256 * 1024);
    let (controls, passes) =
        (Controls::new(labs.clone(), RetryPolicy::LESSON, vec![], None, None), PassBook::new(labs.clone()));
    let learner = ActorId::lesson();
    for _ in 0..5 {
        store(&timelines, &learner, 1_000);
    }
    prove(&labs, &learner, 100);
    let before = timelines.snapshot(&learner);
    let weight = labs.weight();
    for n in 0..2_000 {
        let other = actor(&format!("other{n}"));
        assert_eq!(timelines.snapshot(&other).last.seq, 0);
        assert!(
            timelines.is_whole(&other) && timelines.before(&other).is_none() && timelines.evidence(&other).1.is_empty()
        );
        assert!(passes.checks(&other).iter().all(|check| check.state == CheckState::NotYet));
        passes.judge(&other);
        assert_eq!((controls.fault(&other), controls.policy(&other)), (FaultStatus::lesson(), RetryPolicy::LESSON));
        assert!(!controls.hold_status(&other).on && controls.release(&other).is_none());
        controls.set_hold(&other, false);
        controls.give_wire_back(&other);
        drop(controls.predict(&other, model::lesson::prediction::Stored::default()));
        timelines.record_if_known(&other, Step::Deactivated);
        assert!(timelines.turn_of_message(&other, "id").is_none() && timelines.waiting(&other).is_none());
    }
    assert_eq!((labs.all().len(), labs.weight()), (1, weight));
    assert_eq!(timelines.snapshot(&learner), before);
    assert!(is_proven(&labs, &learner));
}

#[test]
fn followers_of_ever_so_many_labs_that_went_again_push_none_out() {
    let (labs, timelines) = labs(1024 * 1024);
    let learner = ActorId::lesson();
    store(&timelines, &learner, 1_000);
    for n in 0..1_000 {
        drop(timelines.follow(&actor(&format!("other{n}")), None));
    }
    assert!(labs.weight() <= 1024 * 1024, "{}", labs.weight());
    store(&timelines, &actor("another"), 1_000);
    assert!(knows(&timelines, &learner));
}

#[test]
fn a_thousand_actors_with_large_messages_stay_within_the_budget_and_the_latest_is_whole() {
    let budget = 8 * 1024 * 1024;
    let (labs, timelines) = labs(budget);
    for n in 0..1_000 {
        let actor = actor(&format!("actor{n}"));
        for _ in 0..2 {
            store(&timelines, &actor, LARGE);
            assert!(labs.weight() <= budget, "{} after actor {n}", labs.weight());
        }
    }
    assert_eq!(labs.weight(), weighed(&labs), "the sum is the sum of the parts");
    let known = timelines.known_actors(1_000);
    assert!((20..100).contains(&known.len()), "{} are known", known.len());
    assert_eq!(known[0], actor("actor999"));
    assert_eq!(model::timeline::turns(&timelines.snapshot(&known[0]).events).len(), 2);
}

#[test]
fn labs_that_run_scenarios_keep_within_the_budget_too_and_are_not_taken_for_whole_then() {
    let budget = 2 * 1024 * 1024;
    let (labs, timelines) = labs(budget);
    let actors: Vec<_> = (0..40).map(|n| actor(&format!("actor{n}"))).collect();
    let held: Vec<_> = actors.iter().map(|actor| labs.lab(actor)).collect();
    for lab in &held {
        labs.change(lab, |lab| {
            lab.runs_scenario = true;
            lab.reset_timeline();
        });
    }
    for _ in 0..5 {
        for actor in &actors {
            store(&timelines, actor, LARGE);
            assert!(labs.weight() <= budget, "{}", labs.weight());
        }
    }
    let whole = actors.iter().filter(|actor| timelines.is_whole(actor)).count();
    assert!(whole < actors.len(), "{whole}");
    assert_eq!(labs.all().len(), actors.len(), "each of them is there");
    assert_eq!(labs.weight(), weighed(&labs));
}

#[test]
fn what_one_lab_took_beyond_the_budget_goes_as_soon_as_another_is_used() {
    let budget = 512 * 1024;
    let (labs, timelines) = labs(budget);
    let large = actor("large");
    // It is in use whenever something is to be forgotten.
    while labs.weight() <= budget {
        store(&timelines, &large, LARGE);
    }
    timelines.record(&actor("small"), Step::Activated);
    assert!(labs.weight() <= budget && !knows(&timelines, &large), "{}", labs.weight());
}

#[test]
fn what_is_sent_to_one_actor_takes_what_the_budget_says_it_does() {
    // Serialized, control characters are six times as long as they are: the other way round would break the budget.
    let (labs, timelines) = labs(usize::MAX);
    for _ in 0..300 {
        store(&timelines, &ActorId::lesson(), 3);
    }
    let small = labs.weight() / 300;
    assert!((500..4_000).contains(&small), "{small} bytes for three events");
}

#[test]
fn a_pass_outlives_the_timelines_of_all_others_and_goes_by_least_recent_use() {
    let budget = 1024 * 1024;
    let (labs, timelines) = labs(budget);
    let proven: Vec<_> = (0..10).map(|n| actor(&format!("proven{n}"))).collect();
    for actor in &proven {
        store(&timelines, actor, 1_000);
        prove(&labs, actor, 10_000);
    }
    for n in 0..200 {
        store(&timelines, &actor(&format!("other{n}")), LARGE);
    }
    assert!(proven.iter().all(|actor| is_proven(&labs, actor) && !knows(&timelines, actor)), "their events went first");
    // So much that all passes have no room.
    for n in 0..200 {
        prove(&labs, &actor(&format!("more{n}")), 10_000);
    }
    assert!(labs.weight() <= budget);
    let left: Vec<_> = (0..200).filter(|n| is_proven(&labs, &actor(&format!("more{n}")))).collect();
    assert!(!proven.iter().any(|actor| is_proven(&labs, actor)) && left.len() > 50);
    assert!(left.windows(2).all(|pair| pair[1] == pair[0] + 1) && left.last() == Some(&199), "{left:?}");
}

#[test]
fn a_lab_with_an_open_turn_stays_whatever_comes_and_goes_when_it_has_ended() {
    let (labs, timelines) = labs(512 * 1024);
    let busy = actor("busy");
    let waits = timelines.queue_turn(&busy, Method::GetConversationHistory, None, None).unwrap();
    for n in 0..100 {
        store(&timelines, &actor(&format!("other{n}")), LARGE);
    }
    let turn = timelines.start_turn(&busy, Some(&waits), Method::GetConversationHistory, None, None);
    assert_eq!((turn, timelines.snapshot(&busy).events.len()), (1, 2));
    timelines.record(&busy, Step::TurnCompleted { turn, took_us: 1, repeated: false });
    for n in 0..100 {
        store(&timelines, &actor(&format!("other{n}")), LARGE);
    }
    assert!(!knows(&timelines, &busy));
    assert!(labs.weight() <= 512 * 1024);
}

/// A call that is queued with a message of so many bytes.
fn queue(timelines: &Timelines, actor: &ActorId, bytes: usize) -> Result<crate::timeline::Ticket, LabError> {
    timelines.queue_turn(actor, Method::ProcessMessage, None, Some("x".repeat(bytes)))
}

#[test]
fn what_waits_in_ever_so_many_labs_keeps_within_the_budget_and_is_refused_beyond() {
    let budget = 8 * 1024 * 1024;
    let (labs, timelines) = labs(budget);
    let waiting: Vec<_> = (0..1_000).map(|n| (actor(&format!("actor{n}")), n)).collect();
    let mut queued = Vec::new();
    for (actor, _) in &waiting {
        match queue(&timelines, actor, LARGE) {
            Ok(ticket) => queued.push((actor, ticket)),
            Err(error) => assert_eq!(error.code, ErrorCode::TooManyWaiting),
        }
        assert!(labs.weight() <= budget, "{} with {} that wait", labs.weight(), queued.len());
    }
    assert!((20..500).contains(&queued.len()) && labs.weight() > budget / 2, "{} wait", queued.len());
    assert_eq!(labs.all().len(), queued.len(), "what is refused makes no lab");
    // One that came past the lab is as much.
    assert_eq!(labs.arrive(&actor("past"), None, LARGE).err().map(|error| error.code), Some(ErrorCode::TooManyWaiting));
    for (actor, ticket) in &queued {
        let turn = timelines.start_turn(actor, Some(ticket), Method::ProcessMessage, None, None);
        timelines.record(actor, Step::TurnCompleted { turn, took_us: 1, repeated: false });
    }
    assert!(queue(&timelines, &actor("later"), LARGE).is_ok(), "there is room again");
    assert_eq!(labs.weight(), weighed(&labs));
}

#[test]
fn a_line_has_an_end_whichever_way_its_calls_come() {
    let (labs, timelines) = labs(BUDGET);
    let busy = ActorId::lesson();
    let first = queue(&timelines, &busy, 10).unwrap();
    assert!(labs.arrive(&busy, Some(&first), 10).unwrap().is_none(), "counted since it was queued");
    let past: Vec<_> = (1..LINE).map(|_| labs.arrive(&busy, None, 10).unwrap()).collect();
    for refused in [queue(&timelines, &busy, 10).err(), labs.arrive(&busy, None, 10).err()] {
        assert_eq!(refused.map(|error| error.code), Some(ErrorCode::TooManyWaiting));
    }
    assert_eq!(timelines.snapshot(&busy).events.len(), 1, "what is refused is no turn");
    assert!(queue(&timelines, &actor("another"), 10).is_ok());
    drop(past);
    assert!(queue(&timelines, &busy, 10).is_ok());
    assert_eq!(labs.weight(), weighed(&labs));
}

#[test]
fn a_follower_of_what_is_forgotten_is_told_of_the_gap() {
    let (labs, timelines) = labs(512 * 1024);
    let followed = actor("followed");
    store(&timelines, &followed, 10);
    let last = timelines.snapshot(&followed).last;
    let mut follow = timelines.follow(&followed, Some(last));
    for n in 0..100 {
        store(&timelines, &actor(&format!("other{n}")), LARGE);
    }
    assert!(!knows(&timelines, &followed), "forgotten while somebody follows");
    timelines.record(&followed, Step::Activated);
    // Its connection goes on, or ends, and it comes back: in neither case it takes what is missing for nothing.
    if !matches!(follow.live.try_next(), Ok(Some(_))) {
        assert!(timelines.follow(&followed, Some(last)).missed.is_gap(), "nothing is missed");
    }
    drop(follow);
    let early = EventId { seq: 1, ..last };
    assert!(timelines.follow(&followed, Some(early)).missed.is_gap());
    assert!(labs.weight() <= 512 * 1024);
}

#[test]
fn a_lab_that_was_forgotten_whole_begins_a_later_epoch_and_is_not_taken_for_whole() {
    let (_, timelines) = labs(256 * 1024);
    let old = actor("old");
    store(&timelines, &old, 10);
    let before = timelines.snapshot(&old).last;
    assert!(timelines.is_whole(&old) && timelines.is_whole(&actor("never")));
    for n in 0..100 {
        store(&timelines, &actor(&format!("other{n}")), LARGE);
    }
    let unknown = timelines.snapshot(&old).last;
    assert!(unknown.epoch > before.epoch && unknown.seq == 0);
    store(&timelines, &old, 10);
    assert!(timelines.snapshot(&old).last.epoch > before.epoch);
    assert!(!timelines.is_whole(&old) && !timelines.is_whole(&actor("never")));
}

#[test]
fn lines_are_written_in_their_order_and_with_nothing_locked() {
    use std::io::Write;

    use tracing_subscriber::fmt::MakeWriter;

    /// A log that looks at the lab, and writes to it, while it takes a line.
    #[derive(Clone)]
    struct Curious(Timelines, Arc<Mutex<Vec<String>>>);

    impl Write for Curious {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let first = {
                let mut lines = self.1.lock().unwrap();
                lines.push(String::from_utf8_lossy(bytes).trim().to_owned());
                lines.len() == 1
            };
            assert!(!self.0.snapshot(&ActorId::lesson()).events.is_empty());
            if first {
                self.0.record(&ActorId::lesson(), Step::Deactivated);
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Curious {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    let timelines = Timelines::new();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = tracing_subscriber::fmt().without_time().with_target(false).with_level(false).with_ansi(false);
    let log = log.with_writer(Curious(timelines.clone(), Arc::clone(&lines))).finish();
    tracing::subscriber::with_default(log, || drop(timelines.record(&ActorId::lesson(), Step::Activated)));
    let due = ["Activating actor for history-user1", "Deactivating actor for history-user1"];
    assert_eq!(*lines.lock().unwrap(), due);
}
