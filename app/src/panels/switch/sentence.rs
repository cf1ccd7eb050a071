//! The first fault, in a sentence.

use leptos::prelude::*;

use super::{
    field::fault_field,
    rows::{ATTEMPTS, FaultRows, OPERATION},
};
use crate::components::{FocusTargets, Select, Words};
use model::fault::form::FaultForm;

const OPERATIONS: Words = &[("load", "load"), ("save", "save"), ("publish", "publish")];
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

/// *The load fails with an error for the first attempt*: what is chosen most.
#[component]
pub(super) fn Sentence() -> impl IntoView {
    let rows = expect_context::<FaultRows>();
    let happens = Memo::new(move |_| rows.with(|rows| rows.first().map(|row| happens(&row.form)).unwrap_or_default()));
    let others = Memo::new(move |_| rows.with(|rows| rows.iter().skip(1).filter(|row| !row.form.is_empty()).count()));
    let first = Signal::stored(0);
    let (operation, attempts) = (fault_field(first, OPERATION), fault_field(first, ATTEMPTS));
    let focus = expect_context::<FocusTargets>().operation;
    view! {
        <span>"The"</span>
        <span class="plan-op">
            <Select
                label="Which operation fails"
                name=operation.name
                value=operation.value
                words=OPERATIONS
                error=operation.error
                on_input=Some(operation.on_input)
                node_ref=focus
            />
        </span>
        <span>{happens}</span>
        <span class="plan-n">
            "for the "
            <Select
                label="How long"
                name=attempts.name
                value=attempts.value
                words=FIRST
                error=attempts.error
                on_input=Some(attempts.on_input)
            />
        </span>
        <span class="plan-all">"every time, until it is off"</span>
        <span hidden=move || others.get() == 0>
            {move || (others.get() > 0).then(|| format!("and {} more", others.get()))}
        </span>
    }
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
