//! The pane *Policy*: the retry policy in force, to be set, and the same in Rust, in Python and as Dapr would have it.

use leptos::prelude::*;
use maud::{Markup, html};
use web_sys::Element;

use super::{
    fields::{Field, Part, Words, apply_button, choice_field, error_line, number_field, typed_in},
    sidecar_retries::sidecar_retries_form,
    trace::policy_trace,
};
use crate::markup::drawn;
use crate::{
    format::tenths_ms,
    live::{
        controls::{self, Change, SET_POLICY},
        store::Store,
    },
    markup::keep,
};
use model::policy::{Backoff, RetryPolicy, form::PolicyForm};

/// Every field of the policy.
pub(super) const PARTS: [Part<PolicyForm>; 7] = [
    ("attempts", |form| &mut form.attempts),
    ("delay_ms", |form| &mut form.delay_ms),
    ("backoff", |form| &mut form.backoff),
    ("max_delay_ms", |form| &mut form.max_delay_ms),
    ("jitter_percent", |form| &mut form.jitter_percent),
    ("seed", |form| &mut form.seed),
    ("attempt_timeout_ms", |form| &mut form.attempt_timeout_ms),
];

const BACKOFFS: Words = &[("constant", "constant"), ("exponential", "exponential, doubling")];

/// The pane.
#[component]
pub fn PolicyPane() -> impl IntoView {
    let store = expect_context::<Store>();
    drawn(|| pane(store))
}

/// Keeps it.
pub(super) fn start(store: Store) {
    keep(".pane-policy", move || pane(store));
}

/// Sets what stands in the fields: whatever is set takes effect at once. Without script *Apply* does it.
pub(crate) fn apply(store: Store, form: &Element) {
    let mut policy = PolicyForm::default();
    for (part, place) in PARTS {
        *place(&mut policy) = typed_in(form, &name(part)).unwrap_or_default();
    }
    controls::set(store, Change::Policy(policy));
}

/// What a field is called in a form.
pub(super) fn name(part: &str) -> String {
    format!("policy[{part}]")
}

fn pane(store: Store) -> Markup {
    store.panels.with(|panels| {
        let policy = panels.policy;
        html! {
            div.pane.pane-policy {
                div.block {
                    h3 { "Retry policy " span.note { "loads and saves alike" } }
                    (form(store, policy))
                    p.policy-sum { (policy_trace(policy.attempts)) " " span { (sum(policy)) } }
                    p.note {
                        "Attempts count every try, retries only those after the first. The event is published once, as \
                         in the lesson: a publish that fails is shown and does not fail the turn."
                    }
                }
                div.block {
                    h3 { "Below it " span.note { "the sidecar’s own retries, for every actor" } }
                    (sidecar_retries_form(store, panels))
                }
                (code("Rust", "this actor’s policy", &rust(policy)))
                (code("Python", "the lesson’s loop", &python(policy)))
                (code("Dapr", "resiliency.yaml", &resiliency(policy)))
            }
        }
    })
}

fn code(language: &str, what: &str, text: &str) -> Markup {
    html! {
        div.block {
            h3 { "In " (language) " " span.note { (what) } }
            pre.code { code { (text) } }
        }
    }
}

/// What is in force stands in the fields. What was refused without script stays as it was typed.
fn form(store: Store, policy: RetryPolicy) -> Markup {
    let mut values = PolicyForm::from(policy);
    store.typed.with_untracked(|typed| {
        for (part, place) in PARTS {
            if let Some(text) = typed.text(SET_POLICY, &name(part)) {
                text.clone_into(place(&mut values));
            }
        }
    });
    let [attempts, wait, backoff, longest, jitter, seed, timeout] = PARTS;
    let scripted = store.mounted.get();
    store.error.with(|error| {
        let error = error.as_ref().filter(|error| error.path == SET_POLICY).map(|error| &error.error);
        let mut field = |label, (part, place): Part<PolicyForm>| {
            let refused = error.filter(|error| error.field.as_deref() == Some(part));
            let leads = refused.is_some() && !scripted;
            Field { label, name: name(part), value: place(&mut values).clone(), refused, leads }
        };
        html! {
            form.fields action=(SET_POLICY) method="post" autocomplete="off" {
                input type="hidden" name="actor" value=(store.actor_id());
                (number_field(&field("Attempts", attempts), 1, 10, ""))
                (number_field(&field("Wait", wait), 0, 60_000, "ms"))
                (choice_field(&field("Backoff", backoff), BACKOFFS))
                (number_field(&field("Longest", longest), 0, 60_000, "ms"))
                (number_field(&field("Jitter", jitter), 0, 100, "%"))
                (number_field(&field("Seed", seed), 0, u32::MAX.into(), ""))
                (number_field(&field("Time-out", timeout), RetryPolicy::MIN_TIMEOUT_MS, RetryPolicy::MAX_TIMEOUT_MS, "ms"))
                (apply_button())
                (error_line(store, &[SET_POLICY], |field| PARTS.iter().any(|(part, _)| *part == field)))
            }
        }
    })
}

fn sum(policy: RetryPolicy) -> String {
    let (attempts, retries) = (policy.attempts, policy.retries());
    let wait = tenths_ms(policy.longest_wait_ms());
    let few = |n, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let retries = if retries == 1 { "1 retry".to_owned() } else { format!("{retries} retries") };
    format!("{}, {retries}, waits of at most {wait}", few(attempts, "attempt"))
}

fn rust(policy: RetryPolicy) -> String {
    let RetryPolicy { attempts, delay_ms, backoff, max_delay_ms, jitter_percent, seed, attempt_timeout_ms } = policy;
    format!(
        "RetryPolicy {{\n    attempts: {attempts},\n    delay_ms: {delay_ms},\n    backoff: Backoff::{backoff:?},\n    \
         max_delay_ms: {max_delay_ms},\n    jitter_percent: {jitter_percent},\n    seed: {seed},\n    \
         attempt_timeout_ms: {attempt_timeout_ms},\n}}"
    )
}

/// A number of milliseconds as Python has seconds.
fn seconds(ms: u64) -> String {
    let text = format!("{}.{:03}", ms / 1_000, ms % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn python(policy: RetryPolicy) -> String {
    let (attempts, delay, limit) = (policy.attempts, seconds(policy.delay_ms), seconds(policy.attempt_timeout_ms));
    let wait = match policy.backoff {
        Backoff::Constant => delay,
        Backoff::Exponential => format!("min({delay} * 2 ** (attempt - 1), {})", seconds(policy.max_delay_ms)),
    };
    let wait = match policy.jitter_percent {
        0 => wait,
        percent => format!("{wait} * uniform({}, 1)", seconds(1_000 - u64::from(percent) * 10)),
    };
    format!(
        "for attempt in range(1, {attempts} + 1):\n    try:\n        history = await wait_for(load(), {limit})\n        \
         break\n    except Exception as error:\n        if attempt == {attempts}:\n            raise\n        \
         log(f\"Retry {{attempt}}: {{error}}\")\n        await sleep({wait})"
    )
}

fn resiliency(policy: RetryPolicy) -> String {
    let retries = policy.retries();
    let waits = match policy.backoff {
        Backoff::Constant => format!("policy: constant\n      duration: {}ms", policy.delay_ms),
        // Dapr's exponential waits cannot be set but for their end.
        Backoff::Exponential => {
            format!("policy: exponential  # from 500 ms, by half, ±50 %\n      maxInterval: {}ms", policy.max_delay_ms)
        }
    };
    let jitter = match (policy.backoff, policy.jitter_percent) {
        (Backoff::Constant, 1..) => "  # constant waits have no jitter in Dapr\n",
        _ => "",
    };
    format!(
        "{jitter}policies:\n  timeouts:\n    history: {}ms\n  retries:\n    history:\n      {waits}\n      maxRetries: {retries}",
        policy.attempt_timeout_ms
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOUBLING: RetryPolicy = RetryPolicy {
        attempts: 5,
        delay_ms: 250,
        backoff: Backoff::Exponential,
        max_delay_ms: 1_500,
        jitter_percent: 25,
        attempt_timeout_ms: 2_000,
        ..RetryPolicy::LESSON
    };

    #[test]
    fn every_text_follows_the_policy() {
        assert_eq!(sum(RetryPolicy::LESSON), "3 attempts, 2 retries, waits of at most 2.0 s");
        assert_eq!(sum(RetryPolicy { attempts: 1, ..DOUBLING }), "1 attempt, 0 retries, waits of at most 0.0 s");
        assert!(rust(DOUBLING).contains("backoff: Backoff::Exponential,\n    max_delay_ms: 1500,"));
        assert!(python(RetryPolicy::LESSON).ends_with("await sleep(1)"));
        assert!(python(DOUBLING).contains("range(1, 5 + 1)") && python(DOUBLING).contains("wait_for(load(), 2)"));
        assert!(python(DOUBLING).ends_with("await sleep(min(0.25 * 2 ** (attempt - 1), 1.5) * uniform(0.75, 1))"));
        assert!(
            resiliency(RetryPolicy::LESSON).contains("policy: constant\n      duration: 1000ms\n      maxRetries: 2")
        );
        assert!(resiliency(DOUBLING).contains("maxInterval: 1500ms\n      maxRetries: 4"));
    }
}
