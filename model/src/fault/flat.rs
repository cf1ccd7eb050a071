//! A fault as it travels: one flat object, in every layer.
//!
//! What is left out is as in the lesson: an error, for the first attempt, in the actor. On the wire the kind has to be
//! said; `until_off` is the one span there, and there is no operation. Where a fault is on the wire anyway, as in
//! `PUT /api/wire`, the layer may be left out.

use serde::{Deserialize, Serialize};

use super::{AttemptFault, Fault, FaultKind, FaultSpan, WireFault};
use crate::{
    error::{LabError, ranged},
    operation::{Layer, Operation},
};

/// One fault. In the layers `actor` and `store` it is on attempts of one operation; what is left out there is as in the
/// lesson: an error, for the first attempt, in the actor. In the layer `wire` it has a kind and nothing else, but for
/// the `ms` of a delay: the wire to Redis is one for all actors, and does what it does until that is switched off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Fault))]
#[serde(deny_unknown_fields)]
pub struct FlatFault {
    /// Whose attempts it meets: needed in the layers `actor` and `store`, and not to be there for the `wire`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// What it does: `error`, `delay`, `hang` or `flaky` with attempts; `refuse`, `stall`, `delay` or `cut` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KindName>,
    /// How long a `delay` is, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 10_000))]
    pub ms: Option<u64>,
    /// How many of a hundred attempts `flaky` fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100))]
    pub percent: Option<u64>,
    /// The seed of `flaky`: the same seed fails the same attempts, counted from when the plan was armed. 1 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 4_294_967_295u64))]
    pub seed: Option<u64>,
    /// How long it lasts: `first` if it is left out; on the wire `until_off`, and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<SpanName>,
    /// How many attempts `first` and `next` span. 1 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 10))]
    pub attempts: Option<u64>,
    /// Where: in the `actor`, before the call leaves; in the `store` behind the embedded sidecar; or on the `wire`
    /// between the sidecar and Redis. Which of them there are, `layers` of the panels tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "actor"))]
    pub layer: Option<Layer>,
}

/// The names of what a fault does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FaultKind))]
#[serde(rename_all = "snake_case")]
pub enum KindName {
    /// The attempt fails.
    Error,
    /// The attempt is held up, or every request on the wire.
    Delay,
    /// The attempt hangs until its time-out.
    Hang,
    /// The attempt fails with a probability.
    Flaky,
    /// On the wire: connections are refused and closed, as by a Redis that does not run.
    Refuse,
    /// On the wire: connections open, and nothing passes.
    Stall,
    /// On the wire: connections close in the middle of a command on an actor's state.
    Cut,
}

impl KindName {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Delay => "delay",
            Self::Hang => "hang",
            Self::Flaky => "flaky",
            Self::Refuse => "refuse",
            Self::Stall => "stall",
            Self::Cut => "cut",
        }
    }
}

/// The names of how long a fault lasts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FaultSpan))]
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

impl SpanName {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Next => "next",
            Self::UntilOff => "until_off",
        }
    }
}

/// A field that only other faults have.
fn foreign<T>(field: &'static str, value: Option<T>, of: &str) -> Result<(), LabError> {
    match value {
        None => Ok(()),
        Some(_) => Err(LabError::of_field(field, format!("{field} goes with {of} only. Leave it away."))),
    }
}

/// A field that goes with attempts, or not on the wire.
const ATTEMPTS_ONLY: &str = "the layers actor and store";

impl FlatFault {
    fn needed(field: &'static str, value: Option<u64>) -> Result<u64, LabError> {
        value.ok_or_else(|| LabError::of_field(field, format!("{field} is missing: this kind of fault needs it.")))
    }

    fn delay_ms(&self) -> Result<u32, LabError> {
        ranged("ms", Self::needed("ms", self.ms)?, 1, AttemptFault::MAX_DELAY_MS.into())
    }

    /// What it does to attempts; the fields of other kinds are not there.
    fn attempt_kind(&self) -> Result<FaultKind, LabError> {
        let kind = self.kind.unwrap_or(KindName::Error);
        if kind != KindName::Delay {
            foreign("ms", self.ms, "the kind delay")?;
        }
        if kind != KindName::Flaky {
            foreign("percent", self.percent, "the kind flaky")?;
            foreign("seed", self.seed, "the kind flaky")?;
        }
        match kind {
            KindName::Error => Ok(FaultKind::Error),
            KindName::Hang => Ok(FaultKind::Hang),
            KindName::Delay => Ok(FaultKind::Delay { ms: self.delay_ms()? }),
            KindName::Flaky => Ok(FaultKind::Flaky {
                percent: ranged("percent", Self::needed("percent", self.percent)?, 1, 100)?,
                seed: ranged("seed", self.seed.unwrap_or(1), 0, u32::MAX.into())?,
            }),
            KindName::Refuse | KindName::Stall | KindName::Cut => {
                let kind = kind.as_str();
                let words = format!(
                    "kind is {kind}, which goes with the layer wire only: in the actor and in the store it may be \
                     error, delay, hang or flaky."
                );
                Err(LabError::of_field("kind", words))
            }
        }
    }

    fn attempt_span(&self) -> Result<FaultSpan, LabError> {
        let attempts = || ranged("attempts", self.attempts.unwrap_or(1), 1, AttemptFault::MAX_ATTEMPTS.into());
        match self.span.unwrap_or_default() {
            SpanName::First => Ok(FaultSpan::First { attempts: attempts()? }),
            SpanName::Next => Ok(FaultSpan::Next { attempts: attempts()? }),
            SpanName::UntilOff => {
                foreign("attempts", self.attempts, "the spans first and next")?;
                Ok(FaultSpan::UntilOff)
            }
        }
    }

    fn on_attempts(self, layer: Layer) -> Result<AttemptFault, LabError> {
        let kind = self.attempt_kind()?;
        let operation = self
            .operation
            .ok_or_else(|| LabError::of_field("operation", "operation is missing: use load, save or publish."))?;
        let fault = AttemptFault { operation, kind, span: self.attempt_span()?, layer };
        fault.check().map(|()| fault)
    }
}

impl TryFrom<FlatFault> for Fault {
    type Error = LabError;

    fn try_from(flat: FlatFault) -> Result<Self, LabError> {
        match flat.layer.unwrap_or(Layer::Actor) {
            Layer::Wire => WireFault::try_from(flat).map(Self::Wire),
            layer => flat.on_attempts(layer).map(Self::Attempt),
        }
    }
}

impl TryFrom<FlatFault> for WireFault {
    type Error = LabError;

    fn try_from(flat: FlatFault) -> Result<Self, LabError> {
        const KINDS: &str = "on the wire it may be refuse, stall, delay or cut.";
        if flat.layer.is_some_and(|layer| layer != Layer::Wire) {
            return Err(LabError::of_field("layer", "layer is another than wire: here it may be wire, or left out."));
        }
        foreign("operation", flat.operation, ATTEMPTS_ONLY)?;
        let fault = match flat.kind {
            Some(KindName::Refuse) => Self::Refuse,
            Some(KindName::Stall) => Self::Stall,
            Some(KindName::Cut) => Self::Cut,
            Some(KindName::Delay) => Self::Delay { ms: flat.delay_ms()? },
            Some(kind) => return Err(LabError::of_field("kind", format!("kind is {}: {KINDS}", kind.as_str()))),
            None => return Err(LabError::of_field("kind", format!("kind is missing: {KINDS}"))),
        };
        if !matches!(fault, Self::Delay { .. }) {
            foreign("ms", flat.ms, "the kind delay")?;
        }
        foreign("percent", flat.percent, "the kind flaky")?;
        foreign("seed", flat.seed, "the kind flaky")?;
        if let Some(span) = flat.span.filter(|span| *span != SpanName::UntilOff) {
            let words = format!("span is {}: on the wire it may be until_off, or left out.", span.as_str());
            return Err(LabError::of_field("span", words));
        }
        foreign("attempts", flat.attempts, ATTEMPTS_ONLY)?;
        Ok(fault)
    }
}

impl From<AttemptFault> for FlatFault {
    fn from(fault: AttemptFault) -> Self {
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
        Self {
            operation: Some(fault.operation),
            kind: Some(kind),
            ms,
            percent,
            seed,
            span: Some(span),
            attempts: fault.span.attempts().map(u64::from),
            layer: Some(fault.layer),
        }
    }
}

impl From<WireFault> for FlatFault {
    fn from(fault: WireFault) -> Self {
        let (kind, ms) = match fault {
            WireFault::Refuse => (KindName::Refuse, None),
            WireFault::Stall => (KindName::Stall, None),
            WireFault::Delay { ms } => (KindName::Delay, Some(ms.into())),
            WireFault::Cut => (KindName::Cut, None),
        };
        let (span, layer) = (Some(SpanName::UntilOff), Some(Layer::Wire));
        Self { kind: Some(kind), ms, span, layer, ..Self::default() }
    }
}

impl From<Fault> for FlatFault {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Attempt(fault) => fault.into(),
            Fault::Wire(fault) => fault.into(),
        }
    }
}
