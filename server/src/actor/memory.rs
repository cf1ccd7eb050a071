//! Turns without a sidecar: actors over a store in memory, for tests on paused time and for many of them.
//!
//! ```
//! # use model::{fault::{Fault, FaultPlan, FaultSetting}, operation::Operation, policy::RetryPolicy};
//! # use server::actor::memory::MemoryLab;
//! # let paused = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
//! # paused.block_on(async {
//! let lab = MemoryLab::new(RetryPolicy::LESSON);
//! let plan = FaultPlan::one(Fault::error(Operation::Save, 2))?;
//! lab.controls.set_fault(&lab.actor, FaultSetting::on(plan))?;
//! let predicted = lab.predict(None);
//! lab.send("Hi there", "id-1").await?;
//! assert_eq!(lab.turns()[0].attempts.len(), 5, "one load, three saves, one publish");
//! assert_eq!(predicted.min_ms, 2_000);
//! # Ok::<_, model::error::LabError>(()) })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

use std::{
    collections::{HashMap, VecDeque},
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use model::{
    actor_id::ActorId,
    error::LabError,
    fault::SIMULATED_ERROR,
    lesson::prediction::{Prediction, Stored},
    message::{Message, MessageId},
    operation::{Cause, Layer},
    policy::RetryPolicy,
    timeline::{Event, Turn, turns},
};
use tokio::time::sleep;

use super::{
    Agents, Answer, Call, Environment, TURN_LIMIT,
    publish::{ConversationUpdated, Events},
    state::{Conversation, StateAccess},
};
use crate::{
    checks::PassBook,
    controls::Controls,
    labs::{Labs, Timelines},
    retry::{AttemptError, Failure},
    store_hit::{StoreEnd, StoreHit},
};

/// What the store does with a save, or a reset, besides what the faults ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Save {
    /// Fails; nothing is stored.
    Refuse,
    /// Stores, and its answer is lost.
    Lose,
    /// Loses the save, and its answer.
    Swallow,
    /// Panics, as a fault of this program would.
    Panic,
}

/// A store and a topic in memory. Clones share them.
#[derive(Clone, Default)]
pub struct Memory(Arc<InMemory>);

#[derive(Default)]
struct InMemory {
    stored: Mutex<HashMap<ActorId, Conversation>>,
    saves: Mutex<VecDeque<Save>>,
    events: Mutex<Vec<ConversationUpdated>>,
}

impl Memory {
    /// What an actor keeps.
    #[must_use]
    pub fn stored(&self, actor: &ActorId) -> Conversation {
        lock(&self.0.stored).get(actor).cloned().unwrap_or_default()
    }

    /// Puts this in place of what an actor keeps.
    pub fn put(&self, actor: &ActorId, conversation: Conversation) {
        lock(&self.0.stored).insert(actor.clone(), conversation);
    }

    /// What is done with the saves that come next, one for each.
    pub fn next_saves(&self, saves: impl IntoIterator<Item = Save>) {
        lock(&self.0.saves).extend(saves);
    }

    /// Changes what is stored, or does with it what the next save is to meet.
    fn change(&self, change: impl FnOnce()) -> Result<(), AttemptError> {
        let save = lock(&self.0.saves).pop_front();
        assert_ne!(save, Some(Save::Panic), "asked for");
        if !matches!(save, Some(Save::Refuse | Save::Swallow)) {
            change();
        }
        match save {
            None => Ok(()),
            Some(save) => Err(failed("store".to_owned(), save != Save::Refuse)),
        }
    }

    /// Everything that was published, in order.
    #[must_use]
    pub fn published(&self) -> Vec<ConversationUpdated> {
        lock(&self.0.events).clone()
    }
}

/// Locks for a moment: no lock here is held over an `.await`, and a panic elsewhere leaves the data whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(text: String, maybe_done: bool) -> AttemptError {
    let cause = Cause { simulated: false, layer: Layer::Store };
    AttemptError::Transient(Failure { text, cause, maybe_done, no_answer: false, lost: false })
}

/// Does what is asked of the store; its error comes in the words that the sidecar puts around it.
async fn meet(hit: Option<StoreHit>, words: &str) -> Result<(), AttemptError> {
    let Some(hit) = hit else { return Ok(()) };
    sleep(Duration::from_millis(hit.delay_ms)).await;
    match hit.end {
        StoreEnd::Done => Ok(()),
        StoreEnd::Error => Err(failed(format!("{words}: {SIMULATED_ERROR}"), false)),
        StoreEnd::Hang => pending().await,
    }
}

#[async_trait]
impl StateAccess for Memory {
    async fn load(&self, actor: &ActorId, hit: Option<StoreHit>) -> Result<Conversation, AttemptError> {
        meet(hit, "error getting actor state").await?;
        Ok(self.stored(actor))
    }

    async fn save(
        &self,
        actor: &ActorId,
        conversation: &Conversation,
        hit: Option<StoreHit>,
    ) -> Result<(), AttemptError> {
        meet(hit, "error saving actor transaction state").await?;
        self.change(|| self.put(actor, conversation.clone()))
    }

    async fn delete(&self, actor: &ActorId) -> Result<(), AttemptError> {
        self.change(|| drop(lock(&self.0.stored).remove(actor)))
    }
}

#[async_trait]
impl Events for Memory {
    async fn publish(&self, _: &MessageId, event: &ConversationUpdated) -> Result<(), AttemptError> {
        lock(&self.0.events).push(event.clone());
        Ok(())
    }
}

/// A lab over [`Memory`]: controls, timeline and actors as in the real one, both layers of faults among them.
pub struct MemoryLab {
    /// The store and the topic.
    pub memory: Memory,
    /// The actors.
    pub agents: Agents,
    /// What they did.
    pub timelines: Timelines,
    /// Failure switch and retry policy.
    pub controls: Controls,
    /// The actor that the methods below mean.
    pub actor: ActorId,
}

impl MemoryLab {
    /// A lab that nobody has touched: the lesson's failure is on, and this policy in force.
    #[must_use]
    pub fn new(policy: RetryPolicy) -> Self {
        let (memory, labs) = (Memory::default(), Labs::new());
        let timelines = Timelines::of(&labs);
        let controls = Controls::new(labs.clone(), policy, vec![Layer::Actor, Layer::Store], None, None);
        let agents = Agents::new(Environment {
            state: Arc::new(memory.clone()),
            events: Arc::new(memory.clone()),
            labs: labs.clone(),
            timelines: timelines.clone(),
            controls: controls.clone(),
            passes: PassBook::new(labs),
            wire: None,
            turn_limit: TURN_LIMIT,
        });
        Self { memory, agents, timelines, controls, actor: ActorId::lesson() }
    }

    /// Calls a method of the actor: waits for its turn, then for the turn.
    ///
    /// # Errors
    /// Why the turn came to nothing.
    pub async fn call(&self, call: Call) -> Result<Answer, LabError> {
        self.agents.call(self.actor.clone(), call, None).await
    }

    /// Sends a message with this id.
    ///
    /// # Errors
    /// An id that is none, or why the turn came to nothing.
    pub async fn send(&self, content: &str, id: &str) -> Result<Message, LabError> {
        let id = MessageId::try_from(id.to_owned())?;
        match self.call(Call::ProcessMessage { message: Message::user(content), id }).await? {
            Answer::Reply(reply) => Ok(reply),
            Answer::History(_) | Answer::Reset => Err(super::broken()),
        }
    }

    /// Takes the actor out of memory, as the sidecar does when it idles.
    pub fn deactivate(&self) {
        self.agents.deactivate(&self.actor);
    }

    /// The actor's timeline, oldest event first.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.timelines.snapshot(&self.actor).events
    }

    /// Its turns.
    #[must_use]
    pub fn turns(&self) -> Vec<Turn> {
        turns(&self.events())
    }

    /// What a message would meet that is sent now, with this id if it may have been stored before.
    #[must_use]
    pub fn predict(&self, id: Option<&MessageId>) -> Prediction {
        let Conversation { history, answered } = self.memory.stored(&self.actor);
        let stored = Stored { messages: history.len(), answered: id.is_some_and(|id| answered.has(id)) };
        self.controls.predict(&self.actor, stored)
    }
}
