//! The fields of one fault.

use leptos::{ev::MouseEvent, html, prelude::*};

use super::{
    field::{FaultField, fault_field},
    rows::{ATTEMPTS, FaultRows, KIND, LAYER, MS, OPERATION, PERCENT, ROWS, SEED, SPAN, WIRE},
};
use crate::{
    actions::LabActions,
    components::{FieldError, NumberField, SelectField, Words, refused},
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
    /// What its row is known by.
    id: u32,
    /// The places that it can have, if there is a choice.
    layers: Option<Words>,
    /// Whether it was just added: then its operation is to be chosen.
    added: bool,
    /// Removes the row.
    on_remove: Callback<u32>,
    /// The place of the row that was removed last: whose row has come there takes over the focus.
    refocus: RwSignal<Option<usize>>,
) -> impl IntoView {
    let rows = expect_context::<FaultRows>();
    let place = Memo::new(move |_| rows.place(id));
    let is_first = Memo::new(move |_| place.get() == 0);
    let (operation, remove_button) = (NodeRef::<html::Select>::new(), NodeRef::<html::Button>::new());
    Effect::new(move |_| {
        if let Some(operation) = operation.get().filter(|_| added) {
            let _ = operation.focus();
        }
    });
    Effect::new(move |_| {
        if refocus.get().is_some_and(|gone| gone == place.get_untracked())
            && let Some(button) = remove_button.get_untracked()
        {
            let _ = button.focus();
        }
    });
    let choice = move |label, part, words| view! { <Choice label field=fault_field(place.into(), part) words /> };
    let number = move |label, part, least, most, unit| number(place.into(), label, part, (least, most), unit);
    // What is wrong with the fault as a whole, or with a place that cannot be chosen here.
    let name = Signal::derive(move || format!("plan[{}]", place.get()));
    let error = expect_context::<LabActions>().set_fault.error();
    let (whole, layer) = (refused(error, name), fault_field(place.into(), LAYER));
    let whole = Signal::derive(move || whole.get().or_else(|| layer.error.get().filter(|_| layers.is_none())));
    let remove = move |click: MouseEvent| {
        click.prevent_default();
        on_remove.run(id);
    };
    view! {
        <fieldset class="fault">
            <legend>
                {move || format!("Fault {}", place.get() + 1)} " "
                <span class="note">{move || is_first.get().then_some(" in the sentence")}</span>
            </legend>
            {move || {
                (!is_first.get())
                    .then(|| {
                        let field = fault_field(place.into(), OPERATION);
                        view! { <Choice label="Operation" field words=NEW_OPERATIONS node_ref=operation /> }
                    })
            }}
            {choice("It", KIND, KINDS)}
            {number("By", MS, 1, 10_000, "ms")}
            {number("In", PERCENT, 1, 100, "% of attempts")}
            {number("Seed", SEED, 0, u32::MAX.into(), "")}
            {choice("Which", SPAN, SPANS)}
            {move || (!is_first.get()).then(|| number("How many", ATTEMPTS, 1, 10, "attempts"))}
            {layers.map(|layers| choice("Where", LAYER, layers))}
            {(layers == Some(WIRED_LAYERS)).then(|| choice("It", WIRE, WIRE_KINDS))}
            <FieldError name error=whole />
            <button
                class="btn small"
                type="submit"
                name=ROWS
                value=move || place.get().to_string()
                aria-label=move || format!("Remove fault {}", place.get() + 1)
                hidden=move || rows.count() < 2
                node_ref=remove_button
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
    place: Signal<usize>,
    label: &'static str,
    part: Part<FaultForm>,
    (least, most): (u64, u64),
    unit: &'static str,
) -> impl IntoView {
    let FaultField { name, value, error, on_input } = fault_field(place, part);
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
