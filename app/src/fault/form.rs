//! A fault as a form sends it: every field a text, those of other kinds of faults among them.

use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use super::{Fault, FaultPlan, flat::FlatFault};
#[cfg(feature = "ssr")]
use crate::error::LabError;

/// One fault's fields, as they were typed. A field that the kind or span has no use for may hold anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FaultForm {
    /// `load`, `save` or `publish`; empty for no fault at all.
    pub operation: String,
    /// `error`, `delay`, `hang` or `flaky`; empty for an error.
    pub kind: String,
    /// A delay, in milliseconds.
    pub ms: String,
    /// How many of a hundred attempts fail.
    pub percent: String,
    /// Which sequence of chances; empty for the first.
    pub seed: String,
    /// `first`, `next` or `until_off`; empty for the first.
    pub span: String,
    /// How many attempts; empty for one.
    pub attempts: String,
    /// `actor` or `store`; empty for the actor.
    pub layer: String,
}

/// The plan that a form holds.
///
/// # Errors
/// The field that is refused, as `plan[0].ms`.
#[cfg(feature = "ssr")]
pub fn plan(forms: &[FaultForm]) -> Result<FaultPlan, LabError> {
    let given = forms.iter().filter(|form| !form.operation.is_empty()).enumerate();
    let faults = given.map(|(n, form)| form.fault().map_err(|error| error.within(&format!("plan[{n}]"))));
    FaultPlan::new(faults.collect::<Result<_, _>>()?)
}

#[cfg(feature = "ssr")]
impl FaultForm {
    fn fault(&self) -> Result<Fault, LabError> {
        use super::flat::{KindName, SpanName};
        use crate::{
            form::{number, word},
            timeline::Layer,
        };
        let kind = word("kind", &self.kind, "error, delay, hang or flaky")?.unwrap_or_default();
        let span = word("span", &self.span, "first, next or until_off")?.unwrap_or_default();
        let (delay, flaky) = (kind == KindName::Delay, kind == KindName::Flaky);
        let number = |field, text: &str, wanted: bool| if wanted { number(field, text) } else { Ok(None) };
        let flat = FlatFault {
            operation: word("operation", &self.operation, "load, save or publish")?
                .ok_or_else(|| LabError::of_field("operation", "operation is missing: use load, save or publish."))?,
            kind,
            ms: number("ms", &self.ms, delay)?,
            percent: number("percent", &self.percent, flaky)?,
            seed: number("seed", &self.seed, flaky)?,
            span,
            attempts: number("attempts", &self.attempts, span != SpanName::UntilOff)?,
            layer: word("layer", &self.layer, "actor or store")?.unwrap_or(Layer::Actor),
        };
        flat.try_into()
    }
}

/// What the form shows of a fault.
impl From<&super::Fault> for FaultForm {
    fn from(fault: &super::Fault) -> Self {
        use super::{FaultKind, FaultSpan};
        let mut form = Self {
            operation: fault.operation.as_str().to_owned(),
            layer: if fault.layer == crate::timeline::Layer::Store { "store" } else { "actor" }.to_owned(),
            ..Self::default()
        };
        let kind = match fault.kind {
            FaultKind::Error => "error",
            FaultKind::Hang => "hang",
            FaultKind::Delay { ms } => {
                form.ms = ms.to_string();
                "delay"
            }
            FaultKind::Flaky { percent, seed } => {
                form.percent = percent.to_string();
                form.seed = seed.to_string();
                "flaky"
            }
        };
        let span = match fault.span {
            FaultSpan::First { .. } => "first",
            FaultSpan::Next { .. } => "next",
            FaultSpan::UntilOff => "until_off",
        };
        form.kind = kind.to_owned();
        form.span = span.to_owned();
        form.attempts = fault.span.attempts().map(|n| n.to_string()).unwrap_or_default();
        form
    }
}
