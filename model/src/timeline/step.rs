//! The steps that an event can tell of.

use serde::{Deserialize, Serialize};

use super::ReleasedBy;
use crate::operation::{Cause, Method, Operation};
use crate::{
    error::LabError,
    fault::{FaultStatus, Hit},
    message::{Message, MessageId},
    policy::RetryPolicy,
    wire::{SeenCall, WireFault},
};

/// What happened. `turn` is the actor's number for the turn, from 1, in the order in which turns were asked for;
/// durations are monotonic and in microseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Step {
    /// The sidecar's first call after nothing or after a deactivation brought the actor into memory.
    Activated,
    /// The sidecar took the actor out of memory: it idled, or the process is ending.
    Deactivated,
    /// A call has left for the sidecar and waits for its turn.
    TurnQueued {
        /// The turn.
        turn: u64,
        /// What it will run.
        method: Method,
        /// The message's id, for [`Method::ProcessMessage`].
        message_id: Option<MessageId>,
        /// The message's text, for [`Method::ProcessMessage`].
        content: Option<String>,
    },
    /// The turn holds the actor.
    TurnStarted {
        /// The turn.
        turn: u64,
        /// What it runs.
        method: Method,
        /// The message's id, for [`Method::ProcessMessage`].
        message_id: Option<MessageId>,
        /// The message's text, for [`Method::ProcessMessage`].
        content: Option<String>,
    },
    /// An attempt began.
    AttemptStarted {
        /// The turn.
        turn: u64,
        /// The operation that is tried.
        operation: Operation,
        /// Which attempt it is, from 1.
        attempt: u8,
        /// How many there are at most.
        max: u8,
    },
    /// The attempt failed.
    AttemptFailed {
        /// The turn.
        turn: u64,
        /// The operation that was tried.
        operation: Operation,
        /// Which attempt it was, from 1.
        attempt: u8,
        /// How many there are at most, as the policy stood by then; as many as this one if no other follows.
        max: u8,
        /// The attempt's own error.
        error: String,
        /// Where it failed, and whether on purpose.
        cause: Cause,
        /// Whether another attempt could mend it.
        transient: bool,
        /// How long it took, in microseconds.
        took_us: u64,
    },
    /// The attempt succeeded.
    AttemptSucceeded {
        /// The turn.
        turn: u64,
        /// The operation that was tried.
        operation: Operation,
        /// Which attempt it was, from 1.
        attempt: u8,
        /// How many there are at most.
        max: u8,
        /// How long it took, in microseconds.
        took_us: u64,
    },
    /// The actor waits before the next attempt, holding its turn.
    RetryScheduled {
        /// The turn.
        turn: u64,
        /// The operation that will be tried again.
        operation: Operation,
        /// The attempt that is waited for.
        attempt: u8,
        /// How many there are at most.
        max: u8,
        /// The wait, in milliseconds.
        delay_ms: u64,
        /// When it ends, in milliseconds since the Unix epoch.
        due_at: u64,
    },
    /// An attempt waits for somebody to release it before it begins. Told once more when a change of switch or policy
    /// moves its end.
    AttemptHeld {
        /// The turn.
        turn: u64,
        /// The operation that will be tried.
        operation: Operation,
        /// Which attempt it is, from 1.
        attempt: u8,
        /// How many there are at most.
        max: u8,
        /// When it goes by itself, in milliseconds since the Unix epoch.
        due_at: u64,
    },
    /// A held attempt goes; its beginning follows.
    AttemptReleased {
        /// The turn.
        turn: u64,
        /// The operation that will be tried.
        operation: Operation,
        /// Which attempt it is, from 1.
        attempt: u8,
        /// How many there are at most.
        max: u8,
        /// What let it go.
        by: ReleasedBy,
    },
    /// An operation succeeded after at least one failed attempt.
    Recovered {
        /// The turn.
        turn: u64,
        /// The operation.
        operation: Operation,
        /// The attempt that succeeded.
        attempt: u8,
        /// How many there are at most.
        max: u8,
        /// From the first attempt's start to the success, in microseconds.
        lost_us: u64,
    },
    /// The message and its reply are stored.
    ReplyReady {
        /// The turn.
        turn: u64,
        /// The learner's message.
        content: String,
        /// The agent's reply.
        reply: String,
    },
    /// The actor returned its history to a caller.
    HistoryReturned {
        /// The turn.
        turn: u64,
        /// What it returned.
        messages: Vec<Message>,
    },
    /// The turn ended well.
    TurnCompleted {
        /// The turn.
        turn: u64,
        /// From its start, in microseconds.
        took_us: u64,
        /// Whether the message had been stored before, so that the stored reply was given again.
        repeated: bool,
    },
    /// The turn ended without a result; nothing was stored unless the error says that it is unknown.
    TurnFailed {
        /// The turn.
        turn: u64,
        /// What it was to do; left out, it was a message's.
        #[serde(default)]
        method: Method,
        /// From its start, in microseconds; 0 if it never got its turn.
        took_us: u64,
        /// Why.
        error: LabError,
    },
    /// The published `ConversationUpdated` came back through the subscription.
    EventDelivered {
        /// The turn that published it, where it is still known.
        turn: Option<u64>,
        /// The learner's message in the event.
        input: String,
        /// The reply in the event.
        output: String,
    },
    /// Somebody set or armed the failure switch, or an activation armed it.
    FaultChanged {
        /// The switch after it.
        fault: FaultStatus,
    },
    /// The attempt that has just begun meets faults; its own end follows.
    FaultFired {
        /// The turn.
        turn: u64,
        /// The operation that is tried.
        operation: Operation,
        /// Which attempt it is, from 1.
        attempt: u8,
        /// What the faults do with it.
        hit: Hit,
        /// The switch after it.
        fault: FaultStatus,
    },
    /// Somebody set the retry policy. An attempt or a wait that is under way stays as it is.
    PolicyChanged {
        /// The policy from now on.
        policy: RetryPolicy,
    },
    /// Somebody switched the holding of attempts.
    HoldChanged {
        /// Whether each attempt of a message is held from now on.
        on: bool,
    },
    /// Somebody set the wire to Redis, which all actors share.
    WireChanged {
        /// What it does now; `None` if it works.
        wire: Option<WireFault>,
    },
    /// Somebody switched the sidecar's own retries, which all actors share.
    SidecarRetriesChanged {
        /// Whether it retries now.
        on: bool,
    },
    /// A call of the sidecar on this actor's keys: its own tries, and those of its Redis client. Seen on the wire to
    /// Redis, or told by the embedded sidecar while its own retries are on. `turn`, `operation` and `attempt` name the
    /// attempt during which it began, where there was one; on the wire a read that a page asked for at that moment is
    /// told from it by nothing.
    StoreCall {
        /// The turn.
        turn: Option<u64>,
        /// The operation that was tried.
        operation: Option<Operation>,
        /// Which attempt it was, from 1.
        attempt: Option<u8>,
        /// The call.
        call: SeenCall,
    },
    /// The value was read from the store itself, past Dapr, to compare it with the history.
    StoreRead {
        /// The key in the store.
        key: String,
        /// The stored JSON text; `None` if there is no such key.
        value: Option<String>,
    },
    /// A lesson check was proven.
    CheckPassed {
        /// The check's number, 1 to 5.
        check: u8,
    },
    /// The lab was put back to how a learner first finds it. What was before is gone from the timeline.
    LabReset,
}

impl Step {
    /// The turn that the step belongs to, if it belongs to one.
    #[must_use]
    pub const fn turn(&self) -> Option<u64> {
        match self {
            Self::TurnQueued { turn, .. }
            | Self::TurnStarted { turn, .. }
            | Self::AttemptStarted { turn, .. }
            | Self::AttemptFailed { turn, .. }
            | Self::AttemptSucceeded { turn, .. }
            | Self::RetryScheduled { turn, .. }
            | Self::AttemptHeld { turn, .. }
            | Self::AttemptReleased { turn, .. }
            | Self::Recovered { turn, .. }
            | Self::ReplyReady { turn, .. }
            | Self::HistoryReturned { turn, .. }
            | Self::TurnCompleted { turn, .. }
            | Self::TurnFailed { turn, .. }
            | Self::FaultFired { turn, .. } => Some(*turn),
            Self::EventDelivered { turn, .. } | Self::StoreCall { turn, .. } => *turn,
            Self::Activated
            | Self::Deactivated
            | Self::FaultChanged { .. }
            | Self::PolicyChanged { .. }
            | Self::HoldChanged { .. }
            | Self::WireChanged { .. }
            | Self::SidecarRetriesChanged { .. }
            | Self::StoreRead { .. }
            | Self::CheckPassed { .. }
            | Self::LabReset => None,
        }
    }
}
