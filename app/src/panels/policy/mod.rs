//! The pane *Policy*: the retry policy in force, to be set, and the same in Rust, in Python and as Dapr would have it.

mod form;
mod samples;

use leptos::prelude::*;

use self::form::PolicyFields;
pub(super) use self::form::{FIELDS, field_name};
use super::sidecar_retries::SidecarRetriesForm;
use crate::{
    components::{TurnTrace, turn_trace::policy_marks},
    state::lab::LabState,
};
use model::policy::RetryPolicy;

/// The pane.
#[component]
pub fn PolicyPane() -> impl IntoView {
    let lab = expect_context::<LabState>();
    let policy = Memo::new(move |_| lab.panels.with(|panels| panels.policy));
    view! {
        <div class="pane pane-policy">
            <div class="block">
                <h3>"Retry policy " <span class="note">"loads and saves alike"</span></h3>
                <PolicyFields policy />
                <p class="policy-sum">
                    {move || view! { <TurnTrace marks=policy_marks(policy.get().attempts) /> }}
                    " "
                    <span>{move || samples::sum(policy.get())}</span>
                </p>
                <p class="note">
                    "Attempts count every try, retries only those after the first. The event is published once, as \
                     in the lesson: a publish that fails is shown and does not fail the turn."
                </p>
            </div>
            <div class="block">
                <h3>"Below it " <span class="note">"the sidecar’s own retries, for every actor"</span></h3>
                <SidecarRetriesForm />
            </div>
            <Sample language="Rust" what="this actor’s policy" policy write=samples::rust />
            <Sample language="Python" what="the lesson’s loop" policy write=samples::python />
            <Sample language="Dapr" what="resiliency.yaml" policy write=samples::resiliency />
        </div>
    }
}

/// The policy in another language.
#[component]
fn Sample(
    /// The language.
    language: &'static str,
    /// What stands there.
    what: &'static str,
    /// The policy in force.
    policy: Memo<RetryPolicy>,
    /// Writes it.
    write: fn(RetryPolicy) -> String,
) -> impl IntoView {
    view! {
        <div class="block">
            <h3>{format!("In {language} ")} <span class="note">{what}</span></h3>
            <pre class="code">
                <code>{move || write(policy.get())}</code>
            </pre>
        </div>
    }
}
