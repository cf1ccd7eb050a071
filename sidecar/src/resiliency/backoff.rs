//! How long to wait before each retry, as `cenkalti/backoff` 4.3 counts it.

use std::time::Duration;

use tokio::time::Instant;

/// How the waits of a retry policy grow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Backoff {
    /// The same wait each time.
    Constant {
        /// The wait.
        delay: Duration,
    },
    /// Waits that grow by half each time, from 500 ms, each of them varied by up to half of itself.
    Exponential {
        /// What the wait grows to; the variation comes on top.
        max_interval: Duration,
    },
}

/// Dapr's `duration` when a constant policy does not give it.
pub(super) const DEFAULT_DELAY: Duration = Duration::from_secs(5);
/// Dapr's `maxInterval` when an exponential policy does not give it.
pub(super) const DEFAULT_MAX_INTERVAL: Duration = Duration::from_secs(60);
const INITIAL_INTERVAL: Duration = Duration::from_millis(500);
const MULTIPLIER: f64 = 1.5;
const SPREAD: f64 = 0.5;
/// A policy that has more retries left than these, or any number of them, waits for this long at least each time: one that
/// did not would keep a processor and the log busy for as long as its target is down.
const MANY: u64 = 100;
const LEAST_OF_MANY: Duration = Duration::from_millis(100);
/// An exponential policy gives up when the next attempt would begin later than this.
pub(super) const MAX_ELAPSED: Duration = Duration::from_secs(15 * 60);

impl Backoff {
    /// The shortest and the longest wait before the retry `number`, counted from 1.
    pub fn range(&self, number: u32) -> (Duration, Duration) {
        match self {
            Self::Constant { delay } => (*delay, *delay),
            Self::Exponential { max_interval } => {
                let mut interval = INITIAL_INTERVAL;
                for _ in 1..number {
                    let next = grown(interval, *max_interval);
                    if next == interval {
                        break;
                    }
                    interval = next;
                }
                (interval.mul_f64(1.0 - SPREAD), interval.mul_f64(1.0 + SPREAD))
            }
        }
    }
}

fn grown(interval: Duration, max_interval: Duration) -> Duration {
    if interval.as_secs_f64() >= max_interval.as_secs_f64() / MULTIPLIER {
        max_interval
    } else {
        interval.mul_f64(MULTIPLIER)
    }
}

/// The waits of one operation.
#[derive(Debug)]
pub(super) struct Waits {
    backoff: Backoff,
    /// Retries that are left; `None` means without end.
    left: Option<u64>,
    interval: Duration,
    started: Instant,
}

impl Waits {
    pub(super) fn new(backoff: Backoff, max_retries: Option<u64>) -> Self {
        Self { backoff, left: max_retries, interval: INITIAL_INTERVAL, started: Instant::now() }
    }

    /// The next wait; `None` when the operation is not tried again.
    pub(super) fn next(&mut self) -> Option<Duration> {
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(1)?;
        }
        let least = if self.left.is_none_or(|left| left >= MANY) { LEAST_OF_MANY } else { Duration::ZERO };
        match self.backoff {
            Backoff::Constant { delay } => Some(delay.max(least)),
            Backoff::Exponential { max_interval } => {
                let wait = self.interval.mul_f64(1.0 - SPREAD + 2.0 * SPREAD * fastrand::f64());
                self.interval = grown(self.interval, max_interval);
                let wait = wait.max(least);
                (self.started.elapsed() + wait <= MAX_ELAPSED).then_some(wait)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_constant_policy_waits_the_same_each_time_and_then_ends() {
        let delay = Duration::from_secs(1);
        let mut waits = Waits::new(Backoff::Constant { delay }, Some(2));
        assert_eq!([waits.next(), waits.next(), waits.next()], [Some(delay), Some(delay), None]);
        assert_eq!(Waits::new(Backoff::Constant { delay }, Some(0)).next(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_policy_with_many_retries_or_without_end_always_waits() {
        let tiny = Backoff::Exponential { max_interval: Duration::from_nanos(1) };
        for backoff in [Backoff::Constant { delay: Duration::ZERO }, tiny] {
            for retries in [None, Some(1_000_000)] {
                let mut waits = Waits::new(backoff, retries);
                assert!((0..100).all(|_| waits.next().is_some_and(|wait| wait >= LEAST_OF_MANY)), "{backoff:?}");
            }
        }
        assert_eq!(Waits::new(Backoff::Constant { delay: Duration::ZERO }, Some(1)).next(), Some(Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn exponential_waits_grow_by_half_up_to_the_limit_and_vary_by_half() {
        let backoff = Backoff::Exponential { max_interval: Duration::from_secs(1) };
        for _ in 0..200 {
            let mut waits = Waits::new(backoff, None);
            for (retry, interval) in (1..).zip([0.5, 0.75, 1.0, 1.0]) {
                let wait = waits.next().expect("without end");
                let (least, most) = backoff.range(retry);
                assert_eq!((least.as_secs_f64(), most.as_secs_f64()), (interval * 0.5, interval * 1.5));
                assert!(least <= wait && wait <= most, "{wait:?} of {interval} s");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_exponential_policy_gives_up_after_a_quarter_of_an_hour() {
        let mut waits = Waits::new(Backoff::Exponential { max_interval: DEFAULT_MAX_INTERVAL }, None);
        let begun = Instant::now();
        while let Some(wait) = waits.next() {
            tokio::time::advance(wait).await;
        }
        let took = begun.elapsed();
        assert!(took <= MAX_ELAPSED && took > MAX_ELAPSED - Duration::from_secs(90), "{took:?}");
    }
}
