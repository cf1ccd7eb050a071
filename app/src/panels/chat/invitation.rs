//! What a new lab says around the field to write in.

use leptos::prelude::*;

use crate::{
    actions::LabActions,
    components::ServerForm,
    state::{lab::LabState, prediction::PredictionState},
};
use model::operation::Operation;

/// What to do, and what will come of it.
#[component]
pub(super) fn Invitation(
    /// Whether nobody has sent anything yet.
    untouched: Memo<bool>,
) -> impl IntoView {
    let prediction = expect_context::<PredictionState>();
    let next =
        Memo::new(move |_| prediction.forecast.with(|forecast| (forecast.next.succeeds(), forecast.next.waits_ms())));
    let promise = move || match next.get() {
        (true, 0) => "The failure switch lets it pass: the actor answers at once.",
        (true, _) => "The state store will fail, on purpose. Watch the actor wait a second, try again, and answer.",
        (false, _) => {
            "The state store will fail every attempt, on purpose. Watch the actor give up, and nothing change."
        }
    };
    view! {
        <div class="invite-box" hidden=move || !untouched.get()>
            <h1>"Send the first message."</h1>
            <p>{promise}</p>
        </div>
    }
}

/// Two other settings of the switch that are worth a message.
#[component]
pub(super) fn ThenTry(
    /// Whether nobody has sent anything yet.
    untouched: Memo<bool>,
) -> impl IntoView {
    view! {
        <div class="then" hidden=move || !untouched.get()>
            "Then try"
            <Setting name="save fails twice" operation=Operation::Save attempts=2 />
            <Setting name="retries exhausted" operation=Operation::Load attempts=3 />
        </div>
    }
}

/// A setting of the switch, as a form that sets it.
#[component]
fn Setting(
    /// What it is called.
    name: &'static str,
    /// What fails.
    operation: Operation,
    /// How many attempts of it fail.
    attempts: u8,
) -> impl IntoView {
    let lab = expect_context::<LabState>();
    let action = expect_context::<LabActions>().set_fault;
    view! {
        <ServerForm action>
            <input type="hidden" name="actor" value=lab.actor().to_string() />
            <input type="hidden" name="on" value="on" />
            <input type="hidden" name="plan[0][operation]" value=operation.as_str() />
            <input type="hidden" name="plan[0][attempts]" value=attempts />
            <button class="link" type="submit">
                {name}
            </button>
        </ServerForm>
    }
}
