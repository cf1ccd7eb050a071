//! A policy as a form sends it: every field a text, as it was typed.

use serde::{Deserialize, Serialize};

use super::RetryPolicy;
use crate::error::LabError;

/// The fields of a policy. One that is empty is the lesson's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyForm {
    /// How often an operation is tried at most.
    pub attempts: String,
    /// The wait before the second attempt, in milliseconds.
    pub delay_ms: String,
    /// `constant` or `exponential`.
    pub backoff: String,
    /// What an exponential wait grows to at most, in milliseconds.
    pub max_delay_ms: String,
    /// By how many of a hundred a wait is shortened at most.
    pub jitter_percent: String,
    /// Which sequence of chances.
    pub seed: String,
    /// How long one attempt may take, in milliseconds.
    pub attempt_timeout_ms: String,
}

impl PolicyForm {
    /// The policy that the form holds.
    ///
    /// # Errors
    /// The field that is no number or no word of its kind, or out of its range.
    pub fn policy(&self) -> Result<RetryPolicy, LabError> {
        use crate::{
            error::ranged,
            form::{number, word},
        };
        let lesson = RetryPolicy::LESSON;
        let given = |field, text: &str, usual: u64| Ok::<u64, LabError>(number(field, text)?.unwrap_or(usual));
        let attempts = given("attempts", &self.attempts, lesson.attempts.into())?;
        let jitter = given("jitter_percent", &self.jitter_percent, lesson.jitter_percent.into())?;
        let policy = RetryPolicy {
            attempts: ranged("attempts", attempts, 1, RetryPolicy::MAX_ATTEMPTS.into())?,
            delay_ms: given("delay_ms", &self.delay_ms, lesson.delay_ms)?,
            backoff: word("backoff", &self.backoff, "constant or exponential")?.unwrap_or(lesson.backoff),
            max_delay_ms: given("max_delay_ms", &self.max_delay_ms, lesson.max_delay_ms)?,
            jitter_percent: ranged("jitter_percent", jitter, 0, 100)?,
            seed: ranged("seed", given("seed", &self.seed, lesson.seed.into())?, 0, u32::MAX.into())?,
            attempt_timeout_ms: given("attempt_timeout_ms", &self.attempt_timeout_ms, lesson.attempt_timeout_ms)?,
        };
        policy.check().map(|()| policy)
    }
}

impl From<RetryPolicy> for PolicyForm {
    fn from(policy: RetryPolicy) -> Self {
        Self {
            attempts: policy.attempts.to_string(),
            delay_ms: policy.delay_ms.to_string(),
            backoff: policy.backoff.as_str().to_owned(),
            max_delay_ms: policy.max_delay_ms.to_string(),
            jitter_percent: policy.jitter_percent.to_string(),
            seed: policy.seed.to_string(),
            attempt_timeout_ms: policy.attempt_timeout_ms.to_string(),
        }
    }
}
