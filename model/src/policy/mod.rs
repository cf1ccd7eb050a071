//! How often a state operation is tried, how long the actor waits in between, and how long one try may take.
//!
//! # Layout
//! - [`RetryPolicy`]: the policy of a lab, and the waits that it comes to
//! - [`form`]: a policy as a form sends it
//! - [`worst`]: whether a policy and a fault plan end within a turn's time

pub mod form;
pub mod worst;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    chance::draw,
    error::{LabError, ranged},
    operation::Operation,
};

/// A retry policy. *Attempts* counts every try, *retries* only those after the first: 3 attempts are 2 retries. The
/// event is published once, as in the lesson; for that only the time-out holds.
///
/// As JSON every field can be left out, and is then the lesson's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RetryPolicy {
    /// How often an operation is tried at most, the first time included: 1 to 10.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 10))]
    pub attempts: u8,
    /// The wait before the second attempt, in milliseconds: 0 to 60 000.
    #[cfg_attr(feature = "openapi", schema(maximum = 60_000))]
    pub delay_ms: u64,
    /// How the waits go on from there.
    pub backoff: Backoff,
    /// What an exponential wait grows to at most, in milliseconds: `delay_ms` to 60 000.
    #[cfg_attr(feature = "openapi", schema(maximum = 60_000))]
    pub max_delay_ms: u64,
    /// By how many of a hundred a wait is shortened at most, by chance: 0 to 100.
    #[cfg_attr(feature = "openapi", schema(maximum = 100))]
    pub jitter_percent: u8,
    /// Which sequence of chances: the same seed shortens the same waits of the same turns.
    pub seed: u32,
    /// How long one attempt may take, in milliseconds: 100 to 6 800.
    #[cfg_attr(feature = "openapi", schema(minimum = 100, maximum = 6_800))]
    pub attempt_timeout_ms: u64,
}

/// How the waits between attempts go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Backoff {
    /// Each is as long as the first.
    Constant,
    /// Each is twice as long as the one before.
    Exponential,
}

impl Backoff {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Exponential => "exponential",
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::LESSON
    }
}

impl RetryPolicy {
    /// The most attempts.
    pub const MAX_ATTEMPTS: u8 = 10;
    /// The longest wait, in milliseconds.
    pub const MAX_DELAY_MS: u64 = 60_000;
    /// The shortest time-out of an attempt, in milliseconds.
    pub const MIN_TIMEOUT_MS: u64 = 100;
    /// The longest, in milliseconds. It outlasts what daprd takes to give up a Redis that refuses connections (6.3 s
    /// with its defaults), so that daprd's own error is told.
    pub const MAX_TIMEOUT_MS: u64 = 6_800;

    /// The lesson's: three attempts with one second between them.
    pub const LESSON: Self = Self {
        attempts: 3,
        delay_ms: 1_000,
        backoff: Backoff::Constant,
        max_delay_ms: 10_000,
        jitter_percent: 0,
        seed: 1,
        attempt_timeout_ms: Self::MAX_TIMEOUT_MS,
    };

    /// Whether every field is in its range, and the fields go together.
    ///
    /// # Errors
    /// The first field that does not.
    pub fn check(self) -> Result<(), LabError> {
        ranged::<u8>("attempts", self.attempts.into(), 1, Self::MAX_ATTEMPTS.into())?;
        ranged::<u64>("delay_ms", self.delay_ms, 0, Self::MAX_DELAY_MS)?;
        ranged::<u64>("max_delay_ms", self.max_delay_ms, 0, Self::MAX_DELAY_MS)?;
        ranged::<u8>("jitter_percent", self.jitter_percent.into(), 0, 100)?;
        ranged::<u64>("attempt_timeout_ms", self.attempt_timeout_ms, Self::MIN_TIMEOUT_MS, Self::MAX_TIMEOUT_MS)?;
        if self.backoff == Backoff::Exponential && self.max_delay_ms < self.delay_ms {
            let (cap, delay) = (self.max_delay_ms, self.delay_ms);
            let message =
                format!("max_delay_ms is {cap}, below delay_ms, which is {delay}: it may be {delay} to 60000.");
            return Err(LabError::of_field("max_delay_ms", message));
        }
        Ok(())
    }

    /// How many retries that is.
    #[must_use]
    pub const fn retries(self) -> u8 {
        self.attempts.saturating_sub(1)
    }

    /// How often an operation is tried at most: a publish once.
    #[must_use]
    pub const fn attempts_of(self, operation: Operation) -> u8 {
        match operation {
            Operation::Publish => 1,
            Operation::Load | Operation::Save | Operation::Delete => self.attempts,
        }
    }

    /// The wait before an attempt (from the second) at its longest, in milliseconds: without jitter.
    #[must_use]
    pub fn longest_wait_before_ms(self, attempt: u8) -> u64 {
        match self.backoff {
            Backoff::Constant => self.delay_ms,
            Backoff::Exponential => {
                let doublings = u32::from(attempt.saturating_sub(2)).min(32);
                self.delay_ms.saturating_mul(1 << doublings).min(self.max_delay_ms)
            }
        }
    }

    /// The wait before an attempt (from the second) of an operation in a turn, in milliseconds. The same for the actor,
    /// which waits it, and for the prediction.
    #[must_use]
    pub fn wait_ms(self, turn: u64, operation: Operation, attempt: u8) -> u64 {
        let longest = self.longest_wait_before_ms(attempt);
        let most = longest * u64::from(self.jitter_percent.min(100)) / 100;
        if most == 0 {
            return longest;
        }
        let place = (turn << 10) | ((operation as u64) << 8) | u64::from(attempt);
        longest - draw(self.seed, place) % (most + 1)
    }

    /// The longest that one operation can wait in all, in milliseconds.
    #[must_use]
    pub fn longest_wait_ms(self) -> u64 {
        (2..=self.attempts).map(|attempt| self.longest_wait_before_ms(attempt)).sum()
    }
}

impl fmt::Display for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attempts, delay_ms, backoff, attempt_timeout_ms, .. } = self;
        write!(f, "{attempts} attempts, {} waits from {delay_ms} ms", backoff.as_str())?;
        if *backoff == Backoff::Exponential {
            write!(f, " to {} ms", self.max_delay_ms)?;
        }
        if self.jitter_percent > 0 {
            write!(f, ", up to {} % shorter", self.jitter_percent)?;
        }
        write!(f, ", time-out {attempt_timeout_ms} ms")
    }
}

#[cfg(test)]
mod tests;
