//! Turns over a store in memory whose answers are scripted, on paused time.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
};

use app::{
    fault::FaultSetting,
    message::HISTORY_LIMIT,
    timeline::{Cause, Layer, Operation},
};
use async_trait::async_trait;

use super::{publish::ConversationUpdated, state::Conversation, *};
use crate::retry::{AttemptError, Failure};

/// What the store does with a save.
enum Save {
    /// Fails; nothing is stored.
    Refuse,
    /// Stores, and its answer is lost.
    Lose,
    /// Loses the save and says so no better.
    Swallow,
}

#[derive(Default)]
struct Memory {
    stored: Mutex<Conversation>,
    saves: Mutex<VecDeque<Save>>,
    events: Mutex<Vec<ConversationUpdated>>,
}

impl Memory {
    fn stored(&self) -> MutexGuard<'_, Conversation> {
        self.stored.lock().unwrap()
    }
}

fn failed(maybe_done: bool) -> AttemptError {
    let cause = Cause { simulated: false, layer: Layer::Store };
    AttemptError::Transient(Failure { text: "store".into(), cause, maybe_done, no_answer: false })
}

#[async_trait]
impl StateAccess for Arc<Memory> {
    async fn load(&self, _: &ActorId) -> Result<Conversation, AttemptError> {
        Ok(self.stored().clone())
    }

    async fn save(&self, _: &ActorId, conversation: &Conversation) -> Result<(), AttemptError> {
        match self.saves.lock().unwrap().pop_front() {
            Some(Save::Refuse) => return Err(failed(false)),
            Some(Save::Swallow) => return Err(failed(true)),
            Some(Save::Lose) => {
                *self.stored() = conversation.clone();
                return Err(failed(true));
            }
            None => *self.stored() = conversation.clone(),
        }
        Ok(())
    }

    async fn delete(&self, _: &ActorId) -> Result<(), AttemptError> {
        *self.stored() = Conversation::default();
        Ok(())
    }
}

#[async_trait]
impl Events for Arc<Memory> {
    async fn publish(&self, _: &MessageId, event: &ConversationUpdated) -> Result<(), AttemptError> {
        self.events.lock().unwrap().push(event.clone());
        Ok(())
    }
}

struct Bench {
    memory: Arc<Memory>,
    agents: Agents,
}

impl Bench {
    /// An actor whose switch is off, over a store that does this with the first saves.
    fn new(saves: impl IntoIterator<Item = Save>) -> Self {
        let memory = Arc::new(Memory { saves: Mutex::new(saves.into_iter().collect()), ..Memory::default() });
        let timelines = Timelines::new();
        let faults = Faults::new(timelines.clone());
        faults.set(&actor(), FaultSetting { on: false, plan: None });
        let agents = Agents::new(Shared {
            state: Arc::new(memory.clone()),
            events: Arc::new(memory.clone()),
            passes: PassBook::new(timelines.clone()),
            timelines,
            faults,
            wire: None,
            policy: RetryPolicy::LESSON,
            limits: TimeLimits::default(),
        });
        Self { memory, agents }
    }

    async fn send(&self, content: &str) -> Result<Answer, LabError> {
        let id = MessageId::try_from(format!("id-{content}")).unwrap();
        self.agents.call(actor(), Call::ProcessMessage { message: Message::user(content), id }, None).await
    }

    fn steps(&self) -> Vec<Step> {
        self.agents.shared.timelines.snapshot(&actor()).events.into_iter().map(|event| event.step).collect()
    }

    fn replies(&self) -> Vec<(u64, String)> {
        let reply = |step: &Step| match step {
            Step::ReplyReady { turn, content, .. } => Some((*turn, content.clone())),
            _ => None,
        };
        self.steps().iter().filter_map(reply).collect()
    }
}

fn actor() -> ActorId {
    ActorId::lesson()
}

fn reply(content: &str) -> Answer {
    Answer::Reply(Message::reply_to(content))
}

#[tokio::test(start_paused = true)]
async fn a_save_whose_answer_was_lost_is_settled_by_the_next_attempt() {
    let bench = Bench::new([Save::Lose]);
    assert_eq!(bench.send("one").await.unwrap(), reply("one"));
    assert_eq!(bench.memory.stored().history.len(), 2);
    assert_eq!(bench.replies(), [(1, "one".into())]);
}

#[tokio::test(start_paused = true)]
async fn a_save_that_stays_unknown_is_settled_by_the_next_turn_before_it_writes() {
    let bench = Bench::new([Save::Lose, Save::Refuse, Save::Refuse]);
    let error = bench.send("one").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::OutcomeUnknown);
    assert!(bench.replies().is_empty());
    assert_eq!(bench.send("two").await.unwrap(), reply("two"));
    assert_eq!(bench.replies(), [(1, "one".into()), (2, "two".into())]);
    assert_eq!(bench.memory.stored().history.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_same_message_sent_again_after_an_unknown_save_is_not_applied_twice() {
    let bench = Bench::new([Save::Lose, Save::Refuse, Save::Refuse]);
    bench.send("one").await.unwrap_err();
    assert_eq!(bench.send("one").await.unwrap(), reply("one"));
    assert_eq!(bench.memory.stored().history.len(), 2);
    assert!(matches!(bench.steps().last(), Some(Step::TurnCompleted { repeated: true, .. })));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_save_that_was_not_carried_out_is_not_told_as_stored() {
    let bench = Bench::new([Save::Swallow, Save::Refuse, Save::Refuse]);
    bench.send("one").await.unwrap_err();
    bench.send("two").await.unwrap();
    assert_eq!(bench.replies(), [(2, "two".into())]);
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_save_stores_nothing_publishes_nothing_and_says_so() {
    let bench = Bench::new([Save::Refuse, Save::Refuse, Save::Refuse]);
    let error = bench.send("one").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::RetriesExhausted);
    assert!(error.message.contains("Failed to save history for history-user1 after 3 attempts: store"), "{error}");
    assert_eq!(*bench.memory.stored(), Conversation::default());
    assert!(bench.memory.events.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn five_messages_are_kept_and_the_last_thirty_two_are_known() {
    let bench = Bench::new([]);
    for n in 0..40 {
        bench.send(&n.to_string()).await.unwrap();
    }
    let stored = bench.memory.stored().clone();
    assert_eq!(stored.history.len(), HISTORY_LIMIT);
    assert_eq!(stored.history[4], Message::reply_to("39"));
    assert_eq!(stored.history[0], Message::reply_to("37"), "messages are counted, not exchanges");
    let known = |n: u32| stored.answered.reply_to(&MessageId::try_from(format!("id-{n}")).unwrap()).is_some();
    assert_eq!((known(7), known(8), known(39)), (false, true, true));
}

#[tokio::test(start_paused = true)]
async fn a_turn_runs_to_its_end_when_its_caller_is_gone() {
    let bench = Bench::new([Save::Refuse, Save::Refuse]);
    let agents = bench.agents.clone();
    let caller = tokio::spawn(async move {
        let id = MessageId::try_from("id".to_owned()).unwrap();
        agents.call(actor(), Call::ProcessMessage { message: Message::user("one"), id }, None).await
    });
    let mut follow = bench.agents.shared.timelines.follow(&actor(), None);
    while !matches!(follow.live.recv().await.unwrap().step, Step::RetryScheduled { .. }) {}
    caller.abort();
    bench.agents.turns_finished().await;
    assert_eq!(bench.memory.stored().history.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_deactivation_in_mid_turn_lets_the_turn_end_before_the_next_begins() {
    let bench = Bench::new([Save::Refuse]);
    let first = tokio::spawn({
        let agents = bench.agents.clone();
        async move {
            let id = MessageId::try_from("one".to_owned()).unwrap();
            agents.call(actor(), Call::ProcessMessage { message: Message::user("one"), id }, None).await
        }
    });
    let mut follow = bench.agents.shared.timelines.follow(&actor(), None);
    while !matches!(follow.live.recv().await.unwrap().step, Step::RetryScheduled { .. }) {}
    bench.agents.deactivate(&actor());
    let second = bench.send("two").await.unwrap();
    assert_eq!((first.await.unwrap().unwrap(), second), (reply("one"), reply("two")));
    let order: Vec<_> = bench
        .steps()
        .iter()
        .filter_map(|step| match step {
            Step::Activated => Some("activated".to_owned()),
            Step::Deactivated => Some("deactivated".to_owned()),
            Step::TurnStarted { turn, .. } => Some(format!("start {turn}")),
            Step::TurnCompleted { turn, .. } => Some(format!("end {turn}")),
            _ => None,
        })
        .collect();
    assert_eq!(order, ["activated", "start 1", "deactivated", "end 1", "activated", "start 2", "end 2"]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_can_be_ended_while_a_retry_waits() {
    let bench = Bench::new([]);
    let plan = app::fault::FaultPlan { operation: Operation::Load, attempts: 5.try_into().unwrap() };
    bench.agents.shared.faults.set(&actor(), FaultSetting { on: true, plan: Some(plan) });
    let mut follow = bench.agents.shared.timelines.follow(&actor(), None);
    let sending = async {
        while !matches!(follow.live.recv().await.unwrap().step, Step::RetryScheduled { .. }) {}
        bench.agents.shared.faults.set(&actor(), FaultSetting { on: false, plan: None });
    };
    let (sent, ()) = tokio::join!(bench.send("one"), sending);
    assert_eq!(sent.unwrap(), reply("one"));
}
