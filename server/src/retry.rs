//! Trying an operation again: what may be tried again and what may not is a type.

use std::time::Duration;

use app::{
    actor_id::ActorId,
    fault::SIMULATED_ERROR,
    policy::RetryPolicy,
    timeline::{Cause, Layer, Operation, Step},
};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    timeline::{
        Timelines,
        clock::{micros, now_ms},
    },
    wire::WireSwitch,
};

/// Why one attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptError {
    /// Another attempt may succeed.
    Transient(Failure),
    /// No other attempt can succeed.
    Permanent(Failure),
}

/// What is known of a failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The attempt's own error.
    pub text: String,
    /// Where it failed, and whether on purpose.
    pub cause: Cause,
    /// Whether the operation may have been carried out all the same: it left, and no answer came back.
    pub maybe_done: bool,
    /// Whether it took too long, rather than came back as an error.
    pub no_answer: bool,
}

impl AttemptError {
    /// The lesson's simulated failure: the call never left the actor.
    #[must_use]
    pub fn simulated() -> Self {
        let cause = Cause { simulated: true, layer: Layer::Actor };
        Self::Transient(Failure { text: SIMULATED_ERROR.to_owned(), cause, maybe_done: false, no_answer: false })
    }

    /// A failure in the actor itself, of a kind that no other attempt can mend.
    #[must_use]
    pub fn permanent(text: String, layer: Layer) -> Self {
        Self::Permanent(Failure { text, cause: Cause { simulated: false, layer }, maybe_done: false, no_answer: false })
    }

    fn no_answer(limit: Duration) -> Self {
        Self::Transient(Failure {
            text: format!("no answer within {:.1} s", limit.as_secs_f64()),
            cause: Cause { simulated: false, layer: Layer::Sidecar },
            maybe_done: true,
            no_answer: true,
        })
    }

    fn into_parts(self) -> (bool, Failure) {
        match self {
            Self::Transient(failure) => (true, failure),
            Self::Permanent(failure) => (false, failure),
        }
    }
}

/// Why an operation was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GaveUp {
    /// Why no further attempt was made.
    pub reason: Reason,
    /// How many attempts were made.
    pub attempts: u8,
    /// The last attempt's error.
    pub last: String,
    /// Whether any attempt may have been carried out all the same.
    pub maybe_done: bool,
}

/// Why no further attempt was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The policy allows no more.
    Exhausted,
    /// Another attempt could not have succeeded.
    Permanent,
    /// The turn's time is over.
    TurnLimit,
}

/// The turn in which operations are tried.
pub struct Run<'a> {
    /// Where the attempts are recorded.
    pub timelines: &'a Timelines,
    /// Whose turn it is.
    pub actor: &'a ActorId,
    /// The turn's number.
    pub turn: u64,
    /// The switch of the wire to the state store, where there is one.
    pub wire: Option<&'a WireSwitch>,
    /// How often an operation is tried, and how long the turn waits in between.
    pub policy: RetryPolicy,
    /// The longest that one attempt may take.
    pub attempt_limit: Duration,
    /// When the turn has to be over.
    pub deadline: Instant,
}

impl Run<'_> {
    /// Tries `operation` until it succeeds, cannot succeed, or was tried as often as the policy allows. Each attempt,
    /// wait and recovery is recorded. `attempt` gets the attempt's number, from 1.
    ///
    /// # Errors
    /// The last attempt's error, and why it was the last.
    pub async fn retry<T, F, A>(&self, operation: Operation, attempt: F) -> Result<T, GaveUp>
    where
        F: FnMut(u8) -> A,
        A: Future<Output = Result<T, AttemptError>>,
    {
        self.retry_with(self.policy, operation, attempt).await
    }

    /// Tries `operation` once, recorded like the attempts of the others.
    ///
    /// # Errors
    /// The attempt's error.
    pub async fn once<T, F, A>(&self, operation: Operation, attempt: F) -> Result<T, GaveUp>
    where
        F: FnMut(u8) -> A,
        A: Future<Output = Result<T, AttemptError>>,
    {
        self.retry_with(RetryPolicy { attempts: 1, delay_ms: 0 }, operation, attempt).await
    }

    async fn retry_with<T, F, A>(&self, policy: RetryPolicy, operation: Operation, mut one: F) -> Result<T, GaveUp>
    where
        F: FnMut(u8) -> A,
        A: Future<Output = Result<T, AttemptError>>,
    {
        let (turn, max) = (self.turn, policy.attempts.max(1));
        let began = Instant::now();
        let mut maybe_done = false;
        let mut attempt = 1;
        loop {
            self.record(Step::AttemptStarted { turn, operation, attempt, max });
            let at = Instant::now();
            let result = self.limited(one(attempt)).await;
            let took_us = micros(at.elapsed());
            let (transient, failure) = match result {
                Ok(value) => {
                    self.record(Step::AttemptSucceeded { turn, operation, attempt, max, took_us });
                    if attempt > 1 {
                        let lost_us = micros(began.elapsed());
                        self.record(Step::Recovered { turn, operation, attempt, max, lost_us });
                    }
                    return Ok(value);
                }
                Err(error) => error.into_parts(),
            };
            maybe_done |= failure.maybe_done;
            let cause = self.cause(operation, at, &failure);
            let text = failure.text;
            let error = text.clone();
            self.record(Step::AttemptFailed { turn, operation, attempt, max, error, cause, transient, took_us });
            let delay = Duration::from_millis(policy.delay_ms);
            let reason = match transient {
                false => Some(Reason::Permanent),
                true if attempt == max => Some(Reason::Exhausted),
                true if Instant::now() + delay >= self.deadline => Some(Reason::TurnLimit),
                true => None,
            };
            if let Some(reason) = reason {
                return Err(GaveUp { reason, attempts: attempt, last: text, maybe_done });
            }
            attempt += 1;
            let (delay_ms, due_at) = (policy.delay_ms, now_ms() + policy.delay_ms);
            self.record(Step::RetryScheduled { turn, operation, attempt, max, delay_ms, due_at });
            sleep(delay).await;
        }
    }

    /// The failure's cause: the wire's switch, if that was on meanwhile and the failure is of the kind that it makes.
    fn cause(&self, operation: Operation, began: Instant, failure: &Failure) -> Cause {
        let on_the_way = failure.cause.layer == Layer::Store || failure.no_answer;
        let failed = on_the_way && operation != Operation::Publish && self.wire.is_some_and(|w| w.failed_since(began));
        if failed { Cause { simulated: true, layer: Layer::Wire } } else { failure.cause }
    }

    async fn limited<T>(&self, attempt: impl Future<Output = Result<T, AttemptError>>) -> Result<T, AttemptError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let limit = self.attempt_limit.min(left);
        timeout(limit, attempt).await.unwrap_or_else(|_| Err(AttemptError::no_answer(limit)))
    }

    fn record(&self, step: Step) {
        self.timelines.record(self.actor, step);
    }
}

#[cfg(test)]
mod tests;
