//! The sidecar's own retries, below those of the application: on or off, for every actor.

use leptos::{html, prelude::*};

use crate::{
    actions::LabActions,
    components::{ApplyButton, ErrorLine, ServerForm, put_back_when_refused, tick_when_changed},
    state::lab::LabState,
};
use model::sidecar_retries::CALLS;

/// The switch where the sidecar is the embedded one, and what to do where it is a daprd.
#[component]
pub fn SidecarRetriesForm() -> impl IntoView {
    let lab = expect_context::<LabState>();
    let action = expect_context::<LabActions>().set_sidecar_retries;
    let error = action.error();
    // Whether the sidecar retries; `None` where that cannot be set from here.
    let on = Memo::new(move |_| lab.panels.with(|panels| panels.sidecar_retries));
    let attempts = Memo::new(move |_| lab.panels.with(|panels| panels.policy.attempts));
    let ticked = Memo::new(move |_| on.get() == Some(true));
    let (form, field) = (NodeRef::<html::Form>::new(), NodeRef::<html::Input>::new());
    tick_when_changed(field, ticked);
    put_back_when_refused(form, error);
    view! {
        <ServerForm
            action
            at_once=true
            attr:autocomplete="off"
            attr:hidden=move || on.get().is_none()
            node_ref=form
        >
            <label class="tick">
                <input type="checkbox" name="on" checked=ticked node_ref=field />
                " The sidecar retries each call to the store, 3 times, 200 ms apart"
            </label>
            <ApplyButton />
            <ErrorLine error />
        </ServerForm>
        <p class="note" hidden=move || on.get().is_some()>
            "A daprd reads its policies at its start: start it with one more --resources-path, components/resiliency."
        </p>
        <p class="note" hidden=move || on.get() != Some(false)>
            {move || calls(attempts.get())}
        </p>
    }
}

/// How many calls a store that is away gets at most.
fn calls(attempts: u8) -> String {
    let all = u32::from(attempts) * u32::from(CALLS);
    format!("{attempts} attempts of the actor, each of up to {CALLS} calls: up to {all} calls to a store that is away.")
}
