//! Taking everything back.

use leptos::prelude::*;

use crate::{
    actions::LabActions,
    components::{FocusTargets, Icon, Menus, ServerForm},
    state::lab::LabState,
};

/// Takes everything back, in two steps: the first press only opens the question.
#[component]
pub(super) fn Reset() -> impl IntoView {
    let lab = expect_context::<LabState>();
    let menu = expect_context::<Menus>().reset;
    let summary = expect_context::<FocusTargets>().reset;
    let action = expect_context::<LabActions>().reset;
    let close = move |_| {
        if let Some(menu) = menu.get_untracked() {
            menu.set_open(false);
        }
    };
    view! {
        <details class="menu" node_ref=menu>
            <summary id="reset" node_ref=summary class="btn quiet icon" aria-label="Reset the lab" title="Reset the lab">
                <Icon href="#i-replay" />
            </summary>
            <ServerForm action class="menu-list ask" on:submit=close>
                <input type="hidden" name="actor" value=lab.actor().to_string() />
                <p>
                    <b>"Reset this lab?"</b>
                    " Its conversation, timeline and proven checks are taken away, and the switch is put back."
                </p>
                <button class="btn small danger" type="submit">
                    "Reset "
                    {lab.actor().to_string()}
                </button>
            </ServerForm>
        </details>
    }
}
