//! The wire between the sidecar and Redis: how it fails on purpose, and what was seen to pass on it.
//!
//! It carries the state store of the whole lab, so its faults meet every actor. It is set as it is, or by the failure
//! switch of a lab whose plan has a fault in that layer: whoever sets it last decides. A lab without a wire layer (the
//! embedded sidecar needs none) offers none of this.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

pub use crate::fault::WireFault;

/// The wire as somebody sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WireSetting {
    /// What it does, as a fault whose layer may be left out; `null` and it works. It has to be there: an empty setting is
    /// no setting.
    #[serde(deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub fault: Option<WireFault>,
}

/// Serde takes a missing `Option` for none, unless it is read by a function.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<WireFault>, D::Error> {
    Option::deserialize(deserializer)
}

/// The wire as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WireStatus {
    /// What it does on purpose, as a fault in the layer `wire`; `null` if it works.
    pub fault: Option<WireFault>,
    /// Where the sidecar finds it, as `127.0.0.1:6380`: the `redisHost` of its component.
    pub listens: String,
    /// The Redis behind it, as `127.0.0.1:6379`.
    pub redis: String,
}

/// A call of the sidecar on an actor's keys, seen on the wire or told by the embedded sidecar; a transaction counts as
/// one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeenCall {
    /// The Redis commands, as `HGETALL` or `MULTI EVAL EVAL EXEC`; `connect` for a connection on which no command
    /// came through; `get` or `transaction` for a call of the embedded sidecar.
    pub command: String,
    /// The state keys, without what Dapr puts in front of them: `history-user1`.
    pub keys: Vec<String>,
    /// What came of it.
    pub outcome: CallOutcome,
    /// From the request to its answer, or to the end of its connection, in microseconds.
    pub took_us: u64,
}

/// What came of a [`SeenCall`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// Redis answered.
    Ok,
    /// Redis answered with this error.
    Error(String),
    /// The connection ended before an answer came.
    NoAnswer,
    /// There was no connection to Redis.
    Refused,
}

impl SeenCall {
    /// Whether Redis carried it out.
    #[must_use]
    pub const fn ok(&self) -> bool {
        matches!(self.outcome, CallOutcome::Ok)
    }
}

impl fmt::Display for SeenCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.command)?;
        for key in &self.keys {
            write!(f, " {key}")?;
        }
        match &self.outcome {
            CallOutcome::Ok => f.write_str(": answered"),
            CallOutcome::Error(error) => write!(f, ": {error}"),
            CallOutcome::NoAnswer => f.write_str(": no answer"),
            CallOutcome::Refused => f.write_str(": refused"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_says_what_the_wire_does_or_that_it_works() {
        let read = |json: &str| serde_json::from_str::<WireSetting>(json).map(|setting| setting.fault);
        assert_eq!(read(r#"{"fault":null}"#).unwrap(), None);
        assert_eq!(read(r#"{"fault":{"kind":"refuse"}}"#).unwrap(), Some(WireFault::Refuse));
        let delayed = read(r#"{"fault":{"kind":"delay","ms":800}}"#).unwrap().unwrap();
        assert_eq!(delayed.verb(), "delays 800 ms");
        let told = serde_json::to_string(&WireSetting { fault: Some(WireFault::Refuse) }).unwrap();
        assert_eq!(told, r#"{"fault":{"kind":"refuse","span":"until_off","layer":"wire"}}"#, "the layer is said");
        assert_eq!(read(&told).unwrap(), Some(WireFault::Refuse));
        let refused = |json: &str| read(json).unwrap_err().to_string();
        assert!(refused("{}").contains("missing field `fault`"));
        assert!(refused(r#"{"fault":{"kind":"delay","ms":0}}"#).contains("1 to 10000"));
        assert!(refused(r#"{"fault":{"kind":"melt"}}"#).contains("melt"));
        assert!(refused(r#"{"fault":{"kind":"delay"}}"#).contains("ms"));
        assert!(refused(r#"{"fault":{"kind":"hang"}}"#).contains("refuse, stall, delay or cut"));
        assert!(refused(r#"{"fault":{"kind":"refuse","layer":"actor"}}"#).contains("it may be wire, or left out"));
    }
}
