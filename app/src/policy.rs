//! How often a state operation is tried, and how long the actor waits in between.

use serde::{Deserialize, Serialize};

/// A retry policy. *Attempts* counts every try, *retries* only those after the first: 3 attempts are 2 retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RetryPolicy {
    /// How often an operation is tried at most, the first time included.
    pub attempts: u8,
    /// The wait between two attempts, in milliseconds.
    pub delay_ms: u64,
}

impl RetryPolicy {
    /// The lesson's: three attempts with one second between them.
    pub const LESSON: Self = Self { attempts: 3, delay_ms: 1_000 };

    /// How many retries that is.
    #[must_use]
    pub const fn retries(self) -> u8 {
        self.attempts.saturating_sub(1)
    }

    /// The longest that one operation can wait in all, in milliseconds.
    #[must_use]
    pub const fn longest_wait_ms(self) -> u64 {
        self.retries() as u64 * self.delay_ms
    }
}
