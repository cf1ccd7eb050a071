//! The fields of one fault.

use leptos::{ev::MouseEvent, html, prelude::*};

use super::{
    field::{FaultField, fault_field},
    rows::{ATTEMPTS, KIND, LAYER, MS, OPERATION, PERCENT, ROWS, SEED, SPAN, WIRE},
};
use crate::{
    actions::{LabActions, error_of},
    components::{FieldError, NumberField, SelectField, Words, refused},
    live::store::Store,
    state::lab::LabState,
    typed::Part,
};
use model::{fault::form::FaultForm, operation::Layer};

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
/// The fields. The first fault has its operation and its attempts in the sentence.
#[component]
pub(super) fn FaultFields(
    /// Its row, counted from 0.
    n: usize,
    /// The places that it can have, if there is a choice.
    layers: Option<Words>,
    /// Whether it was just added: then its operation is to be chosen.
    added: bool,
    /// Removes the row.
    on_remove: Callback<usize>,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let operation = NodeRef::<html::Select>::new();
    Effect::new(move |_| {
        if let Some(operation) = operation.get().filter(|_| added) {
            let _ = operation.focus();
        }
    });
    let choice = |label, part, words| view! { <Choice label field=fault_field(n, part) words /> };
    let number = |label, part, least, most, unit| number(n, label, part, (least, most), unit);
    // What is wrong with the fault as a whole, or with a place that cannot be chosen here.
    let error = error_of(expect_context::<LabActions>().set_fault);
    let (whole, place) = (refused(error, format!("plan[{n}]")), fault_field(n, LAYER));
    let whole = Signal::derive(move || whole.get().or_else(|| place.error.get().filter(|_| layers.is_none())));
    let remove = move |click: MouseEvent| {
        click.prevent_default();
        on_remove.run(n);
    };
    view! {
        <fieldset class="fault">
            <legend>{format!("Fault {}", n + 1)} <span class="note">{(n == 0).then_some(" in the sentence")}</span></legend>
            {(n > 0)
                .then(|| {
                    let field = fault_field(n, OPERATION);
                    view! { <Choice label="Operation" field words=NEW_OPERATIONS node_ref=operation /> }
                })}
            {choice("It", KIND, KINDS)}
            {number("By", MS, 1, 10_000, "ms")}
            {number("In", PERCENT, 1, 100, "% of attempts")}
            {number("Seed", SEED, 0, u32::MAX.into(), "")}
            {choice("Which", SPAN, SPANS)}
            {(n > 0).then(|| number("How many", ATTEMPTS, 1, 10, "attempts"))}
            {layers.map(|layers| choice("Where", LAYER, layers))}
            {(layers == Some(WIRED_LAYERS)).then(|| choice("It", WIRE, WIRE_KINDS))}
            <FieldError name=format!("plan[{n}]") error=whole />
            <button
                class="btn small"
                type="submit"
                name=ROWS
                value=n.to_string()
                aria-label=format!("Remove fault {}", n + 1)
                hidden=move || store.rows.with(Vec::len) < 2
                on:click=remove
            >
                "Remove"
            </button>
        </fieldset>
    }
}

/// A choice between words.
#[component]
fn Choice(
    /// What it is called.
    label: &'static str,
    /// What it shows and sets.
    field: FaultField,
    /// What there is to choose from.
    words: Words,
    /// The element that is chosen with.
    #[prop(optional)]
    node_ref: NodeRef<html::Select>,
) -> impl IntoView {
    let FaultField { name, value, error, on_input } = field;
    view! { <SelectField label name value words error on_input node_ref /> }
}

/// A number.
fn number(
    n: usize,
    label: &'static str,
    part: Part<FaultForm>,
    (least, most): (u64, u64),
    unit: &'static str,
) -> impl IntoView {
    let FaultField { name, value, error, on_input } = fault_field(n, part);
    view! { <NumberField label name value error least most unit on_input /> }
}

/// The places that faults can have in this lab, if there is a choice.
pub(super) fn layers(lab: LabState) -> Option<Words> {
    lab.panels.with_untracked(|panels| match &panels.layers {
        layers if layers.contains(&Layer::Wire) => Some(WIRED_LAYERS),
        layers if layers.contains(&Layer::Store) => Some(LAYERS),
        _ => None,
    })
}
