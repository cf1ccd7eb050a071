//! The sidecar's own retries, below those of the application: on or off, for every actor.

use leptos::{
    ev::{Event, SubmitEvent},
    html,
    prelude::*,
};

use crate::{
    components::{ApplyButton, ErrorLine, put_back_when_refused, tick_when_changed},
    live::{
        actions::{self, SET_SIDECAR_RETRIES},
        store::Store,
    },
    state::lab::LabState,
};
use model::sidecar_retries::CALLS;

/// The switch where the sidecar is the embedded one, and what to do where it is a daprd.
#[component]
pub fn SidecarRetriesForm() -> impl IntoView {
    let store = expect_context::<Store>();
    let lab = expect_context::<LabState>();
    // Whether the sidecar retries; `None` where that cannot be set from here.
    let on = Memo::new(move |_| lab.panels.with(|panels| panels.sidecar_retries));
    let attempts = Memo::new(move |_| lab.panels.with(|panels| panels.policy.attempts));
    let ticked = Memo::new(move |_| on.get() == Some(true));
    let (form, field) = (NodeRef::<html::Form>::new(), NodeRef::<html::Input>::new());
    tick_when_changed(field, ticked);
    put_back_when_refused(form, SET_SIDECAR_RETRIES);
    let set = move |change: Event| actions::set_sidecar_retries(store, event_target_checked(&change));
    view! {
        <form
            action=SET_SIDECAR_RETRIES
            method="post"
            autocomplete="off"
            hidden=move || on.get().is_none()
            node_ref=form
            // What is ticked takes effect at once.
            on:submit=|submit: SubmitEvent| submit.prevent_default()
        >
            <label class="tick">
                <input type="checkbox" name="on" checked=ticked node_ref=field on:change=set />
                " The sidecar retries each call to the store, 3 times, 200 ms apart"
            </label>
            <ApplyButton />
            <ErrorLine of=&[SET_SIDECAR_RETRIES] />
        </form>
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
