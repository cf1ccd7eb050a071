//! The fields of the retry policy.

use leptos::{prelude::*, server_fn::ServerFn};

use crate::{
    actions::LabActions,
    components::{ApplyButton, ErrorLine, NumberField, SelectField, ServerForm, Words, refused},
    functions::policy::SetPolicy,
    state::{form::FormState, lab::LabState},
    typed::Part,
};
use model::policy::{RetryPolicy, form::PolicyForm};

/// Every field of the policy.
pub(in crate::panels) const FIELDS: [Part<PolicyForm>; 7] = [
    ("attempts", |form| &mut form.attempts),
    ("delay_ms", |form| &mut form.delay_ms),
    ("backoff", |form| &mut form.backoff),
    ("max_delay_ms", |form| &mut form.max_delay_ms),
    ("jitter_percent", |form| &mut form.jitter_percent),
    ("seed", |form| &mut form.seed),
    ("attempt_timeout_ms", |form| &mut form.attempt_timeout_ms),
];

const BACKOFFS: Words = &[("constant", "constant"), ("exponential", "exponential, doubling")];

/// What a field is called in a form.
pub(in crate::panels) fn field_name(part: &str) -> String {
    format!("policy[{part}]")
}

/// The form. Whatever is set takes effect at once; without script *Apply* does it.
#[component]
pub(super) fn PolicyFields(
    /// The policy in force.
    policy: Memo<RetryPolicy>,
) -> impl IntoView {
    let lab = expect_context::<LabState>();
    let action = expect_context::<LabActions>().set_policy;
    let error = action.error();
    let [attempts, wait, backoff, longest, jitter, seed, timeout] = FIELDS;
    let number = move |label, field: Part<PolicyForm>, (least, most), unit| {
        let (name, value, error) = (field_name(field.0), shown(policy, field), refused(error, field.0));
        view! { <NumberField label name value error least most unit /> }
    };
    let seeds = (0, u32::MAX.into());
    let timeouts = (RetryPolicy::MIN_TIMEOUT_MS, RetryPolicy::MAX_TIMEOUT_MS);
    let (backoff, value) = (backoff.0, shown(policy, backoff));
    view! {
        <ServerForm action at_once=true class="fields" attr:autocomplete="off">
            <input type="hidden" name="actor" value=lab.actor().to_string() />
            {number("Attempts", attempts, (1, 10), "")}
            {number("Wait", wait, (0, 60_000), "ms")}
            <SelectField
                label="Backoff"
                name=field_name(backoff)
                value
                words=BACKOFFS
                error=refused(error, backoff)
            />
            {number("Longest", longest, (0, 60_000), "ms")}
            {number("Jitter", jitter, (0, 100), "%")}
            {number("Seed", seed, seeds, "")}
            {number("Time-out", timeout, timeouts, "ms")}
            <ApplyButton />
            <ErrorLine error beside=is_field />
        </ServerForm>
    }
}

/// What a field begins with, and what comes into force later: at first what was typed, if the form came back without
/// script.
fn shown(policy: Memo<RetryPolicy>, (part, place): Part<PolicyForm>) -> Memo<String> {
    let forms = expect_context::<FormState>();
    let typed = forms.typed.with_untracked(|typed| typed.text(SetPolicy::PATH, &field_name(part)).map(str::to_owned));
    let in_force = Memo::new(move |_| place(&mut policy.get().into()).clone());
    Memo::new(move |before: Option<&String>| {
        let now = in_force.get();
        typed.clone().filter(|_| before.is_none()).unwrap_or(now)
    })
}

/// Whether an error's field is one of these.
fn is_field(field: &str) -> bool {
    FIELDS.iter().any(|(part, _)| *part == field)
}
