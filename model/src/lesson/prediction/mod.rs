//! What the next message is going to meet, worked out before it is sent.
//!
//! # Layout
//! - [`predict`], [`predict_rest`]: a whole turn, and what is left of one; [`Prediction::held`]: with holds
//! - `words`: the prediction as a person says it

mod words;

use serde::{Deserialize, Serialize};

use crate::{
    fault::{FaultStatus, Hit},
    message::HISTORY_LIMIT,
    operation::{Layer, Operation},
    policy::{
        RetryPolicy,
        worst::{TURN_LIMIT_MS, needs_ms},
    },
};

/// One thing that is going to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum PredictedStep {
    /// An attempt.
    Attempt {
        /// Of what.
        operation: Operation,
        /// Which, from 1.
        attempt: u8,
        /// Of how many at most.
        max: u8,
        /// Whether it is going to fail.
        fails: bool,
        /// What the faults do with it that it meets; `null` if it meets none.
        hit: Option<Hit>,
        /// When it ends at the latest, in milliseconds after its start.
        timeout_ms: u64,
    },
    /// The wait before an attempt.
    Wait {
        /// Of what.
        operation: Operation,
        /// The attempt that is waited for.
        attempt: u8,
        /// How long, in milliseconds.
        delay_ms: u64,
    },
}

/// What comes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Forecast {
    /// It is stored and acknowledged.
    Stored,
    /// It was stored before: the stored reply is given again.
    Repeated,
    /// Its turn fails, and nothing is stored.
    NotStored,
    /// Its turn fails, and the actor cannot know whether it is stored.
    Unknown,
}

/// A whole turn, before it happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Prediction {
    /// The policy that it goes by.
    pub policy: RetryPolicy,
    /// Its attempts and waits, in order.
    pub steps: Vec<PredictedStep>,
    /// What comes of the message.
    pub outcome: Forecast,
    /// How many messages are stored after it, as far as that is known.
    pub messages: usize,
    /// How many of those that were stored before are pushed out by it.
    pub pushed_out: usize,
    /// How long the turn takes at least, in milliseconds: its waits, and what is done to its attempts on purpose.
    pub min_ms: u64,
    /// How long it takes at most, in milliseconds: with all the time that the store itself may take, and as long as
    /// holds can last. A turn's limit ends it.
    pub max_ms: u64,
    /// Whether each of its attempts is held before it begins, until somebody releases it.
    pub held: bool,
}

/// What is stored when a turn begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// How many messages.
    pub messages: usize,
    /// Whether the message that is sent is among those that were answered: the same id was stored before.
    pub answered: bool,
}

/// The next turn, which has number `turn`: under this switch, which an activation has met already if there is one, see
/// [`FaultStatus::at_next_turn`], and under this policy.
#[must_use]
pub fn predict(fault: &FaultStatus, policy: RetryPolicy, turn: u64, stored: Stored) -> Prediction {
    predict_rest(&[], fault, policy, turn, stored)
}

/// A turn that has come as far as `so_far`, under switch and policy as they stand now: they may be set while a retry
/// waits.
#[must_use]
pub fn predict_rest(
    so_far: &[PredictedStep],
    fault: &FaultStatus,
    policy: RetryPolicy,
    turn: u64,
    stored: Stored,
) -> Prediction {
    let ahead = Ahead { steps: so_far.to_vec(), fault: fault.clone(), policy, turn };
    ahead.go_on(stored)
}

/// A turn as it is worked out.
struct Ahead {
    steps: Vec<PredictedStep>,
    fault: FaultStatus,
    policy: RetryPolicy,
    turn: u64,
}

impl Ahead {
    fn go_on(mut self, stored: Stored) -> Prediction {
        let last = self.steps.last().copied();
        let from = match last {
            None => Operation::Load,
            Some(PredictedStep::Wait { operation, .. } | PredictedStep::Attempt { operation, .. }) => operation,
        };
        for operation in Operation::OF_A_MESSAGE {
            if operation < from {
                continue;
            }
            if operation > Operation::Load && stored.answered {
                return self.ends(Forecast::Repeated, stored);
            }
            if !self.tries(operation) && operation != Operation::Publish {
                let unsure = operation == Operation::Save && self.is_unsure();
                return self.ends(if unsure { Forecast::Unknown } else { Forecast::NotStored }, stored);
            }
        }
        self.ends(Forecast::Stored, stored)
    }

    /// Tries an operation from where it stands until it succeeds or is given up; says whether it succeeds.
    fn tries(&mut self, operation: Operation) -> bool {
        let mut attempt = 1;
        let mut waited = false;
        match self.steps.last() {
            Some(PredictedStep::Attempt { operation: of, fails: false, .. }) if *of == operation => return true,
            Some(PredictedStep::Attempt { operation: of, attempt: done, .. }) if *of == operation => {
                if *done >= self.policy.attempts_of(operation) {
                    return false;
                }
                attempt = done + 1;
            }
            Some(PredictedStep::Wait { attempt: next, .. }) => (attempt, waited) = (*next, true),
            _ => {}
        }
        loop {
            let left_ms = self.left_ms();
            if attempt > 1 && !waited {
                let delay_ms = self.policy.wait_ms(self.turn, operation, attempt);
                if delay_ms >= left_ms {
                    return false;
                }
                self.steps.push(PredictedStep::Wait { operation, attempt, delay_ms });
            }
            waited = false;
            let max = self.policy.attempts_of(operation).max(attempt);
            let timeout_ms = self.policy.attempt_timeout_ms.min(self.left_ms());
            let hit = self.fault.meet(operation, timeout_ms);
            let fails = hit.is_some_and(|hit| hit.end.is_some());
            self.steps.push(PredictedStep::Attempt { operation, attempt, max, fails, hit, timeout_ms });
            if !fails {
                return true;
            }
            if attempt >= max {
                return false;
            }
            attempt += 1;
        }
    }

    /// What is left of the turn's time at most, in milliseconds. A plan and a policy that are set together end before it
    /// is over; with a wire that somebody else has broken they may not.
    fn left_ms(&self) -> u64 {
        TURN_LIMIT_MS.saturating_sub(self.steps.iter().map(PredictedStep::least_ms).sum())
    }

    /// Whether a failed save may have been carried out: it left, and hung, or broke on the wire.
    fn is_unsure(&self) -> bool {
        self.steps.iter().any(|step| match step {
            PredictedStep::Attempt { operation: Operation::Save, fails: true, hit: Some(hit), .. } => {
                hit.end.is_some_and(|end| end.layer == Layer::Wire || end.hangs && end.layer != Layer::Actor)
            }
            _ => false,
        })
    }

    fn ends(self, outcome: Forecast, stored: Stored) -> Prediction {
        let (messages, pushed_out) = match outcome {
            Forecast::Stored => {
                let all = stored.messages + 2;
                (all.min(HISTORY_LIMIT), all.saturating_sub(HISTORY_LIMIT))
            }
            Forecast::Repeated | Forecast::NotStored | Forecast::Unknown => (stored.messages, 0),
        };
        let min_ms = self.steps.iter().map(PredictedStep::least_ms).sum();
        let own_ms: u64 = self.steps.iter().map(PredictedStep::own_ms).sum();
        Prediction {
            policy: self.policy,
            steps: self.steps,
            outcome,
            messages,
            pushed_out,
            min_ms,
            max_ms: (min_ms + own_ms).min(TURN_LIMIT_MS.max(min_ms)),
            held: false,
        }
    }
}

impl PredictedStep {
    /// How long it takes at least, in milliseconds: the wait, or what is done to the attempt on purpose.
    #[must_use]
    pub fn least_ms(&self) -> u64 {
        match self {
            Self::Wait { delay_ms, .. } => *delay_ms,
            Self::Attempt { hit, timeout_ms, .. } => hit.map_or(0, |hit| hit.takes_ms(*timeout_ms)),
        }
    }

    /// What the store itself can add to that at most, in milliseconds: what is left of the time-out, if the call
    /// leaves the actor.
    #[must_use]
    pub fn own_ms(&self) -> u64 {
        match self {
            Self::Attempt { hit, timeout_ms, .. } if hit.is_none_or(|hit| hit.leaves()) => {
                timeout_ms.saturating_sub(self.least_ms())
            }
            _ => 0,
        }
    }
}

impl Prediction {
    /// The same while each attempt is held, under this switch. What happens stays as it is, and only lasts longer: each
    /// hold ends in time for what is left of the turn, see [`needs_ms`].
    #[must_use]
    pub fn held(mut self, fault: &FaultStatus) -> Self {
        let plan = fault.on.then_some(&fault.plan);
        let mut left = 0;
        for step in self.steps.iter().rev() {
            left += step.least_ms() + step.own_ms();
            if let PredictedStep::Attempt { operation, attempt, .. } = *step {
                let goes = TURN_LIMIT_MS.saturating_sub(needs_ms(plan, self.policy, operation, attempt));
                self.max_ms = self.max_ms.max((goes + left).min(TURN_LIMIT_MS));
            }
        }
        self.held = true;
        self
    }

    /// Whether the message is acknowledged.
    #[must_use]
    pub const fn succeeds(&self) -> bool {
        matches!(self.outcome, Forecast::Stored | Forecast::Repeated)
    }

    /// How long the turn waits between attempts in all, in milliseconds.
    #[must_use]
    pub fn waits_ms(&self) -> u64 {
        let wait = |step: &PredictedStep| match step {
            PredictedStep::Wait { delay_ms, .. } => *delay_ms,
            PredictedStep::Attempt { .. } => 0,
        };
        self.steps.iter().map(wait).sum()
    }
}

#[cfg(test)]
mod tests;
