//! Trying an operation again: what may be tried again and what may not is a type.

use std::{future::pending, time::Duration};

use model::{
    actor_id::ActorId,
    fault::{Hit, HitEnd, SIMULATED_ERROR, WireFault},
    operation::{Cause, Layer, Operation},
    timeline::Step,
};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    controls::{Controls, Failed, Next, Try},
    labs::Timelines,
    store_hit::StoreHit,
    timeline::clock::micros,
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
    /// Whether the way to the store was broken, rather than the store answered with an error.
    pub lost: bool,
}

impl Failure {
    /// Whether this fault of the wire, which may have ended meanwhile, makes failures of this kind of attempts that end
    /// after `timeout`. An error that the store itself answered came through all of them.
    fn is_made_by(&self, fault: WireFault, ended: bool, timeout: Duration) -> bool {
        let timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        match fault {
            WireFault::Refuse | WireFault::Stall | WireFault::Cut => self.lost || self.no_answer,
            // What is late makes an attempt too long, unless that is nothing beside its time; and when the delay ends, what
            // is held is dropped, and its connection with it.
            WireFault::Delay { ms } => {
                let counts = u64::from(ms).saturating_mul(REQUESTS) >= timeout_ms;
                (self.no_answer && counts) || (self.lost && (ended || fault.never_lets_pass(timeout_ms)))
            }
        }
    }
}

/// How many requests an attempt makes one after the other: daprd asks for a key as a hash and then as a plain value, and
/// what does not agree is read once more.
const REQUESTS: u64 = 4;

impl AttemptError {
    /// The lesson's simulated failure: the call never left the actor.
    #[must_use]
    pub fn simulated() -> Self {
        let cause = Cause { simulated: true, layer: Layer::Actor };
        let text = SIMULATED_ERROR.to_owned();
        Self::Transient(Failure { text, cause, maybe_done: false, no_answer: false, lost: false })
    }

    /// A failure in the actor itself, of a kind that no other attempt can mend.
    #[must_use]
    pub fn permanent(text: String, layer: Layer) -> Self {
        let cause = Cause { simulated: false, layer };
        Self::Permanent(Failure { text, cause, maybe_done: false, no_answer: false, lost: false })
    }

    fn no_answer(limit: Duration) -> Self {
        Self::Transient(Failure {
            text: format!("no answer within {:.1} s", limit.as_secs_f64()),
            cause: Cause { simulated: false, layer: Layer::Sidecar },
            maybe_done: true,
            no_answer: true,
            lost: false,
        })
    }

    /// The failure as part of what was asked for, if it is of that kind: a hang has no answer, and an error in the store
    /// comes back as one of the store's. What hung in the actor never left.
    fn on_purpose(self, end: HitEnd) -> Self {
        let asked = |mut failure: Failure| {
            let is = match end {
                HitEnd { hangs: true, .. } => failure.no_answer,
                HitEnd { layer: Layer::Actor, .. } => true,
                HitEnd { .. } => failure.cause.layer == Layer::Store,
            };
            if is {
                failure.cause = Cause { simulated: true, layer: end.layer };
                failure.maybe_done &= end.layer != Layer::Actor;
            }
            failure
        };
        match self {
            Self::Transient(failure) => Self::Transient(asked(failure)),
            Self::Permanent(failure) => Self::Permanent(asked(failure)),
        }
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
    /// How long it took until a failure of the store was reported, where that was long: the sidecar's own tries.
    pub sidecar_tried: Option<Duration>,
}

/// From how long on a failure of the store has a story: a store that is gone is known to be in no time.
const LONG: Duration = Duration::from_secs(2);

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
    /// The failure switch and the retry policy: asked at each attempt and before each wait.
    pub controls: &'a Controls,
    /// Where the attempts are recorded.
    pub timelines: &'a Timelines,
    /// Whose turn it is.
    pub actor: &'a ActorId,
    /// The turn's number.
    pub turn: u64,
    /// Whether its attempts meet faults, and are held while somebody asks for that: only those of a message are.
    pub faulty: bool,
    /// The switch of the wire to the state store, where there is one.
    pub wire: Option<&'a WireSwitch>,
    /// When the turn has to be over.
    pub deadline: Instant,
}

impl Run<'_> {
    /// Tries `operation` until it succeeds, cannot succeed, or was tried as often as the policy allows. Each attempt,
    /// wait and recovery is recorded. `one` makes an attempt; it gets what the store has to do with it on purpose.
    ///
    /// # Errors
    /// The last attempt's error, and why it was the last.
    pub async fn retry<T, F, A>(&self, operation: Operation, mut one: F) -> Result<T, GaveUp>
    where
        F: FnMut(Option<StoreHit>) -> A,
        A: Future<Output = Result<T, AttemptError>>,
    {
        let turn = self.turn;
        let mut began = None;
        let mut maybe_done = false;
        let mut attempt = 1;
        loop {
            let tried = Try { actor: self.actor, turn, operation, attempt };
            if self.faulty {
                self.controls.hold(tried, self.deadline).await;
            }
            let began = *began.get_or_insert_with(Instant::now);
            let begun = self.controls.begin(tried, self.faulty);
            let (max, hit) = (begun.max, begun.hit);
            let at = Instant::now();
            let result = self.limited(begun.timeout, past_the_actor(hit, one(hit.and_then(StoreHit::of)))).await;
            let took_us = micros(at.elapsed());
            let error = match result {
                Ok(value) => {
                    self.record(Step::AttemptSucceeded { turn, operation, attempt, max, took_us });
                    if attempt > 1 {
                        let lost_us = micros(began.elapsed());
                        self.record(Step::Recovered { turn, operation, attempt, max, lost_us });
                    }
                    return Ok(value);
                }
                Err(error) => error,
            };
            let (transient, failure) = match hit.and_then(|hit| hit.end) {
                Some(end) => error.on_purpose(end).into_parts(),
                None => error.into_parts(),
            };
            maybe_done |= failure.maybe_done;
            let cause = self.cause(operation, at, begun.timeout, &failure);
            let of_the_store = cause.layer == Layer::Wire || cause == Cause { simulated: false, layer: Layer::Store };
            let took = Duration::from_micros(took_us);
            let sidecar_tried = (of_the_store && !failure.no_answer && took >= LONG).then_some(took);
            let text = failure.text;
            let left = self.deadline.saturating_duration_since(Instant::now());
            let next = self.controls.failed(tried, Failed { error: text.clone(), cause, transient, took_us }, left);
            let reason = match next {
                Next::Wait(delay) => {
                    sleep(delay).await;
                    attempt += 1;
                    continue;
                }
                Next::Permanent => Reason::Permanent,
                Next::Exhausted => Reason::Exhausted,
                Next::TurnLimit => Reason::TurnLimit,
            };
            return Err(GaveUp { reason, attempts: attempt, last: text, maybe_done, sidecar_tried });
        }
    }

    /// The failure's cause: what was asked of this attempt, else the wire's switch, if that was on meanwhile and the failure
    /// is of the kind that it makes.
    fn cause(&self, operation: Operation, began: Instant, timeout: Duration, failure: &Failure) -> Cause {
        if failure.cause.simulated {
            return failure.cause;
        }
        let on_the_way = failure.cause.layer == Layer::Store || failure.no_answer;
        let faults = match self.wire {
            Some(wire) if on_the_way && operation != Operation::Publish => wire.faults_since(began),
            _ => Vec::new(),
        };
        let on_purpose = faults.into_iter().any(|(fault, ended)| failure.is_made_by(fault, ended, timeout));
        if on_purpose { Cause { simulated: true, layer: Layer::Wire } } else { failure.cause }
    }

    async fn limited<T>(
        &self,
        longest: Duration,
        attempt: impl Future<Output = Result<T, AttemptError>>,
    ) -> Result<T, AttemptError> {
        let limit = longest.min(self.deadline.saturating_duration_since(Instant::now()));
        timeout(limit, attempt).await.unwrap_or_else(|_| Err(AttemptError::no_answer(limit)))
    }

    fn record(&self, step: Step) {
        self.timelines.record(self.actor, step);
    }
}

/// An attempt that passes the faults in the actor first, before its call leaves.
async fn past_the_actor<T>(
    hit: Option<Hit>,
    attempt: impl Future<Output = Result<T, AttemptError>>,
) -> Result<T, AttemptError> {
    let hit = hit.unwrap_or_default();
    if hit.actor_delay_ms > 0 {
        sleep(Duration::from_millis(hit.actor_delay_ms)).await;
    }
    match hit.end {
        Some(HitEnd { layer: Layer::Actor, hangs: true }) => pending().await,
        Some(HitEnd { layer: Layer::Actor, hangs: false }) => Err(AttemptError::simulated()),
        _ => attempt.await,
    }
}

#[cfg(test)]
mod tests;
