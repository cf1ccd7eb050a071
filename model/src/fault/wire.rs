//! A fault on the wire between the sidecar and Redis.

use serde::{Deserialize, Serialize};

use super::AttemptFault;
use crate::{
    error::{LabError, ranged},
    operation::Operation,
};

/// What the wire does on purpose, as long as it is set: it carries everything of the state store of the whole lab, so
/// it is on no operation, meets every actor, and lasts until somebody ends it.
///
/// Whatever the wire holds when that ends is dropped, and the connection that it came on closed: no write arrives late.
/// As JSON it is a [fault](super::Fault) whose layer may be left out: `{"kind":"refuse"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "super::flat::FlatFault", into = "super::flat::FlatFault")]
pub enum WireFault {
    /// New connections are refused, and those that are open closed: a Redis that does not run.
    Refuse,
    /// Connections open, and nothing passes: a Redis that hangs.
    Stall,
    /// Every request passes later: a Redis that is far away.
    Delay {
        /// By how much, in milliseconds: 1 to 10 000.
        ms: u32,
    },
    /// Connections close in the middle of a command on an actor's state: Redis gets half of it, its client no answer.
    Cut,
}

impl WireFault {
    /// How long daprd's Redis client waits for an answer (`readTimeout`), in milliseconds. A wire that delays as long is
    /// one that stalls, and lets nothing pass: the tries of that client outlast any attempt's time-out.
    pub const PATIENCE_MS: u32 = 3_000;
    /// What the lab offers. The delay is felt, and within the patience of daprd's Redis client.
    pub const OFFERED: [Self; 4] = [Self::Refuse, Self::Stall, Self::Delay { ms: 800 }, Self::Cut];

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
            Self::Delay { ms } => format!("delays {ms} ms"),
            Self::Cut => "cuts".to_owned(),
        }
    }

    /// Whether attempts of `operation` pass the wire: events are published past it.
    #[must_use]
    pub fn concerns(operation: Operation) -> bool {
        operation != Operation::Publish
    }

    /// Whether every number is in its range.
    ///
    /// # Errors
    /// The field that is not.
    pub fn check(self) -> Result<(), LabError> {
        match self {
            Self::Delay { ms } => ranged::<u32>("ms", ms.into(), 1, AttemptFault::MAX_DELAY_MS.into()).map(drop),
            Self::Refuse | Self::Stall | Self::Cut => Ok(()),
        }
    }

    /// Whether no attempt that ends after `timeout_ms` can succeed.
    #[must_use]
    pub const fn never_lets_pass(self, timeout_ms: u64) -> bool {
        match self {
            Self::Delay { ms } => ms >= Self::PATIENCE_MS || ms as u64 >= timeout_ms,
            Self::Refuse | Self::Stall | Self::Cut => true,
        }
    }
}

/// It is a fault in the API description too.
#[cfg(feature = "openapi")]
mod schema {
    use std::borrow::Cow;

    use utoipa::{
        PartialSchema, ToSchema,
        openapi::{RefOr, Schema},
    };

    use super::WireFault;
    use crate::fault::flat::FlatFault;

    impl PartialSchema for WireFault {
        fn schema() -> RefOr<Schema> {
            FlatFault::schema()
        }
    }

    impl ToSchema for WireFault {
        fn name() -> Cow<'static, str> {
            FlatFault::name()
        }

        fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            FlatFault::schemas(schemas);
        }
    }
}
