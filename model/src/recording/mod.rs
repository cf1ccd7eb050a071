//! A recorded turn: one turn of a lab as a JSON document, which any lab can show again.
//!
//! # Layout
//! - [`Recording`]: the document, read and written
//! - [`cut`]: taking a turn out of a timeline
//! - `read`: reading a document in little memory
//! - `check`: what the events of one turn may be

mod check;
pub mod cut;
mod read;

use serde::{Deserialize, Serialize};

use crate::{
    actor_id::ActorId,
    error::{LabError, ranged},
    fault::FaultStatus,
    fields,
    policy::RetryPolicy,
    timeline::Event,
};

/// One turn of an actor, with what was in force when it began. It is about a lab and no part of one: to show it changes
/// nothing anywhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// What the document is.
    pub format: Format,
    /// The format's version: 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1))]
    pub version: u32,
    /// Whose turn it was.
    pub actor: ActorId,
    /// What its lab ran on.
    pub runtime: RecordedRuntime,
    /// The recording lab's offset from UTC, in minutes: times are shown as they were there.
    #[cfg_attr(feature = "openapi", schema(minimum = -1440, maximum = 1440))]
    pub utc_offset_min: i32,
    /// The actor's number for the turn, from 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub turn: u64,
    /// The retry policy in force when it began; `null` if that was not known any more.
    #[serde(default)]
    pub policy: Option<RetryPolicy>,
    /// The failure switch as it stood when it began; `null` if that was not known any more.
    #[serde(default)]
    pub fault: Option<FaultStatus>,
    /// The turn's events, oldest first, each as the event stream gives it: `seq` rises, with gaps where other turns were
    /// told of. Among them what was set and switched while it ran.
    pub events: Vec<Event>,
}

/// The name of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Format {
    /// One turn of a lab.
    #[serde(rename = "faultlab-turn")]
    Turn,
}

/// What the lab ran on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordedRuntime {
    /// The sidecar, as `embedded sidecar` or `daprd 1.18.2`.
    pub sidecar: String,
    /// The actor state store, as `SQLite` or `Redis`.
    pub store: String,
}

impl Recording {
    /// The version that is written and read.
    pub const VERSION: u32 = 1;
    /// The most bytes that a document may have: 3 MiB. A lab keeps 2 MiB of an actor's events, so no turn that can be
    /// taken out of one has more; the rest is for what stands around them.
    pub const MAX_BYTES: usize = 3 * 1024 * 1024;

    /// Reads a document, in memory of a few times its size at most. A field that nobody knows is refused, wherever it is.
    ///
    /// # Errors
    /// The text is no JSON ([`crate::error::ErrorCode::InvalidRequest`]), or no recording: then the field is named.
    pub fn parse(text: &[u8]) -> Result<Self, LabError> {
        read::modest(text)?;
        let recording: Self = fields::read(text).map_err(|error| read::with_field_of_event(text, error))?;
        let unknown = read::unknown(text, &recording);
        let unknown = unknown.map_err(|error| LabError::of_field(".", format!("This is no recording: {error}.")))?;
        if let Some(place) = unknown {
            let place = fields::brief(&place);
            return Err(LabError::of_field(&place, format!("{place} is not known here: take it away.")));
        }
        recording.check()?;
        Ok(recording)
    }

    /// Whether the parts are in their ranges and go together, and the events are those of one whole turn.
    ///
    /// # Errors
    /// The first field that is not.
    pub fn check(&self) -> Result<(), LabError> {
        if self.version != Self::VERSION {
            let (is, due) = (self.version, Self::VERSION);
            return Err(LabError::of_field("version", format!("version is {is}: this lab reads version {due}.")));
        }
        for (field, text) in [("runtime.sidecar", &self.runtime.sidecar), ("runtime.store", &self.runtime.store)] {
            if !(1..=100).contains(&text.chars().count()) {
                return Err(LabError::of_field(field, format!("{field} has to have 1 to 100 characters.")));
            }
        }
        if !(-1_440..=1_440).contains(&self.utc_offset_min) {
            let words = format!("utc_offset_min is {}: it may be -1440 to 1440.", self.utc_offset_min);
            return Err(LabError::of_field("utc_offset_min", words));
        }
        ranged::<u64>("turn", self.turn, 1, u64::MAX)?;
        self.policy.map_or(Ok(()), RetryPolicy::check).map_err(|error| error.within("policy"))?;
        self.fault.as_ref().map_or(Ok(()), check::fault).map_err(|error| error.within("fault"))?;
        check::events(self.turn, &self.events)
    }

    /// When it began, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn at(&self) -> u64 {
        self.events.first().map_or(0, |event| event.at)
    }
}

#[cfg(test)]
mod tests;
