//! The `ChatAgent` actors of this process.
//!
//! # Layout
//! - [`Agents`]: takes calls, gives every actor one turn at a time, and lets a turn that has begun run to its end
//! - `turn`: what a turn does
//! - [`config`]: what the sidecar is told about them
//! - [`state`]: what an actor keeps; [`answered`]: the messages that it knows to be stored
//! - [`publish`]: the event that follows a stored message
//! - [`memory`]: turns without a sidecar, for tests

pub mod answered;
pub mod config;
pub mod memory;
pub mod publish;
pub mod state;
mod turn;

use std::{mem, panic::AssertUnwindSafe, sync::Arc, time::Duration};

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
    state::StateAccess,
    turn::{Done, RunningTurn},
};
use crate::{
    checks::PassBook,
    controls::Controls,
    labs::{Lab, Labs, Timelines},
    retry::Run,
    timeline::{Ticket, clock::micros},
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
    fn message(&self) -> &str {
        match self {
            Self::ProcessMessage { message, .. } => &message.content,
            Self::GetConversationHistory | Self::ResetConversation => "",
        }
    }

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

/// What is around every turn.
pub(crate) struct Environment {
    pub(crate) state: Arc<dyn StateAccess>,
    pub(crate) events: Arc<dyn Events>,
    pub(crate) labs: Labs,
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
    around: Arc<Environment>,
    turns: TaskTracker,
}

impl Agents {
    pub(crate) fn new(around: Environment) -> Self {
        Self { around: Arc::new(around), turns: TaskTracker::new() }
    }

    /// Calls a method: waits for the actor's turn, then for the turn. Whoever stops waiting ends nothing: a turn that
    /// was asked for runs to its end. `ticket` is the one that the call was queued with, if it came from the lab.
    ///
    /// # Errors
    /// Why the turn came to nothing, or that as many calls wait as may.
    pub async fn call(&self, actor: ActorId, call: Call, ticket: Option<Ticket>) -> Result<Answer, LabError> {
        let arrived = self.around.labs.arrive(&actor, ticket.as_ref(), call.message().len())?;
        let (answer, answered) = oneshot::channel();
        let agents = self.clone();
        self.turns.spawn(async move {
            // Held through the turn, so that nothing of the lab is forgotten meanwhile, the turn's lock least of all: a
            // deactivation in the middle of a turn (daprd does that to one that outlasts the idle timeout) is told, and
            // takes nothing away.
            let lab = agents.around.labs.lab(&actor);
            let result = agents.turn(&lab, &call, ticket.as_ref()).await;
            drop((arrived, lab));
            // The caller may be gone.
            drop(answer.send(result));
            agents.around.passes.judge(&actor);
        });
        answered.await.unwrap_or_else(|_| Err(broken()))
    }

    /// Takes an actor out of memory, as the sidecar asks. A turn that is running goes on.
    pub fn deactivate(&self, actor: &ActorId) {
        let Some(lab) = self.around.labs.find(actor) else { return };
        self.around.labs.change(&lab, |lab| {
            if mem::replace(&mut lab.active, false) {
                lab.record(Step::Deactivated);
            }
        });
    }

    /// Waits until no turn is running or waiting. A turn that begins later is waited for too.
    pub async fn turns_finished(&self) {
        self.turns.close();
        self.turns.wait().await;
    }

    /// Waits for the actor's turn, and takes it to its end, whatever breaks on the way.
    async fn turn(&self, lab: &Lab, call: &Call, ticket: Option<&Ticket>) -> Result<Answer, LabError> {
        // Held over the whole turn: that is what makes it one.
        let _turn = lab.turn.lock().await;
        let began = Instant::now();
        let in_turn = AssertUnwindSafe(self.in_turn(lab, call, ticket)).catch_unwind().await;
        in_turn.unwrap_or_else(|_| {
            self.close(lab, micros(began.elapsed()));
            Err(broken())
        })
    }

    async fn in_turn(&self, lab: &Lab, call: &Call, ticket: Option<&Ticket>) -> Result<Answer, LabError> {
        let Environment { labs, timelines, controls, turn_limit, wire, .. } = &*self.around;
        let actor = lab.actor();
        let activated = labs.change(lab, |lab| {
            let activated = !mem::replace(&mut lab.active, true);
            if activated {
                lab.record(Step::Activated);
            }
            activated
        });
        if activated {
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
        let result = RunningTurn { around: &self.around, lab, run }.run(call).await;
        let took_us = micros(began.elapsed());
        match result {
            Ok(Done { answer, repeated }) => {
                timelines.record(actor, Step::TurnCompleted { turn, took_us, repeated });
                if answer == Answer::Reset {
                    // Within the turn that took the state away: the next begins in a fresh lab.
                    controls.reset(actor);
                }
                Ok(answer)
            }
            Err(error) => {
                timelines
                    .record(actor, Step::TurnFailed { turn, method: call.method(), took_us, error: error.clone() });
                Err(error)
            }
        }
    }

    /// Ends what a turn has left open that broke off. Called while it still holds the lab's turn.
    fn close(&self, lab: &Lab, took_us: u64) {
        self.around.labs.change(lab, |lab| {
            lab.held = None;
            for step in lab.ring.broken_off(took_us, &broken()) {
                lab.record(step);
            }
        });
    }
}

fn broken() -> LabError {
    LabError::new(ErrorCode::Internal, "The turn broke off: this is a fault of Faultlab itself, see its log")
}

#[cfg(test)]
mod tests;
