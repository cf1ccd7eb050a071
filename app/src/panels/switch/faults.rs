//! The fields of the faults: the one that is chosen most in a sentence, and behind *More* what else it can be, and more
//! faults.

use leptos::prelude::*;
use maud::{Markup, html};

use super::drafts::{ADD, ATTEMPTS, KIND, LAYER, MS, OPERATION, PERCENT, ROWS, SEED, SPAN, WIRE, name};
use crate::{
    live::{controls::SET_FAULT, store::Store},
    panels::fields::{Field, Part, Words, beside, choice, choice_field, number_field},
};
use model::{
    error::LabError,
    fault::{FaultPlan, form::FaultForm},
    operation::Layer,
};

const OPERATIONS: Words = &[("load", "load"), ("save", "save"), ("publish", "publish")];
const NEW_OPERATIONS: Words = &[("", "choose"), ("load", "load"), ("save", "save"), ("publish", "publish")];
const KINDS: Words = &[
    ("error", "fails with an error"),
    ("delay", "is held up"),
    ("hang", "hangs until its time-out"),
    ("flaky", "fails by chance"),
];
const SPANS: Words =
    &[("first", "first after each activation"), ("next", "next, once"), ("until_off", "all, until it is off")];
const LAYERS: Words = &[("actor", "in the actor"), ("store", "in the store, behind the sidecar")];
const WIRED_LAYERS: Words = &[("actor", "in the actor"), ("wire", "on the wire to Redis, for every actor")];
const WIRE_KINDS: Words = &[
    ("refuse", "refuses connections"),
    ("stall", "lets nothing pass"),
    ("delay", "delays each request"),
    ("cut", "cuts connections"),
];
const FIRST: Words = &[
    ("1", "first attempt"),
    ("2", "first 2 attempts"),
    ("3", "first 3 attempts"),
    ("4", "first 4 attempts"),
    ("5", "first 5 attempts"),
    ("6", "first 6 attempts"),
    ("7", "first 7 attempts"),
    ("8", "first 8 attempts"),
    ("9", "first 9 attempts"),
    ("10", "first 10 attempts"),
];

/// What is drawn of the faults: the rows, and what was refused of them.
pub(super) struct Faults<'a> {
    /// One fault each.
    pub(super) rows: &'a [FaultForm],
    /// Why the switch was refused the last time.
    pub(super) error: Option<&'a LabError>,
    /// Whether the script runs.
    pub(super) scripted: bool,
}

impl Faults<'_> {
    /// *The load fails with an error for the first attempt*: what is chosen most.
    pub(super) fn sentence(&self) -> Markup {
        let others = self.rows.iter().skip(1).filter(|row| !row.is_empty()).count();
        html! {
            span { "The" }
            span.plan-op { (choice(&self.field(0, "Which operation fails", OPERATION), OPERATIONS)) }
            span { (self.rows.first().map(happens).unwrap_or_default()) }
            span.plan-n { "for the " (choice(&self.field(0, "How long", ATTEMPTS), FIRST)) }
            span.plan-all { "every time, until it is off" }
            span hidden[others == 0] { @if others > 0 { "and " (others) " more" } }
        }
    }

    /// What the faults can be besides, and more of them. Without script the buttons post the form, and it comes back
    /// with one row more or less, to be applied; whether a row has its operation by then is not known here.
    pub(super) fn more(&self, layers: Option<Words>, open: bool) -> Markup {
        let count = self.rows.len();
        let (full, has_empty) = (FaultPlan::MAX <= count, self.rows.iter().any(FaultForm::is_empty));
        html! {
            details.more open[open] {
                summary.btn.small { "More" }
                div.more-box {
                    @for n in 0..count { (self.row(n, layers)) }
                    p.more-foot {
                        button.btn.small.add type="submit" name=(ROWS) value=(ADD)
                            disabled[full || self.scripted && has_empty] { "Add a fault" }
                        span.note {
                            @if has_empty {
                                "A new fault does nothing before its operation is chosen."
                            } @else if full {
                                "A plan has at most 8 faults."
                            }
                        }
                        noscript { span.note { "What is added or removed counts once you press Apply." } }
                    }
                }
            }
        }
    }

    /// The fields of one fault. The first has its operation and its attempts in the sentence.
    fn row(&self, n: usize, layers: Option<Words>) -> Markup {
        let field = |label, part| self.field(n, label, part);
        let place = field("Where", LAYER);
        // What is wrong with the fault as a whole, or with a place that cannot be chosen here.
        let whole = self.refused(&format!("plan[{n}]")).or(place.refused.filter(|_| layers.is_none()));
        html! {
            fieldset.fault {
                legend { "Fault " (n + 1) span.note { @if n == 0 { " in the sentence" } } }
                @if n > 0 { (choice_field(&field("Operation", OPERATION), NEW_OPERATIONS)) }
                (choice_field(&field("It", KIND), KINDS))
                (number_field(&field("By", MS), 1, 10_000, "ms"))
                (number_field(&field("In", PERCENT), 1, 100, "% of attempts"))
                (number_field(&field("Seed", SEED), 0, u32::MAX.into(), ""))
                (choice_field(&field("Which", SPAN), SPANS))
                @if n > 0 { (number_field(&field("How many", ATTEMPTS), 1, 10, "attempts")) }
                @if let Some(layers) = layers { (choice_field(&place, layers)) }
                @if layers == Some(WIRED_LAYERS) { (choice_field(&field("It", WIRE), WIRE_KINDS)) }
                (beside(&format!("plan[{n}]"), whole))
                button.btn.small type="submit" name=(ROWS) value=(n) aria-label={ "Remove fault " (n + 1) }
                    hidden[self.rows.len() < 2] { "Remove" }
            }
        }
    }

    /// A field of a row. The reader is led to what was refused, and to what is still to be chosen.
    fn field(&self, n: usize, label: &'static str, (part, place): Part<FaultForm>) -> Field<'_> {
        let value = self.rows.get(n).map(|row| place(&mut row.clone()).clone()).unwrap_or_default();
        let refused = self.refused(&format!("plan[{n}].{part}"));
        let leads = !self.scripted && (refused.is_some() || value.is_empty());
        Field { label, name: name(n, part), value, refused, leads }
    }

    /// Why this field was refused.
    fn refused(&self, field: &str) -> Option<&LabError> {
        self.error.filter(|error| error.field.as_deref() == Some(field))
    }
}

/// The places that faults can have in this lab, if there is a choice.
pub(super) fn layers(store: Store) -> Option<Words> {
    store.panels.with_untracked(|panels| match &panels.layers {
        layers if layers.contains(&Layer::Wire) => Some(WIRED_LAYERS),
        layers if layers.contains(&Layer::Store) => Some(LAYERS),
        _ => None,
    })
}

/// Whether the error of this field stands within *More*. What is in the sentence and what is about the plan as a whole
/// is told below the sentence.
pub(super) fn is_within(field: &str) -> bool {
    field.starts_with("plan[") && !["plan[0].operation", "plan[0].attempts"].contains(&field)
}

/// Whether something was refused that stands within *More*.
pub(super) fn is_refused_within(store: Store) -> bool {
    store.error.with(|error| {
        let error = error.as_ref().filter(|error| error.path == SET_FAULT);
        error.and_then(|error| error.error.field.as_deref()).is_some_and(is_within)
    })
}

fn happens(row: &FaultForm) -> String {
    match row.kind.as_str() {
        _ if row.is_on_the_wire() => match row.wire.as_str() {
            "delay" => format!("wire to Redis delays {} ms, for every actor,", row.ms),
            "stall" => "wire to Redis stalls, for every actor,".to_owned(),
            "cut" => "wire to Redis cuts, for every actor,".to_owned(),
            _ => "wire to Redis refuses, for every actor,".to_owned(),
        },
        "delay" => format!("is {} ms late", row.ms),
        "hang" => "hangs until its time-out".to_owned(),
        "flaky" => format!("fails with {} %", row.percent),
        _ => "fails with an error".to_owned(),
    }
}
