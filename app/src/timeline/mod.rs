//! The steps of a turn as events: what the actor records, the stream carries and the page draws.
//!
//! An actor's events are numbered by `seq`, which rises by one without gaps. Everything that a reader far away needs
//! is in the event itself: the page, the checks and the log lines are all made from events alone.

mod event_id;
mod log;
mod step;
mod turn;
mod turns;
mod wire;

use serde::{Deserialize, Serialize};

pub use self::event_id::{EventId, EventIdError};
pub use self::log::{Level, LogLine, registered};
pub use self::step::Step;
pub use self::turn::{Attempt, AttemptState, Hold, Outcome, Recovery, SeenCall, Turn, Wait};
pub use self::turns::{in_memory, read_on, turns};
use crate::json::{read_fields, read_words};

/// A state operation of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Reading the history (and the message ids beside it) through the sidecar.
    Load,
    /// Writing both in one transaction.
    Save,
    /// Publishing `ConversationUpdated`. Tried once, as in the lesson.
    Publish,
}

impl Operation {
    /// The word for it: `load`, `save` or `publish`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Save => "save",
            Self::Publish => "publish",
        }
    }
}

/// The actor method that a turn runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum Method {
    /// Stores a message and its reply.
    ProcessMessage,
    /// Returns the history.
    GetConversationHistory,
    /// Takes the stored conversation away. Not in the lesson: it is how a lab is reset.
    ResetConversation,
}

impl Method {
    /// The method's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProcessMessage => "ProcessMessage",
            Self::GetConversationHistory => "GetConversationHistory",
            Self::ResetConversation => "ResetConversation",
        }
    }
}

/// Where an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// In the actor, before the call left.
    Actor,
    /// On the way to the sidecar, or in it.
    Sidecar,
    /// In the state store behind the sidecar.
    Store,
    /// On the wire between the sidecar and Redis, while it failed on purpose.
    Wire,
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Cause {
    /// Whether somebody asked for the failure with the switch.
    pub simulated: bool,
    /// Where it happened.
    pub layer: Layer,
}

/// What let a held attempt go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ReleasedBy {
    /// Somebody released it.
    Person,
    /// Nobody did: it had to go for the turn to end in time.
    Limit,
    /// Holding was switched off.
    Switch,
}

/// One step, at one time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Event {
    /// The event's number; the actor's first is 1.
    pub seq: u64,
    /// When, in milliseconds since the Unix epoch (wall clock).
    pub at: u64,
    /// What happened.
    #[serde(flatten)]
    pub step: Step,
}

/// What an actor's timeline still knows, at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ssr", derive(Deserialize, utoipa::ToSchema))]
pub struct TimelineSnapshot {
    /// The id of the last event in it: where a stream goes on.
    pub last: EventId,
    /// The events, oldest first.
    pub events: Vec<Event>,
}

read_words! {
    Operation { Load, Save, Publish }
    Method { ProcessMessage, GetConversationHistory, ResetConversation }
    Layer { Actor, Sidecar, Store, Wire }
}
read_words!(ReleasedBy { Person = "person", Limit = "limit", Switch = "switch" });
read_fields! {
    Cause { simulated, layer }
    TimelineSnapshot { last, events }
}
