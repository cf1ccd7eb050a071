//! Running an operation under its policy.

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::breaker::Breaker;
use super::retry::Retry;
use crate::duration;
use crate::observation::{
    AttemptOutcome, EventKind, Observation, Outcome, RetryEnd, RetryEvent, RetryStep, RetryTarget,
};

/// What Go says of a time limit that has passed.
const TIMED_OUT: &str = "context deadline exceeded";

/// The policy around one operation. The default has no effect.
#[derive(Clone, Default)]
pub(crate) struct Guard {
    /// The operation's name in the log.
    pub(super) operation: String,
    /// How long an attempt may take: for [`limited`], which the operation applies where its attempt
    /// really begins.
    pub(crate) timeout: Option<Duration>,
    pub(super) retry: Option<Arc<Retry>>,
    pub(super) breaker: Option<Arc<Breaker>>,
    /// Cancelled when the policy is no longer in force.
    pub(super) replaced: CancellationToken,
    pub(super) observation: Observation,
}

/// An error that a policy can make.
pub(crate) trait PolicyError: Display {
    /// An attempt that the policy ended or refused.
    fn refused(text: &'static str) -> Self;
    /// The sidecar ended meanwhile.
    fn closed() -> Self;
    /// An attempt that took too long; what it was to do may be done.
    fn late(text: &'static str) -> Self
    where
        Self: Sized,
    {
        Self::refused(text)
    }
}

impl PolicyError for String {
    fn refused(text: &'static str) -> Self {
        text.into()
    }

    fn closed() -> Self {
        "context canceled".into()
    }
}

/// A failed attempt.
#[derive(Debug)]
pub(crate) struct Failure<E> {
    pub(crate) error: E,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// May be another time.
    Transient,
    /// Is the same another time.
    Permanent,
    /// The app answered with this HTTP status: the policy says whether to try again.
    Status(u16),
    /// Took too long.
    TimedOut,
    /// Never left: the circuit breaker.
    Refused,
}

impl<E> Failure<E> {
    pub(crate) fn transient(error: E) -> Self {
        Self { error, kind: Kind::Transient }
    }

    pub(crate) fn permanent(error: E) -> Self {
        Self { error, kind: Kind::Permanent }
    }

    pub(crate) fn status(status: u16, error: E) -> Self {
        Self { error, kind: Kind::Status(status) }
    }

    /// Of what may be done once only: after an attempt that took too long, and may have done it, there is no other.
    pub(crate) fn once(self) -> Self {
        match self.kind {
            Kind::TimedOut => Self::permanent(self.error),
            _ => self,
        }
    }

    pub(crate) fn is_time_out(&self) -> bool {
        self.kind == Kind::TimedOut
    }
}

impl<E: Display> Failure<E> {
    /// What is told of it.
    pub(crate) fn outcome(&self) -> Outcome {
        match self.kind {
            Kind::TimedOut => Outcome::TimedOut,
            _ => Outcome::Failed(self.error.to_string()),
        }
    }
}

/// Ends an attempt after its time by dropping it.
pub(crate) async fn limited<T, E: PolicyError>(
    timeout: Option<Duration>,
    attempt: impl Future<Output = Result<T, Failure<E>>>,
) -> Result<T, Failure<E>> {
    match timeout {
        None => attempt.await,
        Some(timeout) => match tokio::time::timeout(timeout, attempt).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure { error: E::late(TIMED_OUT), kind: Kind::TimedOut }),
        },
    }
}

/// What an operation is run with besides its policy.
pub(crate) struct Run<'a> {
    /// Says what it is, for the observer.
    pub(crate) target: Option<RetryTarget>,
    /// Cancelled when the sidecar ends: nothing is tried again from then on.
    pub(crate) end: &'a CancellationToken,
}

impl Guard {
    /// Whether somebody is told of what happens.
    pub(crate) fn is_observed(&self) -> bool {
        self.observation.is_on()
    }

    /// Runs an operation: attempts, each told its number from 1 on, through the circuit breaker, until one succeeds or the
    /// policy has no more. Dropping the future ends all of it at once.
    pub(crate) async fn run<T, E, F, Fut>(&self, run: Run<'_>, mut attempt: F) -> Result<T, E>
    where
        E: PolicyError,
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, Failure<E>>>,
    {
        let mut report = Report::new(self, run.target);
        let mut waits = self.retry.as_ref().map(|retry| retry.waits());
        let mut recovering = false;
        loop {
            let failure = match self.attempt(&mut report, &mut attempt).await {
                Ok(value) => {
                    if recovering {
                        let attempts = report.attempts;
                        tracing::info!("Recovered processing operation {} after {attempts} attempts", self.operation);
                    }
                    report.ended(RetryEnd::Succeeded);
                    return Ok(value);
                }
                Err(failure) => failure,
            };
            let waits = match (&self.retry, &mut waits) {
                (Some(retry), Some(waits)) if retry.wants(failure.kind) => waits,
                _ => {
                    report.ended(RetryEnd::NotRetried);
                    return Err(failure.error);
                }
            };
            let Some(delay) = waits.next() else {
                report.ended(RetryEnd::Exhausted);
                return Err(failure.error);
            };
            if run.end.is_cancelled() {
                report.ended(RetryEnd::Closed);
                return Err(E::closed());
            }
            if !self.replaced.is_cancelled() {
                if !recovering {
                    let delay = duration::show(delay);
                    tracing::warn!("Error processing operation {}. Retrying in {delay}…", self.operation);
                    tracing::debug!("Error for operation {} was: {}", self.operation, failure.error);
                    recovering = true;
                }
                report.step(RetryStep::Waiting { next: report.attempts + 1, delay });
            }
            tokio::select! {
                biased;
                () = run.end.cancelled() => {
                    report.ended(RetryEnd::Closed);
                    return Err(E::closed());
                }
                () = self.replaced.cancelled() => {
                    tracing::info!(
                        "Operation {} is not retried any more: its policy is no longer in force",
                        self.operation
                    );
                    report.ended(RetryEnd::PolicyReplaced);
                    return Err(failure.error);
                }
                () = tokio::time::sleep(delay) => {}
            }
        }
    }

    async fn attempt<T, E, F, Fut>(&self, report: &mut Report<'_>, attempt: &mut F) -> Result<T, Failure<E>>
    where
        E: PolicyError,
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, Failure<E>>>,
    {
        report.attempts += 1;
        let number = report.attempts;
        report.step(RetryStep::AttemptStarted { number });
        let started = Instant::now();
        let outcome = match self.breaker.as_ref().map(|breaker| breaker.admit()) {
            Some(Err(refusal)) => Err(Failure { error: E::refused(refusal), kind: Kind::Refused }),
            Some(Ok(admission)) => {
                let outcome = attempt(number).await;
                admission.done(outcome.is_ok());
                outcome
            }
            None => attempt(number).await,
        };
        if report.is_told() {
            let outcome = match &outcome {
                Ok(_) => AttemptOutcome::Succeeded,
                Err(Failure { kind: Kind::TimedOut, .. }) => AttemptOutcome::TimedOut,
                Err(Failure { kind: Kind::Refused, error }) => AttemptOutcome::Refused(error.to_string()),
                Err(Failure { error, .. }) => AttemptOutcome::Failed(error.to_string()),
            };
            report.step(RetryStep::AttemptEnded { number, outcome, took: started.elapsed() });
        }
        outcome
    }
}

impl Retry {
    fn wants(&self, kind: Kind) -> bool {
        match kind {
            Kind::Transient | Kind::TimedOut => true,
            Kind::Permanent | Kind::Refused => false,
            Kind::Status(status) => self.matches(status),
        }
    }
}

static OPERATIONS: AtomicU64 = AtomicU64::new(1);

/// Tells the observer of one operation, of its end in any case.
struct Report<'a> {
    told: Option<(&'a Observation, u64, Arc<RetryTarget>)>,
    attempts: u32,
    over: bool,
}

impl<'a> Report<'a> {
    fn new(guard: &'a Guard, target: Option<RetryTarget>) -> Self {
        let told = target.filter(|_| guard.observation.is_on()).map(|target| {
            let operation = OPERATIONS.fetch_add(1, Ordering::Relaxed);
            (&guard.observation, operation, Arc::new(target))
        });
        Self { told, attempts: 0, over: false }
    }

    fn is_told(&self) -> bool {
        self.told.is_some()
    }

    fn step(&self, step: RetryStep) {
        if let Some((observation, operation, target)) = &self.told {
            let target = Arc::clone(target);
            observation.tell(|| EventKind::Retry(RetryEvent { operation: *operation, target, step }));
        }
    }

    fn ended(&mut self, end: RetryEnd) {
        self.over = true;
        self.step(RetryStep::Ended { attempts: self.attempts, end });
    }
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.ended(RetryEnd::CallerLeft);
        }
    }
}
