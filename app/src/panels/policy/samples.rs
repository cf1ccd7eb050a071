//! A policy in words, in Rust, in Python and as Dapr would have it. Pure.

use crate::format::tenths_ms;
use model::policy::{Backoff, RetryPolicy};

/// What a policy amounts to.
pub(super) fn sum(policy: RetryPolicy) -> String {
    let (attempts, retries) = (policy.attempts, policy.retries());
    let wait = tenths_ms(policy.longest_wait_ms());
    let few = |n, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let retries = if retries == 1 { "1 retry".to_owned() } else { format!("{retries} retries") };
    format!("{}, {retries}, waits of at most {wait}", few(attempts, "attempt"))
}

/// The policy in Rust, as this actor has it.
pub(super) fn rust(policy: RetryPolicy) -> String {
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

/// The policy as the lesson's loop would have it.
pub(super) fn python(policy: RetryPolicy) -> String {
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

/// The policy as Dapr would have it.
pub(super) fn resiliency(policy: RetryPolicy) -> String {
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
