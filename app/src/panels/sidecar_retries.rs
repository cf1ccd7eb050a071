//! The sidecar's own retries, below those of the application: on or off, for every actor.

use leptos::prelude::*;

use crate::{
    live::{
        actions::{self, SET_SIDECAR_RETRIES},
        store::Store,
    },
    panels::controls::ErrorLine,
    sidecar_retries::CALLS,
};

/// The switch where the sidecar is the embedded one, and what to do where it is a daprd.
#[component]
pub fn SidecarRetriesForm() -> impl IntoView {
    let store = expect_context::<Store>();
    let on = Memo::new(move |_| store.panels.with(|panels| panels.sidecar_retries));
    let attempts = move || store.panels.with(|panels| panels.policy.attempts);
    let product = move || {
        let attempts = attempts();
        format!(
            "{attempts} attempts of the actor, each of up to {CALLS} calls: up to {} calls to a store that is away.",
            u32::from(attempts) * u32::from(CALLS)
        )
    };
    view! {
        <form
            action=SET_SIDECAR_RETRIES
            method="post"
            autocomplete="off"
            hidden=on.get_untracked().is_none()
            on:submit=move |event| event.prevent_default()
        >
            <label class="tick">
                <input
                    type="checkbox"
                    name="on"
                    checked=on.get_untracked() == Some(true)
                    prop:checked=move || on.get() == Some(true)
                    on:change=move |event| actions::set_sidecar_retries(store, event_target_checked(&event))
                />
                " The sidecar retries each call to the store, 3 times, 200 ms apart"
            </label>
            <noscript>
                <button class="btn small" type="submit">"Apply"</button>
            </noscript>
            <ErrorLine of=&[SET_SIDECAR_RETRIES] />
        </form>
        <p class="note" hidden=on.get_untracked().is_some()>
            "A daprd reads its policies at its start: start it with one more --resources-path, components/resiliency."
        </p>
        <p class="note" hidden=move || on.get() == Some(false)>{product}</p>
    }
}
