//! A circuit breaker with the rules of `sony/gobreaker` 0.5, which daprd uses.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cel::{Context, Value};
use tokio::time::Instant;

use crate::expression::Expression;
use crate::observation::{BreakerChange, BreakerState, EventKind, Observation};

/// Dapr's `timeout` of a circuit breaker that does not give it.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
/// More consecutive failures than this open a breaker without a `trip`.
const DEFAULT_TRIP: i64 = 5;

/// What an expression may ask for.
const VARIABLES: [&str; 5] =
    ["requests", "totalSuccesses", "totalFailures", "consecutiveSuccesses", "consecutiveFailures"];

/// A circuit breaker policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitBreaker {
    /// The policy's name.
    pub policy: String,
    /// How many attempts pass while it is half open, and how many must succeed to close it.
    pub max_requests: u32,
    /// How often the counts begin anew while it is closed; `None` means never.
    pub interval: Option<Duration>,
    /// How long it stays open before it is half open.
    pub timeout: Duration,
    /// The CEL expression that opens it; `None` means `consecutiveFailures > 5`.
    pub trip: Option<String>,
}

/// Compiles a `trip` expression and checks that it can be true.
///
/// # Errors
/// What is wrong with it. (daprd takes an expression with an unknown variable, or one that is no
/// condition, and never opens the breaker.)
pub(super) fn compile_trip(expression: &str) -> Result<Arc<Expression>, String> {
    let program =
        Expression::compile(expression).map_err(|error| format!("{expression:?} is no CEL expression: {error}"))?;
    if let Some(name) = program.variables().iter().find(|name| !VARIABLES.contains(&name.as_str())) {
        return Err(format!("{expression:?} asks for {name}; there is {}", VARIABLES.join(", ")));
    }
    let sample = Counts { requests: 1, failures: 1, consecutive_failures: 1, ..Counts::default() };
    match evaluate(&program, &sample) {
        // What fails for these counts (a division) may work for others.
        Ok(Value::Bool(_)) | Err(_) => Ok(Arc::new(program)),
        Ok(_) => Err(format!("{expression:?} is neither true nor false")),
    }
}

fn evaluate(program: &Expression, counts: &Counts) -> Result<Value, String> {
    let values =
        [counts.requests, counts.successes, counts.failures, counts.consecutive_successes, counts.consecutive_failures];
    let mut context = Context::default();
    for (name, value) in VARIABLES.into_iter().zip(values) {
        context.add_variable(name, value).map_err(|error| error.to_string())?;
    }
    program.evaluate(context)
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    requests: i64,
    successes: i64,
    failures: i64,
    consecutive_successes: i64,
    consecutive_failures: i64,
}

/// One circuit breaker.
pub(super) struct Breaker {
    name: String,
    settings: CircuitBreaker,
    trip: Option<Arc<Expression>>,
    observation: Observation,
    inner: Mutex<Inner>,
}

struct Inner {
    state: BreakerState,
    counts: Counts,
    /// Counts up with every change: what an attempt of an earlier generation comes to no longer
    /// counts.
    generation: u64,
    /// When the closed state's counts begin anew, or the open state ends.
    expiry: Option<Instant>,
}

/// An attempt that a breaker let pass. Dropped without an outcome it counts as failed: a caller
/// who leaves does so because the target does not answer.
pub(super) struct Admission<'a> {
    breaker: &'a Breaker,
    generation: u64,
    told: bool,
}

impl Breaker {
    pub(super) fn new(
        name: String,
        settings: CircuitBreaker,
        trip: Option<Arc<Expression>>,
        observation: Observation,
    ) -> Self {
        let mut inner = Inner { state: BreakerState::Closed, counts: Counts::default(), generation: 0, expiry: None };
        inner.renew(&settings);
        Self { name, settings, trip, observation, inner: Mutex::new(inner) }
    }

    /// Asks whether an attempt may pass.
    ///
    /// # Errors
    /// gobreaker's own words.
    pub(super) fn admit(&self) -> Result<Admission<'_>, &'static str> {
        let mut inner = self.current();
        match inner.state {
            BreakerState::Open => return Err("circuit breaker is open"),
            BreakerState::HalfOpen if inner.counts.requests >= i64::from(self.settings.max_requests) => {
                return Err("too many requests");
            }
            BreakerState::HalfOpen | BreakerState::Closed => {}
        }
        inner.counts.requests += 1;
        Ok(Admission { breaker: self, generation: inner.generation, told: false })
    }

    /// The state with what the passing of time changes about it.
    fn current(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.expiry.is_some_and(|expiry| expiry < Instant::now()) {
            match inner.state {
                BreakerState::Closed => inner.renew(&self.settings),
                BreakerState::Open => self.change(&mut inner, BreakerState::HalfOpen),
                BreakerState::HalfOpen => {}
            }
        }
        inner
    }

    fn change(&self, inner: &mut Inner, to: BreakerState) {
        let from = std::mem::replace(&mut inner.state, to);
        inner.renew(&self.settings);
        tracing::info!("Circuit breaker {:?} changed state from {from} to {to}", self.name);
        self.observation.tell(|| EventKind::Breaker(BreakerChange { name: self.name.clone(), from, to }));
    }

    fn record(&self, generation: u64, success: bool) {
        let mut inner = self.current();
        if inner.generation != generation {
            return;
        }
        let counts = &mut inner.counts;
        if success {
            counts.successes += 1;
            counts.consecutive_successes += 1;
            counts.consecutive_failures = 0;
        } else {
            counts.failures += 1;
            counts.consecutive_failures += 1;
            counts.consecutive_successes = 0;
        }
        let counts = *counts;
        match inner.state {
            BreakerState::Closed if !success && self.trips(&counts) => self.change(&mut inner, BreakerState::Open),
            BreakerState::HalfOpen if !success => self.change(&mut inner, BreakerState::Open),
            BreakerState::HalfOpen if counts.consecutive_successes >= i64::from(self.settings.max_requests) => {
                self.change(&mut inner, BreakerState::Closed);
            }
            _ => {}
        }
    }

    fn trips(&self, counts: &Counts) -> bool {
        match &self.trip {
            None => counts.consecutive_failures > DEFAULT_TRIP,
            Some(program) => matches!(evaluate(program, counts), Ok(Value::Bool(true))),
        }
    }
}

impl Inner {
    fn renew(&mut self, settings: &CircuitBreaker) {
        self.generation += 1;
        self.counts = Counts::default();
        let period = match self.state {
            BreakerState::Closed => settings.interval,
            BreakerState::Open => Some(settings.timeout),
            BreakerState::HalfOpen => None,
        };
        self.expiry = period.map(|period| Instant::now() + period);
    }
}

impl Admission<'_> {
    pub(super) fn done(mut self, success: bool) {
        self.told = true;
        self.breaker.record(self.generation, success);
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.breaker.record(self.generation, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker(trip: Option<&str>, max_requests: u32, interval: Option<Duration>) -> Breaker {
        let settings = CircuitBreaker {
            policy: "fuse".into(),
            max_requests,
            interval,
            timeout: Duration::from_secs(10),
            trip: trip.map(str::to_owned),
        };
        let trip = trip.map(|trip| compile_trip(trip).expect("valid"));
        Breaker::new("fuse-store".into(), settings, trip, Observation::default())
    }

    fn attempt(breaker: &Breaker, success: bool) -> Result<(), &'static str> {
        breaker.admit().map(|admission| admission.done(success))
    }

    fn state(breaker: &Breaker) -> BreakerState {
        breaker.current().state
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_at_its_condition_refuses_and_tries_one_after_its_time() {
        let fuse = breaker(Some("consecutiveFailures >= 2"), 1, None);
        for success in [false, true, false] {
            assert_eq!(attempt(&fuse, success), Ok(()));
        }
        assert_eq!(state(&fuse), BreakerState::Closed, "a success between them breaks the row");
        assert_eq!(attempt(&fuse, false), Ok(()));
        assert_eq!(attempt(&fuse, true), Err("circuit breaker is open"));
        tokio::time::advance(Duration::from_millis(10_001)).await;
        let trial = fuse.admit();
        assert_eq!(state(&fuse), BreakerState::HalfOpen);
        assert_eq!(attempt(&fuse, true), Err("too many requests"));
        trial.expect("one passes").done(false);
        assert_eq!(attempt(&fuse, true), Err("circuit breaker is open"));
        tokio::time::advance(Duration::from_millis(10_001)).await;
        assert_eq!(attempt(&fuse, true), Ok(()));
        assert_eq!(state(&fuse), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn it_takes_as_many_successes_to_close_as_may_pass_half_open() {
        let fuse = breaker(Some("totalFailures > 0"), 2, None);
        assert_eq!(attempt(&fuse, false), Ok(()));
        tokio::time::advance(Duration::from_millis(10_001)).await;
        assert_eq!(attempt(&fuse, true), Ok(()));
        assert_eq!(state(&fuse), BreakerState::HalfOpen);
        assert_eq!(attempt(&fuse, true), Ok(()));
        assert_eq!(state(&fuse), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_condition_the_sixth_failure_in_a_row_opens_it() {
        let fuse = breaker(None, 1, None);
        for _ in 0..5 {
            assert_eq!(attempt(&fuse, false), Ok(()));
        }
        assert_eq!(state(&fuse), BreakerState::Closed);
        assert_eq!(attempt(&fuse, false), Ok(()));
        assert_eq!(state(&fuse), BreakerState::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn counts_begin_anew_after_each_interval() {
        let fuse = breaker(Some("totalFailures >= 2"), 1, Some(Duration::from_secs(5)));
        assert_eq!(attempt(&fuse, false), Ok(()));
        tokio::time::advance(Duration::from_millis(5_001)).await;
        assert_eq!(attempt(&fuse, false), Ok(()));
        assert_eq!(state(&fuse), BreakerState::Closed);
        assert_eq!(attempt(&fuse, false), Ok(()));
        assert_eq!(state(&fuse), BreakerState::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_nobody_waits_for_any_more_counts_as_failed() {
        let fuse = breaker(Some("requests > 1 && totalFailures == requests"), 1, None);
        assert_eq!(attempt(&fuse, false), Ok(()));
        drop(fuse.admit());
        assert_eq!(state(&fuse), BreakerState::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn a_condition_that_cannot_be_evaluated_does_not_open_it() {
        let fuse = breaker(Some("totalFailures / totalSuccesses > 1"), 1, None);
        assert_eq!(attempt(&fuse, false), Ok(()));
        assert_eq!(state(&fuse), BreakerState::Closed);
    }

    #[test]
    fn a_condition_that_can_never_be_true_is_refused() {
        for (trip, part) in [
            ("consecutiveFailures >", "is no CEL expression"),
            ("failures > 3", "asks for failures; there is requests"),
            ("consecutiveFailures", "neither true nor false"),
        ] {
            let error = compile_trip(trip).expect_err(trip);
            assert!(error.contains(part), "{error}");
        }
    }
}
