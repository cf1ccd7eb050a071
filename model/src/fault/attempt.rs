//! A fault that meets the attempts of one operation, in the actor or in the store.

use crate::{
    error::{LabError, ranged},
    operation::{Layer, Operation},
};

/// A fault that meets attempts of one operation.
///
/// It fires while a message is processed and at no other time: looking at the lab never uses one up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptFault {
    /// Whose attempts it meets.
    pub operation: Operation,
    /// What it does with them.
    pub kind: FaultKind,
    /// How many of them it meets.
    pub span: FaultSpan,
    /// Where: [`Layer::Actor`] before the call leaves, or [`Layer::Store`] behind the embedded sidecar, in every call
    /// that the sidecar makes for the attempt.
    pub layer: Layer,
}

/// What a fault does with an attempt that it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Fails it.
    Error,
    /// Holds it up.
    Delay {
        /// For how long, in milliseconds: 1 to 10 000. A delay as long as the attempt's time-out is a hang.
        ms: u32,
    },
    /// Holds it up until its time-out, then drops what it held: a write is never late.
    Hang,
    /// Fails it with this probability.
    Flaky {
        /// How many of a hundred attempts fail: 1 to 100.
        percent: u8,
        /// Which sequence of chances: the same seed fails the same attempts, counted from when the plan was armed.
        seed: u32,
    },
}

/// How many attempts a fault meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultSpan {
    /// The first so many after each activation of the actor, and after each arming.
    First {
        /// How many: 1 to 10.
        attempts: u8,
    },
    /// The next so many after the plan was armed, once.
    Next {
        /// How many: 1 to 10.
        attempts: u8,
    },
    /// All, until the switch is off.
    UntilOff,
}

impl FaultSpan {
    /// How many attempts, if there is an end to them.
    #[must_use]
    pub const fn attempts(self) -> Option<u8> {
        match self {
            Self::First { attempts } | Self::Next { attempts } => Some(attempts),
            Self::UntilOff => None,
        }
    }
}

impl AttemptFault {
    /// The longest delay, in milliseconds.
    pub const MAX_DELAY_MS: u32 = 10_000;
    /// The most attempts that a span counts.
    pub const MAX_ATTEMPTS: u8 = 10;
    /// The lesson's: the first load after an activation fails once.
    pub const LESSON: Self = Self::error(Operation::Load, 1);

    /// The first `attempts` attempts of an operation fail in the actor, as in the lesson.
    #[must_use]
    pub const fn error(operation: Operation, attempts: u8) -> Self {
        Self { operation, kind: FaultKind::Error, span: FaultSpan::First { attempts }, layer: Layer::Actor }
    }

    /// Whether every number is in its range, and the parts go together.
    ///
    /// # Errors
    /// The field that does not.
    pub fn check(&self) -> Result<(), LabError> {
        match self.kind {
            FaultKind::Delay { ms } => drop(ranged::<u32>("ms", ms.into(), 1, Self::MAX_DELAY_MS.into())?),
            FaultKind::Flaky { percent, .. } => drop(ranged::<u8>("percent", percent.into(), 1, 100)?),
            FaultKind::Error | FaultKind::Hang => {}
        }
        if let Some(attempts) = self.span.attempts() {
            ranged::<u8>("attempts", attempts.into(), 1, Self::MAX_ATTEMPTS.into())?;
        }
        if self.operation == Operation::Delete {
            let why = "operation is delete: only a reset does that, and it meets no faults. Use load, save or publish.";
            return Err(LabError::of_field("operation", why));
        }
        match self.layer {
            Layer::Store if self.operation == Operation::Publish => {
                Err(LabError::of_field("layer", "layer is store: a publish does not go to the state store. Use actor."))
            }
            Layer::Actor | Layer::Store => Ok(()),
            Layer::Wire => Err(LabError::of_field("layer", "layer is wire: a fault there is on no operation.")),
            Layer::Sidecar => Err(LabError::of_field("layer", "layer is sidecar: use actor, store or wire.")),
        }
    }

    /// Whether no attempt of its operation that comes to it can succeed, however often it is tried; `timeout_ms` is
    /// the attempt's time-out.
    #[must_use]
    pub const fn never_lets_pass(&self, timeout_ms: u64) -> bool {
        let ends = match self.kind {
            FaultKind::Error | FaultKind::Hang => true,
            FaultKind::Flaky { percent, .. } => percent >= 100,
            FaultKind::Delay { ms } => ms as u64 >= timeout_ms,
        };
        ends && matches!(self.span, FaultSpan::UntilOff)
    }
}
