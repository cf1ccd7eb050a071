//! What the faults can be besides, and more of them.

use std::time::Duration;

use leptos::{ev::MouseEvent, html, prelude::*, server_fn::ServerFn};

use super::{
    fault::{FaultFields, layers},
    rows::{ADD, FaultRows, ROWS},
};
use crate::{
    actions::LabActions,
    components::{FocusTargets, Menus},
    functions::faults::SetFault,
    state::{form::FormState, view::ViewState},
};
use model::{error::LabError, fault::FaultPlan};

/// The box. Without script its buttons post the form, and it comes back with one row more or less, to be applied;
/// whether a row has its operation by then is not known here.
#[component]
pub(super) fn More(
    /// Sets what stands in the fields.
    apply: Callback<()>,
) -> impl IntoView {
    let rows = expect_context::<FaultRows>();
    let forms = expect_context::<FormState>();
    let view = expect_context::<ViewState>();
    let summary = expect_context::<FocusTargets>().more;
    let layers = layers(expect_context());
    let has_empty = Memo::new(move |_| rows.with(|rows| rows.iter().any(|row| row.form.is_empty())));
    let is_full = move || FaultPlan::MAX <= rows.count();
    let (details, add_button) = (expect_context::<Menus>().more, NodeRef::<html::Button>::new());
    // A row that was asked for is in sight, and so is what was refused.
    let asked = forms.typed.with_untracked(|typed| typed.text(SetFault::PATH, ROWS).is_some());
    let error = expect_context::<LabActions>().set_fault.error();
    let is_refused =
        move |error: &Option<LabError>| error.as_ref().and_then(|error| error.field.as_deref()).is_some_and(is_within);
    let open = asked || error.with_untracked(is_refused);
    Effect::new(move |_| {
        if let Some(details) = details.get().filter(|_| error.with(is_refused)) {
            details.set_open(true);
        }
    });
    let (added, refocus) = (StoredValue::new(None), RwSignal::new(None));
    let add = move |click: MouseEvent| {
        click.prevent_default();
        added.set_value(Some(rows.add()));
    };
    let on_remove = Callback::new(move |id| {
        let place = untrack(|| rows.place(id));
        added.set_value(None);
        if rows.remove(id) {
            apply.run(());
        }
        // The row takes the button with it that had the focus: the next row's gets it, and after the last *Add a fault*.
        refocus.set(Some(place));
        let is_lost = move || document().active_element().is_none_or(|at| at.tag_name() == "BODY");
        let focus_add = move || {
            if let Some(button) = add_button.get_untracked().filter(|_| is_lost()) {
                let _ = button.focus();
            }
        };
        set_timeout(focus_add, Duration::ZERO);
    });
    let note = move || {
        if has_empty.get() {
            Some("A new fault does nothing before its operation is chosen.")
        } else {
            is_full().then_some("A plan has at most 8 faults.")
        }
    };
    view! {
        <details class="more" open=open node_ref=details>
            <summary class="btn small" node_ref=summary>"More"</summary>
            <div class="more-box">
                <For each=move || rows.ids() key=|id| *id let:id>
                    <FaultFields id layers added=added.get_value() == Some(id) on_remove refocus />
                </For>
                <p class="more-foot">
                    <button
                        class="btn small add"
                        type="submit"
                        name=ROWS
                        value=ADD
                        disabled=move || is_full() || view.hydrated.get() && has_empty.get()
                        node_ref=add_button
                        on:click=add
                    >
                        "Add a fault"
                    </button>
                    <span class="note">{note}</span>
                    <span class="note unscripted">"What is added or removed counts once you press Apply."</span>
                </p>
            </div>
        </details>
    }
}

/// Whether the error of this field is shown within the box. What is in the sentence and what is about the plan as a whole
/// is shown below the sentence.
pub(super) fn is_within(field: &str) -> bool {
    field.starts_with("plan[") && !["plan[0].operation", "plan[0].attempts"].contains(&field)
}
