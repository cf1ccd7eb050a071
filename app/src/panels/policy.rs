//! The pane *Policy*: the retry policy in force, and the same as Dapr would have it.

use leptos::prelude::*;

use crate::{format::tenths_ms, panels::trace::policy_trace, policy::RetryPolicy};

/// The pane. It is rendered by the server alone.
#[component]
pub fn PolicyPane(policy: RetryPolicy) -> impl IntoView {
    let (attempts, retries) = (policy.attempts, policy.retries());
    let sum = format!("{attempts} attempts, {retries} retries, at most {}", tenths_ms(policy.longest_wait_ms()));
    view! {
        <div class="pane pane-policy">
            <div class="block">
                <h3>"Retry policy " <span class="note">"loads and saves alike"</span></h3>
                <dl class="facts">
                    <div><dt>"Attempts"</dt><dd>{attempts.to_string()}</dd></div>
                    <div><dt>"Wait between"</dt><dd>{tenths_ms(policy.delay_ms)}</dd></div>
                    <div><dt>"Backoff"</dt><dd>"constant"</dd></div>
                    <div><dt>"Jitter"</dt><dd>"none"</dd></div>
                </dl>
                <p class="policy-sum">{policy_trace(attempts)} <span>{sum}</span></p>
                <p class="note">
                    "Attempts count every try, retries only those after the first. The event is published once, as in \
                     the lesson: a publish that fails is shown and does not fail the turn."
                </p>
            </div>
            <div class="block">
                <h3>"The same in Dapr " <span class="note">"resiliency.yaml, policies.retries"</span></h3>
                <pre class="code"><code>
                    "history:\n  policy: " <em>"constant"</em> "\n  duration: "
                    <em>{format!("{}ms", policy.delay_ms)}</em> "\n  maxRetries: " <em>{retries.to_string()}</em>
                </code></pre>
            </div>
        </div>
    }
}
