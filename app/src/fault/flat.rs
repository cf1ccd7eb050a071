//! A fault as it travels: one flat object.

use serde::{Deserialize, Serialize};

use super::{Fault, FaultKind, FaultSpan};
use crate::{
    error::{LabError, ranged},
    timeline::{Layer, Operation},
};

/// One fault. What is left out is as in the lesson: an error, for the first attempt, in the actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = Fault))]
#[serde(deny_unknown_fields)]
pub struct FlatFault {
    /// Whose attempts it meets.
    pub operation: Operation,
    /// What it does with them.
    #[serde(default)]
    pub kind: KindName,
    /// For how long a `delay` holds an attempt up, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ssr", schema(minimum = 1, maximum = 10_000))]
    pub ms: Option<u64>,
    /// How many of a hundred attempts `flaky` fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ssr", schema(minimum = 1, maximum = 100))]
    pub percent: Option<u64>,
    /// The seed of `flaky`: the same seed fails the same attempts, counted from when the plan was armed. 1 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ssr", schema(minimum = 0, maximum = 4_294_967_295u64))]
    pub seed: Option<u64>,
    /// How long it lasts.
    #[serde(default)]
    pub span: SpanName,
    /// How many attempts `first` and `next` span. 1 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ssr", schema(minimum = 1, maximum = 10))]
    pub attempts: Option<u64>,
    /// Where: in the `actor`, before the call leaves, or in the `store` behind the embedded sidecar.
    #[serde(default = "actor")]
    #[cfg_attr(feature = "ssr", schema(example = "actor"))]
    pub layer: Layer,
}

/// The names of what a fault does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = FaultKind))]
#[serde(rename_all = "snake_case")]
pub enum KindName {
    /// The attempt fails.
    #[default]
    Error,
    /// The attempt is held up.
    Delay,
    /// The attempt hangs until its time-out.
    Hang,
    /// The attempt fails with a probability.
    Flaky,
}

/// The names of how long a fault lasts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = FaultSpan))]
#[serde(rename_all = "snake_case")]
pub enum SpanName {
    /// The first attempts after each activation, and after each arming.
    #[default]
    First,
    /// The next attempts after the plan was armed, once.
    Next,
    /// All attempts, until the switch is off.
    UntilOff,
}

const fn actor() -> Layer {
    Layer::Actor
}

/// A field that only other faults have.
fn foreign(field: &'static str, value: Option<u64>, of: &str) -> Result<(), LabError> {
    match value {
        None => Ok(()),
        Some(_) => Err(LabError::of_field(field, format!("{field} goes with {of} only. Leave it away."))),
    }
}

impl TryFrom<FlatFault> for Fault {
    type Error = LabError;

    fn try_from(flat: FlatFault) -> Result<Self, LabError> {
        let need = |field: &'static str, value: Option<u64>| {
            value.ok_or_else(|| LabError::of_field(field, format!("{field} is missing: this kind of fault needs it.")))
        };
        if flat.kind != KindName::Delay {
            foreign("ms", flat.ms, "the kind delay")?;
        }
        if flat.kind != KindName::Flaky {
            foreign("percent", flat.percent, "the kind flaky")?;
            foreign("seed", flat.seed, "the kind flaky")?;
        }
        let kind = match flat.kind {
            KindName::Error => FaultKind::Error,
            KindName::Hang => FaultKind::Hang,
            KindName::Delay => {
                FaultKind::Delay { ms: ranged("ms", need("ms", flat.ms)?, 1, Self::MAX_DELAY_MS.into())? }
            }
            KindName::Flaky => FaultKind::Flaky {
                percent: ranged("percent", need("percent", flat.percent)?, 1, 100)?,
                seed: ranged("seed", flat.seed.unwrap_or(1), 0, u32::MAX.into())?,
            },
        };
        let attempts = || ranged("attempts", flat.attempts.unwrap_or(1), 1, Self::MAX_ATTEMPTS.into());
        let span = match flat.span {
            SpanName::First => FaultSpan::First { attempts: attempts()? },
            SpanName::Next => FaultSpan::Next { attempts: attempts()? },
            SpanName::UntilOff => {
                foreign("attempts", flat.attempts, "the spans first and next")?;
                FaultSpan::UntilOff
            }
        };
        let fault = Self { operation: flat.operation, kind, span, layer: flat.layer };
        fault.check().map(|()| fault)
    }
}

impl From<Fault> for FlatFault {
    fn from(fault: Fault) -> Self {
        let (kind, ms, percent, seed) = match fault.kind {
            FaultKind::Error => (KindName::Error, None, None, None),
            FaultKind::Hang => (KindName::Hang, None, None, None),
            FaultKind::Delay { ms } => (KindName::Delay, Some(ms.into()), None, None),
            FaultKind::Flaky { percent, seed } => (KindName::Flaky, None, Some(percent.into()), Some(seed.into())),
        };
        let span = match fault.span {
            FaultSpan::First { .. } => SpanName::First,
            FaultSpan::Next { .. } => SpanName::Next,
            FaultSpan::UntilOff => SpanName::UntilOff,
        };
        let attempts = fault.span.attempts().map(u64::from);
        Self { operation: fault.operation, kind, ms, percent, seed, span, attempts, layer: fault.layer }
    }
}
