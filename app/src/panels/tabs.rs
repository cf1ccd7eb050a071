//! The panes beside the chat and, on a narrow page, below the timeline. The choice is a group of radio buttons that the
//! stylesheet reads, so it works without script.

use leptos::prelude::*;

use crate::{actions::LabActions, components::FocusTargets, state::lab::LabState};

/// The radio buttons. They stand before everything that depends on them.
#[component]
pub fn PaneChoice() -> impl IntoView {
    // A policy that was refused is told beside its field: without script the page comes back with its pane shown.
    let refused = expect_context::<LabActions>().set_policy.error().with_untracked(Option::is_some);
    let FocusTargets { stored, policy, code, .. } = expect_context();
    view! {
        <input
            class="vh"
            type="radio"
            name="pane"
            id="pane-checks"
            aria-label="Checks"
            autocomplete="off"
            checked=!refused
        />
        <input class="vh" type="radio" name="pane" id="pane-stored" aria-label="Stored" autocomplete="off" node_ref=stored />
        <input
            class="vh"
            type="radio"
            name="pane"
            id="pane-policy"
            aria-label="Policy"
            autocomplete="off"
            checked=refused
            node_ref=policy
        />
        <input class="vh" type="radio" name="pane" id="pane-code" aria-label="Code" autocomplete="off" node_ref=code />
    }
}

/// Their labels on a wide page, where the checks have a column of their own.
#[component]
pub fn PaneTabs() -> impl IntoView {
    view! {
        <div class="panel-head tabs">
            <label class="tab t-stored" for="pane-stored">"Stored"</label>
            <label class="tab t-policy" for="pane-policy">"Policy"</label>
            <label class="tab t-code" for="pane-code">"Code"</label>
        </div>
    }
}

/// Their labels on a narrow page.
#[component]
pub fn PaneStrip() -> impl IntoView {
    let lab = expect_context::<LabState>();
    view! {
        <div class="strip">
            <label for="pane-checks">"Checks " <b>{move || lab.passed()} "/5"</b></label>
            <label for="pane-stored">"Stored"</label>
            <label for="pane-policy">"Policy"</label>
            <label for="pane-code">"Code"</label>
        </div>
    }
}
