//! Taking everything back.

use leptos::{ev::SubmitEvent, html, prelude::*};

use crate::{
    components::Icon,
    live::{
        actions::{self, RESET},
        store::Store,
    },
    state::lab::LabState,
};

/// Takes everything back, in two steps: the first press only opens the question.
#[component]
pub(super) fn Reset() -> impl IntoView {
    let store = expect_context::<Store>();
    let lab = expect_context::<LabState>();
    let menu = NodeRef::<html::Details>::new();
    let reset = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(menu) = menu.get_untracked() {
            menu.set_open(false);
        }
        actions::reset(store);
    };
    view! {
        <details class="menu" node_ref=menu>
            <summary class="btn quiet icon" aria-label="Reset the lab" title="Reset the lab">
                <Icon href="#i-replay" />
            </summary>
            <form class="menu-list ask" action=RESET method="post" on:submit=reset>
                <input type="hidden" name="actor" value=lab.actor_id() />
                <p>
                    <b>"Reset this lab?"</b>
                    " Its conversation, timeline and proven checks are taken away, and the switch is put back."
                </p>
                <button class="btn small danger" type="submit">
                    "Reset "
                    {lab.actor_id()}
                </button>
            </form>
        </details>
    }
}
