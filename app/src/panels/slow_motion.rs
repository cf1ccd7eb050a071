//! Slow motion for a room: how many seconds the actor waits between its attempts, in the bar on top. It is the actor's own
//! policy that is slow, and no film of it.

use leptos::{html, prelude::*};

use super::policy::{FIELDS, field_name};
use crate::{
    actions::LabActions,
    components::{ApplyButton, ErrorLine, ServerForm, put_back_when_refused, tick_when_changed},
    state::lab::LabState,
};
use model::policy::{RetryPolicy, form::PolicyForm};

/// What there is to choose from, in seconds. Their digits are keys in a room.
const SECONDS: [u64; 3] = [1, 2, 5];

/// The choice.
#[component]
pub fn SlowMotion() -> impl IntoView {
    let lab = expect_context::<LabState>();
    let kept = Memo::new(move |_| kept(lab.panels.with(|panels| panels.policy)));
    let action = expect_context::<LabActions>().set_policy;
    let error = action.error();
    let form = NodeRef::<html::Form>::new();
    put_back_when_refused(form, error);
    let hidden = FIELDS.into_iter().filter(|(field, _)| *field != "delay_ms").map(move |(field, place)| {
        let value = move || place(&mut kept.get()).clone();
        view! { <input type="hidden" name=field_name(field) value=value /> }
    });
    let choices = SECONDS.into_iter().map(move |seconds| view! { <Choice seconds kept /> });
    view! {
        <ServerForm action at_once=true class="slow" attr:autocomplete="off" node_ref=form>
            <input type="hidden" name="actor" value=lab.actor().to_string() />
            {hidden.collect_view()}
            <fieldset title="How long the actor waits between its attempts: 1, 2, 5">
                <legend>"Wait"</legend>
                {choices.collect_view()}
            </fieldset>
            <ApplyButton />
            <ErrorLine error />
        </ServerForm>
    }
}

/// One wait to choose.
#[component]
fn Choice(
    /// Its length.
    seconds: u64,
    /// What else the policy says.
    kept: Memo<PolicyForm>,
) -> impl IntoView {
    let delay_ms = (seconds * 1_000).to_string();
    let chosen = Memo::new({
        let delay_ms = delay_ms.clone();
        move |_| kept.with(|policy| policy.delay_ms == delay_ms)
    });
    let field = NodeRef::<html::Input>::new();
    tick_when_changed(field, chosen);
    view! {
        <label>
            <input
                type="radio"
                name=field_name("delay_ms")
                value=delay_ms
                checked=chosen
                node_ref=field
            />
            <span>{format!("{seconds} s")}</span>
        </label>
    }
}

/// What else the policy says stays as it is; only its longest wait has to allow for all of them.
fn kept(policy: RetryPolicy) -> PolicyForm {
    let longest = SECONDS.into_iter().fold(policy.max_delay_ms, |longest, seconds| longest.max(seconds * 1_000));
    RetryPolicy { max_delay_ms: longest, ..policy }.into()
}

/// The policy with this wait.
pub(super) fn slowed(policy: RetryPolicy, seconds: u64) -> PolicyForm {
    PolicyForm { delay_ms: (seconds * 1_000).to_string(), ..kept(policy) }
}
