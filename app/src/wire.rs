//! The wire between the sidecar and Redis: how it fails on purpose, and what was seen to pass on it.
//!
//! It carries the state store of the whole lab, so its faults meet every actor. A lab without a wire layer (the
//! embedded sidecar needs none) offers none of this.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// What the wire does on purpose, as long as it is set.
///
/// Whatever it holds when it ends is dropped, and the connection that it came on closed: no write arrives late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum WireFault {
    /// New connections are refused, and those that are open closed: a Redis that does not run.
    Refuse,
    /// Connections open, and nothing passes: a Redis that hangs.
    Stall,
    /// Every request passes later: a Redis that is far away.
    Delay {
        /// By how much, in milliseconds: 1 to 10 000.
        #[cfg_attr(feature = "ssr", schema(value_type = u16, minimum = 1, maximum = 10_000))]
        ms: WireDelay,
    },
    /// Connections close in the middle of a command on an actor's state: Redis gets half of it, its client no answer.
    Cut,
}

impl WireFault {
    /// What the lab offers.
    pub const OFFERED: [Self; 4] = [Self::Refuse, Self::Stall, Self::Delay { ms: WireDelay::OFFERED }, Self::Cut];

    /// The word that a form sends for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Stall => "stall",
            Self::Delay { .. } => "delay",
            Self::Cut => "cut",
        }
    }

    /// What the wire does, as a predicate: `refuses`, `delays 800 ms`.
    #[must_use]
    pub fn verb(self) -> String {
        match self {
            Self::Refuse => "refuses".to_owned(),
            Self::Stall => "stalls".to_owned(),
            Self::Delay { ms } => format!("delays {} ms", ms.get()),
            Self::Cut => "cuts".to_owned(),
        }
    }
}

/// By how much requests are delayed, in milliseconds: 1 to 10 000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct WireDelay(u16);

impl WireDelay {
    /// The longest.
    pub const MAX: u16 = 10_000;
    /// What the lab offers: felt, and within the patience of daprd's Redis client (3 s).
    pub const OFFERED: Self = Self(800);

    /// The milliseconds.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for WireDelay {
    type Error = WireDelayError;

    fn try_from(ms: u16) -> Result<Self, Self::Error> {
        if (1..=Self::MAX).contains(&ms) { Ok(Self(ms)) } else { Err(WireDelayError(ms)) }
    }
}

impl From<WireDelay> for u16 {
    fn from(delay: WireDelay) -> Self {
        delay.0
    }
}

/// A delay outside 1 to 10 000 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ms is {0}: the wire can be delayed by 1 to 10000 ms")]
pub struct WireDelayError(pub u16);

/// The wire as somebody sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WireSetting {
    /// What it does; `null` and it works. It has to be there: an empty setting is no setting.
    #[serde(deserialize_with = "given")]
    #[cfg_attr(feature = "ssr", schema(required))]
    pub fault: Option<WireFault>,
}

/// Serde takes a missing `Option` for none, unless it is read by a function.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<WireFault>, D::Error> {
    Option::deserialize(deserializer)
}

/// The wire as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct WireStatus {
    /// What it does on purpose; `None` if it works.
    pub fault: Option<WireFault>,
    /// Where the sidecar finds it, as `127.0.0.1:6380`: the `redisHost` of its component.
    pub listens: String,
    /// The Redis behind it, as `127.0.0.1:6379`.
    pub redis: String,
}

/// A call of the sidecar on an actor's keys, seen on the wire or told by the embedded sidecar; a transaction counts as
/// one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct StoreCall {
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

/// What came of a [`StoreCall`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
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

impl StoreCall {
    /// Whether Redis carried it out.
    #[must_use]
    pub const fn ok(&self) -> bool {
        matches!(self.outcome, CallOutcome::Ok)
    }
}

impl fmt::Display for StoreCall {
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
        let refused = |json: &str| read(json).unwrap_err().to_string();
        assert!(refused("{}").contains("missing field `fault`"));
        assert!(refused(r#"{"fault":{"kind":"delay","ms":0}}"#).contains("1 to 10000"));
        assert!(refused(r#"{"fault":{"kind":"melt"}}"#).contains("melt"));
        assert!(refused(r#"{"fault":{"kind":"delay"}}"#).contains("ms"));
    }
}
