//! A fault as a form sends it: every field a text, those of other kinds and layers of faults among them.

use serde::{Deserialize, Serialize};

use super::flat::{FlatFault, KindName, SpanName};
use super::{Fault, FaultPlan};
use crate::{error::LabError, operation::Layer};

/// One fault's fields, as they were typed. A field that the layer, kind or span has no use for may hold anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FaultForm {
    /// `load`, `save` or `publish`; empty for no fault at all, unless it is on the wire.
    pub operation: String,
    /// What it does to attempts: `error`, `delay`, `hang` or `flaky`; empty for an error.
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
    /// `actor`, `store` or `wire`; empty for the actor.
    pub layer: String,
    /// What it does on the wire: `refuse`, `stall`, `delay` or `cut`; empty to refuse.
    pub wire: String,
}

impl FaultForm {
    /// Whether it is on the wire, where it has no use for most of its fields.
    #[must_use]
    pub fn is_on_the_wire(&self) -> bool {
        self.layer == "wire"
    }

    /// Whether it is no fault at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operation.is_empty() && !self.is_on_the_wire()
    }
}

/// The plan that a form holds.
///
/// # Errors
/// The field that is refused, as `plan[0].ms`.
pub fn plan(forms: &[FaultForm]) -> Result<FaultPlan, LabError> {
    let given = forms.iter().filter(|form| !form.is_empty()).enumerate();
    let faults = given.map(|(n, form)| form.fault().map_err(|error| error.within(&format!("plan[{n}]"))));
    FaultPlan::new(faults.collect::<Result<_, _>>()?)
}

impl FaultForm {
    fn fault(&self) -> Result<Fault, LabError> {
        use crate::form::word;
        match word("layer", &self.layer, "actor, store or wire")?.unwrap_or(Layer::Actor) {
            Layer::Wire => self.on_the_wire()?.try_into(),
            layer => self.on_attempts(layer)?.try_into(),
        }
    }

    fn on_attempts(&self, layer: Layer) -> Result<FlatFault, LabError> {
        use crate::form::{number, word};
        let kind = word("kind", &self.kind, "error, delay, hang or flaky")?.unwrap_or(KindName::Error);
        let span = word("span", &self.span, "first, next or until_off")?.unwrap_or_default();
        let (delay, flaky) = (kind == KindName::Delay, kind == KindName::Flaky);
        let number = |field, text: &str, wanted: bool| if wanted { number(field, text) } else { Ok(None) };
        Ok(FlatFault {
            operation: word("operation", &self.operation, "load, save or publish")?,
            kind: Some(kind),
            ms: number("ms", &self.ms, delay)?,
            percent: number("percent", &self.percent, flaky)?,
            seed: number("seed", &self.seed, flaky)?,
            span: Some(span),
            attempts: number("attempts", &self.attempts, span != SpanName::UntilOff)?,
            layer: Some(layer),
        })
    }

    fn on_the_wire(&self) -> Result<FlatFault, LabError> {
        use crate::form::{number, word};
        let kind = word("wire", &self.wire, "refuse, stall, delay or cut")?.unwrap_or(KindName::Refuse);
        let ms = if kind == KindName::Delay { number("ms", &self.ms)? } else { None };
        Ok(FlatFault { kind: Some(kind), ms, layer: Some(Layer::Wire), ..FlatFault::default() })
    }
}

/// What the form shows of a fault.
impl From<&super::Fault> for FaultForm {
    fn from(fault: &super::Fault) -> Self {
        let text = |number: Option<u64>| number.map(|n| n.to_string()).unwrap_or_default();
        let flat = FlatFault::from(*fault);
        let kind = flat.kind.map_or("", KindName::as_str).to_owned();
        let (kind, wire) = if fault.wire().is_some() { (String::new(), kind) } else { (kind, String::new()) };
        Self {
            operation: flat.operation.map_or("", |operation| operation.as_str()).to_owned(),
            kind,
            ms: text(flat.ms),
            percent: text(flat.percent),
            seed: text(flat.seed),
            span: flat.span.map_or("", SpanName::as_str).to_owned(),
            attempts: text(flat.attempts),
            layer: fault.layer().as_str().to_owned(),
            wire,
        }
    }
}
