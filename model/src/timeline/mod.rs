//! The steps of a turn as events: what the actor records, the stream carries and the page draws.
//!
//! An actor's events are numbered by `seq`, which rises by one without gaps. Everything that a reader far away needs
//! is in the event itself: the page, the checks and the log lines are all made from events alone.

mod bar_id;
mod event_id;
mod log;
mod step;
#[cfg(test)]
mod tests;
mod turn;
mod turns;

use serde::{Deserialize, Serialize};

pub use self::bar_id::{BarId, BarIdError, find_turn};
pub use self::event_id::{EventId, EventIdError};
pub use self::log::{Level, LogLine, registered};
pub use self::step::Step;
pub use self::turn::{Attempt, AttemptState, EndedCall, Hold, Outcome, Recovery, Turn, Wait};
pub use self::turns::{in_memory, read_on, turns};

/// What let a held attempt go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimelineSnapshot {
    /// The id of the last event in it: where a stream goes on.
    pub last: EventId,
    /// The events, oldest first.
    pub events: Vec<Event>,
}
