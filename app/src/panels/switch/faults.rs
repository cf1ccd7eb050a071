//! The fields of the faults: the one that is chosen most in a sentence, and behind *More* what else it can be, and more
//! faults.

use std::time::Duration;

use leptos::{html, prelude::*};

use super::drafts::{ADD, ATTEMPTS, Drafts, KIND, LAYER, MS, OPERATION, PERCENT, ROWS, SEED, SPAN, WIRE};
use crate::{
    fault::FaultPlan,
    live::{controls::SET_FAULT, dom, store::Store},
    panels::controls::{Words, beside, choice, choice_field, number_field, refused},
    timeline::Layer,
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

/// Whether the error of this field stands within *More*. What is in the sentence and what is about the plan as a whole
/// is told below the sentence.
pub(super) fn is_within(field: &str) -> bool {
    field.starts_with("plan[") && !["plan[0].operation", "plan[0].attempts"].contains(&field)
}

/// *The load fails with an error for the first attempt*: what is chosen most.
pub(super) fn first_sentence(drafts: Drafts) -> impl IntoView {
    let happens = move || {
        drafts.row(0, |row| match row.kind.as_str() {
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
        })
    };
    let others = move || match drafts.others() {
        0 => String::new(),
        n => format!("and {n} more"),
    };
    view! {
        <span>"The"</span>
        <span class="plan-op">{choice(drafts.field(0, "Which operation fails", OPERATION), OPERATIONS)}</span>
        <span>{happens}</span>
        <span class="plan-n">"for the " {choice(drafts.field(0, "How long", ATTEMPTS), FIRST)}</span>
        <span class="plan-all">"every time, until it is off"</span>
        <span hidden=move || drafts.others() == 0>{others}</span>
    }
}

/// What the faults can be besides, and more of them. Without script the buttons post the form, and it comes back with
/// one row more or less, to be applied; whether a row has its operation by then is not known here.
pub(super) fn more_faults(store: Store, drafts: Drafts, apply: Callback<()>) -> impl IntoView {
    let layers = store.panels.with_untracked(|panels| match &panels.layers {
        layers if layers.contains(&Layer::Wire) => Some(WIRED_LAYERS),
        layers if layers.contains(&Layer::Store) => Some(LAYERS),
        _ => None,
    });
    let more = NodeRef::<html::Details>::new();
    let is_refused = move || {
        store.error.with(|error| {
            let field = error.as_ref().filter(|error| error.path == SET_FAULT)?.error.field.as_deref();
            field.map(is_within)
        }) == Some(true)
    };
    // What was refused is in sight, and so is a row that was asked for.
    Effect::new(move |_| {
        if let (true, Some(more)) = (is_refused(), more.get_untracked()) {
            let _ = more.set_attribute("open", "");
        }
    });
    let open = untrack(is_refused) || store.typed.with_value(|typed| typed.text(SET_FAULT, ROWS).is_some());
    let count = Memo::new(move |_| drafts.count());
    let rows = move || (0..count.get()).map(|n| row(drafts, layers, n, count, apply)).collect::<Vec<_>>();
    let add = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        let n = drafts.add();
        focus_later(format!("[name='plan[{n}][operation]']"));
    };
    let words = move || match (drafts.has_empty(), count.get()) {
        (true, _) => "A new fault does nothing before its operation is chosen.",
        (false, FaultPlan::MAX..) => "A plan has at most 8 faults.",
        _ => "",
    };
    view! {
        <details class="more" open=open node_ref=more>
            <summary class="btn small">"More"</summary>
            <div class="more-box">
                {rows}
                <p class="more-foot">
                    <button
                        class="btn small add"
                        type="submit"
                        name=ROWS
                        value=ADD
                        disabled=move || FaultPlan::MAX <= count.get() || (store.mounted.get() && drafts.has_empty())
                        on:click=add
                    >
                        "Add a fault"
                    </button>
                    <span class="note">{words}</span>
                    <noscript>
                        <span class="note">"What is added or removed counts once you press Apply."</span>
                    </noscript>
                </p>
            </div>
        </details>
    }
}

/// The fields of one fault. The first has its operation and its attempts in the sentence.
fn row(drafts: Drafts, layers: Option<Words>, n: usize, count: Memo<usize>, apply: Callback<()>) -> AnyView {
    let field = |label, part| drafts.field(n, label, part);
    let mut fields = Vec::with_capacity(9);
    if n > 0 {
        fields.push(choice_field(field("Operation", OPERATION), NEW_OPERATIONS));
    }
    fields.push(choice_field(field("It", KIND), KINDS));
    fields.push(number_field(field("By", MS), 1, 10_000, "ms"));
    fields.push(number_field(field("In", PERCENT), 1, 100, "% of attempts"));
    fields.push(number_field(field("Seed", SEED), 0, u32::MAX.into(), ""));
    fields.push(choice_field(field("Which", SPAN), SPANS));
    if n > 0 {
        fields.push(number_field(field("How many", ATTEMPTS), 1, 10, "attempts"));
    }
    // What is wrong with the fault as a whole, or with a place that cannot be chosen here.
    let place = field("Where", LAYER);
    let mut whole = vec![refused(SET_FAULT, format!("plan[{n}]"))];
    match layers {
        Some(layers) => fields.push(choice_field(place, layers)),
        None => whole.push(refused(SET_FAULT, place.field)),
    }
    if layers == Some(WIRED_LAYERS) {
        fields.push(choice_field(field("It", WIRE), WIRE_KINDS));
    }
    let whole = Signal::derive(move || whole.iter().find_map(|refused| refused.get()));
    let remove = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        if drafts.remove(n) {
            apply.run(());
        }
        // The last row takes the button with it that had the focus.
        focus_later(":focus, .more .add".to_owned());
    };
    view! {
        <fieldset class="fault">
            <legend>
                {format!("Fault {}", n + 1)} <span class="note">{(n == 0).then_some(" in the sentence")}</span>
            </legend>
            {fields}
            {beside(format!("plan[{n}]-error"), whole)}
            <button
                class="btn small"
                type="submit"
                name=ROWS
                value=n.to_string()
                aria-label=format!("Remove fault {}", n + 1)
                hidden=move || count.get() < 2
                on:click=remove
            >
                "Remove"
            </button>
        </fieldset>
    }
    .into_any()
}

/// Moves the focus once the rows are as they are going to be.
fn focus_later(selector: String) {
    let focus = move || {
        dom::focus(&selector);
    };
    set_timeout(focus, Duration::ZERO);
}
