//! What breaks on purpose: where, how, and for how long.
//!
//! # Layout
//! - [`Fault`]: one fault, in one of three layers; the only words for them, in the switch, over the API, in scenarios,
//!   in the timeline and in the tests
//! - [`AttemptFault`], [`WireFault`]: one in the actor or in the store, and one on the wire to Redis
//! - [`FaultPlan`]: those of a lab
//! - [`FaultSetting`], [`FaultStatus`]: the failure switch as it is set, and as it stands
//! - [`hit`]: what a plan does with one attempt
//! - [`flat`], [`form`]: a fault as it travels, and as a form sends it
//! - [`words`]: a fault as a person says it

mod attempt;
pub mod flat;
pub mod form;
pub mod hit;
mod plan;
mod status;
mod wire;
pub mod words;

use serde::{Deserialize, Serialize};

pub use self::{
    attempt::{AttemptFault, FaultKind, FaultSpan},
    hit::{Hit, HitEnd},
    plan::FaultPlan,
    status::{FaultCount, FaultSetting, FaultStatus},
    wire::WireFault,
};
use crate::{
    error::LabError,
    operation::{Layer, Operation},
};

/// The error text of the lesson's simulated failure, word for word: its validation steps look for it.
pub const SIMULATED_ERROR: &str = "Simulated state store failure";

/// One fault, in one layer.
///
/// As JSON it is flat, whatever its layer:
/// `{"operation":"load","kind":"delay","ms":300,"span":"first","attempts":2,"layer":"actor"}`, or
/// `{"kind":"refuse","span":"until_off","layer":"wire"}`; see [`flat`] for what may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "flat::FlatFault", into = "flat::FlatFault")]
pub enum Fault {
    /// On the attempts of one operation, in the actor or in the store behind the embedded sidecar.
    Attempt(AttemptFault),
    /// On the wire between the sidecar and Redis, which all actors of a lab share.
    Wire(WireFault),
}

impl Fault {
    /// The lesson's: the first load after an activation fails once.
    pub const LESSON: Self = Self::Attempt(AttemptFault::LESSON);

    /// The first `attempts` attempts of an operation fail in the actor, as in the lesson.
    #[must_use]
    pub const fn error(operation: Operation, attempts: u8) -> Self {
        Self::Attempt(AttemptFault::error(operation, attempts))
    }

    /// Where it is.
    #[must_use]
    pub const fn layer(&self) -> Layer {
        match self {
            Self::Attempt(fault) => fault.layer,
            Self::Wire(_) => Layer::Wire,
        }
    }

    /// How long it lasts.
    #[must_use]
    pub const fn span(&self) -> FaultSpan {
        match self {
            Self::Attempt(fault) => fault.span,
            Self::Wire(_) => FaultSpan::UntilOff,
        }
    }

    /// What it does on the wire, if it is there.
    #[must_use]
    pub const fn wire(&self) -> Option<WireFault> {
        match self {
            Self::Attempt(_) => None,
            Self::Wire(fault) => Some(*fault),
        }
    }

    /// Whether attempts of `operation` come to it.
    #[must_use]
    pub fn concerns(&self, operation: Operation) -> bool {
        match self {
            Self::Attempt(fault) => fault.operation == operation,
            Self::Wire(_) => WireFault::concerns(operation),
        }
    }

    /// Whether every number is in its range, and the parts go together.
    ///
    /// # Errors
    /// The field that does not.
    pub fn check(&self) -> Result<(), LabError> {
        match self {
            Self::Attempt(fault) => fault.check(),
            Self::Wire(fault) => fault.check(),
        }
    }

    /// Whether no attempt of an operation that it [`concerns`](Self::concerns) can succeed, however often it is tried;
    /// `timeout_ms` is the attempt's time-out.
    #[must_use]
    pub const fn never_lets_pass(&self, timeout_ms: u64) -> bool {
        match self {
            Self::Attempt(fault) => fault.never_lets_pass(timeout_ms),
            Self::Wire(fault) => fault.never_lets_pass(timeout_ms),
        }
    }
}

impl From<AttemptFault> for Fault {
    fn from(fault: AttemptFault) -> Self {
        Self::Attempt(fault)
    }
}

impl From<WireFault> for Fault {
    fn from(fault: WireFault) -> Self {
        Self::Wire(fault)
    }
}

#[cfg(test)]
mod tests;
