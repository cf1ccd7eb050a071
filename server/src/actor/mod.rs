//! The `ChatAgent` actors of this process.
//!
//! # Layout
//! - [`Agents`]: takes calls, gives every actor one turn at a time, and lets a turn that has begun run to its end
//! - `turn`: what a turn does
//! - [`state`]: what an actor keeps; [`answered`]: the messages that it knows to be stored
//! - [`publish`]: the event that follows a stored message
//! - `slot`: what outlives a single turn
//! - [`memory`]: turns without a sidecar, for tests

pub mod answered;
pub mod memory;
pub mod publish;
mod slot;
pub mod state;
mod turn;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use model::{
    actor_id::ActorId,
    error::{ErrorCode, LabError},
    message::{Message, MessageId},
    operation::Method,
    policy::worst::TURN_LIMIT_MS,
    timeline::Step,
};
use tokio::{sync::oneshot, time::Instant};
use tokio_util::task::TaskTracker;

use self::{
    publish::Events,
    slot::{Slot, Slots},
    state::StateAccess,
    turn::{Done, Turn},
};
use crate::{
    checks::PassBook,
    controls::Controls,
    retry::Run,
    timeline::{Ticket, Timelines, clock::micros},
    wire::WireSwitch,
};

/// The longest that a turn may last, every attempt and wait in it counted.
pub const TURN_LIMIT: Duration = Duration::from_millis(TURN_LIMIT_MS);

/// A call of an actor's method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Stores a message and its reply.
    ProcessMessage {
        /// The learner's message.
        message: Message,
        /// Its id: a repeat is answered from what is stored.
        id: MessageId,
    },
    /// Returns the history.
    GetConversationHistory,
    /// Takes everything away that the actor keeps, and puts its lab back to how it was found.
    ResetConversation,
}

impl Call {
    const fn method(&self) -> Method {
        match self {
            Self::ProcessMessage { .. } => Method::ProcessMessage,
            Self::GetConversationHistory => Method::GetConversationHistory,
            Self::ResetConversation => Method::ResetConversation,
        }
    }
}

/// What a call comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The stored reply.
    Reply(Message),
    /// The history.
    History(Vec<Message>),
    /// Everything is away.
    Reset,
}

/// What all turns share.
pub(crate) struct Shared {
    pub(crate) state: Arc<dyn StateAccess>,
    pub(crate) events: Arc<dyn Events>,
    pub(crate) timelines: Timelines,
    pub(crate) controls: Controls,
    pub(crate) passes: PassBook,
    pub(crate) wire: Option<WireSwitch>,
    /// The longest that a turn may last.
    pub(crate) turn_limit: Duration,
}

/// The actors of this process. Clones share them.
#[derive(Clone)]
pub struct Agents {
    shared: Arc<Shared>,
    slots: Arc<Slots>,
    turns: TaskTracker,
}

impl Agents {
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared), slots: Arc::default(), turns: TaskTracker::new() }
    }

    /// Calls a method: waits for the actor's turn, then for the turn. Whoever stops waiting ends nothing: a turn that
    /// was asked for runs to its end. `ticket` is the one that the call was queued with, if it came from the lab.
    ///
    /// # Errors
    /// Why the turn came to nothing.
    pub async fn call(&self, actor: ActorId, call: Call, ticket: Option<Ticket>) -> Result<Answer, LabError> {
        let (answer, answered) = oneshot::channel();
        let agents = self.clone();
        self.turns.spawn(async move {
            let slot = agents.slots.get(&actor);
            let result = agents.turn(&actor, &slot, &call, ticket.as_ref()).await;
            agents.slots.give_back(&actor, slot);
            // The caller may be gone.
            drop(answer.send(result));
            agents.shared.passes.judge(&actor);
        });
        answered.await.unwrap_or_else(|_| Err(broken()))
    }

    /// Takes an actor out of memory, as the sidecar asks. A turn that is running goes on.
    pub fn deactivate(&self, actor: &ActorId) {
        if self.slots.deactivate(actor) {
            self.shared.timelines.record(actor, Step::Deactivated);
        }
    }

    /// Waits until no turn is running or waiting. A turn that begins later is waited for too.
    pub async fn turns_finished(&self) {
        self.turns.close();
        self.turns.wait().await;
    }

    async fn turn(
        &self,
        actor: &ActorId,
        slot: &Slot,
        call: &Call,
        ticket: Option<&Ticket>,
    ) -> Result<Answer, LabError> {
        let Shared { timelines, controls, turn_limit, wire, .. } = &*self.shared;
        // Held over the whole turn: that is what makes it one.
        let _turn = slot.turn.lock().await;
        if slot.activate() {
            timelines.record(actor, Step::Activated);
            controls.activated(actor);
        }
        let (id, content) = match call {
            Call::ProcessMessage { message, id } => (Some(id.clone()), Some(message.content.clone())),
            Call::GetConversationHistory | Call::ResetConversation => (None, None),
        };
        let began = Instant::now();
        let turn = timelines.start_turn(actor, ticket, call.method(), id, content);
        let faulty = matches!(call, Call::ProcessMessage { .. });
        let (wire, deadline) = (wire.as_ref(), began + *turn_limit);
        let run = Run { controls, timelines, actor, turn, faulty, wire, deadline };
        let at_work = Turn { shared: &self.shared, slot, run };
        let result = AssertUnwindSafe(at_work.run(call)).catch_unwind().await.unwrap_or_else(|_| Err(broken()));
        let took_us = micros(began.elapsed());
        match result {
            Ok(Done { answer, repeated }) => {
                timelines.record(actor, Step::TurnCompleted { turn, took_us, repeated });
                if answer == Answer::Reset {
                    self.reset_lab(actor, slot);
                }
                Ok(answer)
            }
            Err(error) => {
                timelines.record(actor, Step::TurnFailed { turn, took_us, error: error.clone() });
                Err(error)
            }
        }
    }

    /// Forgets what this process knows of the actor, within the turn that took its state away: the next turn begins
    /// in a fresh lab.
    fn reset_lab(&self, actor: &ActorId, slot: &Slot) {
        drop(slot.take_unsettled());
        self.shared.passes.reset(actor);
        self.shared.controls.reset(actor);
    }
}

fn broken() -> LabError {
    LabError::new(ErrorCode::Internal, "The turn broke off: this is a fault of Faultlab itself, see its log")
}

#[cfg(test)]
mod tests;
