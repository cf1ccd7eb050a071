//! What the next message is going to meet, worked out before it is sent.

use crate::{fault::FaultStatus, policy::RetryPolicy, timeline::Operation};

/// One thing that is going to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// A whole turn, before it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// Its attempts and waits, in order.
    pub steps: Vec<PredictedStep>,
    /// Whether the message is going to be stored and acknowledged.
    pub succeeds: bool,
}

/// How many attempts the switch is going to fail in the next turn. A turn on an actor that is not in memory activates
/// it first, and an activation arms the whole plan.
#[must_use]
pub const fn failures_ahead(fault: FaultStatus, active: bool) -> u8 {
    if active { fault.remaining } else { fault.rearmed().remaining }
}

/// The next turn under this switch and policy, on an actor that is in memory or not.
#[must_use]
pub fn predict(fault: FaultStatus, active: bool, policy: RetryPolicy) -> Prediction {
    let ahead = FaultStatus { remaining: failures_ahead(fault, active), ..fault };
    go_on(Vec::new(), Operation::Load, 1, ahead, policy)
}

/// A turn that has come as far as `so_far`, under the switch as it stands now: the switch may be set while a retry
/// waits.
#[must_use]
pub fn predict_rest(so_far: &[PredictedStep], fault: FaultStatus, policy: RetryPolicy) -> Prediction {
    let steps = so_far.to_vec();
    let (operation, attempt) = match so_far.last() {
        None => (Operation::Load, 1),
        Some(PredictedStep::Wait { operation, attempt, .. }) => (*operation, *attempt),
        Some(PredictedStep::Attempt { operation, attempt, fails: true, .. }) => (*operation, attempt + 1),
        Some(PredictedStep::Attempt { operation: Operation::Load, .. }) => (Operation::Save, 1),
        Some(PredictedStep::Attempt { operation: Operation::Save, .. }) => (Operation::Publish, 1),
        Some(PredictedStep::Attempt { operation: Operation::Publish, .. }) => {
            return Prediction { steps, succeeds: true };
        }
    };
    go_on(steps, operation, attempt, fault, policy)
}

/// Adds what is still going to happen, from attempt `first` of operation `from` on.
fn go_on(
    mut steps: Vec<PredictedStep>,
    from: Operation,
    mut first: u8,
    fault: FaultStatus,
    policy: RetryPolicy,
) -> Prediction {
    let mut failures = fault.remaining;
    let operations = [Operation::Load, Operation::Save, Operation::Publish];
    for operation in operations.into_iter().skip_while(|operation| *operation != from) {
        let max = if operation == Operation::Publish { 1 } else { policy.attempts };
        let mut done = false;
        for attempt in first..=max {
            let waited = matches!(steps.last(), Some(PredictedStep::Wait { .. }));
            if attempt > 1 && !waited {
                steps.push(PredictedStep::Wait { operation, attempt, delay_ms: policy.delay_ms });
            }
            let fails = failures > 0 && operation == fault.plan.operation;
            steps.push(PredictedStep::Attempt { operation, attempt, max, fails });
            if !fails {
                done = true;
                break;
            }
            failures -= 1;
        }
        first = 1;
        if !done && operation != Operation::Publish {
            return Prediction { steps, succeeds: false };
        }
    }
    Prediction { steps, succeeds: true }
}

impl Prediction {
    /// How long the turn waits in all, in milliseconds.
    #[must_use]
    pub fn waits_ms(&self) -> u64 {
        let wait = |step: &PredictedStep| match step {
            PredictedStep::Wait { delay_ms, .. } => *delay_ms,
            PredictedStep::Attempt { .. } => 0,
        };
        self.steps.iter().map(wait).sum()
    }

    /// The prediction as a person says it.
    #[must_use]
    pub fn sentence(&self) -> String {
        let failed = |step: &&PredictedStep| matches!(step, PredictedStep::Attempt { fails: true, .. });
        let wait = self.waits_ms();
        let after = format!("{}.{} s", wait / 1_000, wait % 1_000 / 100);
        match self.steps.iter().rfind(failed) {
            None => "Every attempt succeeds at once.".to_owned(),
            Some(PredictedStep::Attempt { operation: Operation::Publish, .. }) => {
                "The message is stored at once; publishing its event fails, and the turn succeeds all the same."
                    .to_owned()
            }
            Some(PredictedStep::Attempt { operation, attempt, max, .. }) => {
                let operation = operation.as_str();
                if !self.succeeds {
                    return format!("All {max} {operation} attempts fail, in {after}. Nothing is stored.");
                }
                let (last, next) = (*attempt, attempt + 1);
                let fails = match last {
                    1 => format!("The first {operation} fails."),
                    _ => format!("{last} {operation} attempts fail."),
                };
                format!("{fails} Attempt {next} of {max} succeeds, after {after}.")
            }
            Some(PredictedStep::Wait { .. }) => unreachable!("waits were filtered out"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{FaultPlan, FaultSetting};

    fn switch(operation: Operation, attempts: u8) -> FaultStatus {
        let plan = FaultPlan { operation, attempts: attempts.try_into().unwrap() };
        FaultStatus::LESSON.after(FaultSetting { on: true, plan: Some(plan) })
    }

    #[test]
    fn the_lesson_recovers_on_the_second_load() {
        let prediction = predict(FaultStatus::LESSON, false, RetryPolicy::LESSON);
        assert!(prediction.succeeds);
        assert_eq!(prediction.waits_ms(), 1_000);
        assert_eq!(prediction.sentence(), "The first load fails. Attempt 2 of 3 succeeds, after 1.0 s.");
    }

    #[test]
    fn a_used_up_plan_fails_nothing_until_the_next_activation() {
        let used = FaultStatus { remaining: 0, ..FaultStatus::LESSON };
        assert_eq!(predict(used, true, RetryPolicy::LESSON).waits_ms(), 0);
        assert_eq!(predict(used, false, RetryPolicy::LESSON).waits_ms(), 1_000);
    }

    #[test]
    fn three_failed_saves_exhaust_the_lesson_s_policy() {
        let prediction = predict(switch(Operation::Save, 3), true, RetryPolicy::LESSON);
        assert!(!prediction.succeeds);
        assert_eq!(prediction.sentence(), "All 3 save attempts fail, in 2.0 s. Nothing is stored.");
    }

    #[test]
    fn a_failed_publish_does_not_fail_the_turn() {
        let prediction = predict(switch(Operation::Publish, 1), true, RetryPolicy::LESSON);
        assert!(prediction.succeeds);
        assert_eq!(prediction.waits_ms(), 0);
    }

    #[test]
    fn an_outage_that_ends_while_a_retry_waits_lets_the_next_attempt_succeed() {
        let waiting = &predict(switch(Operation::Load, 3), true, RetryPolicy::LESSON).steps[..2];
        let off = FaultStatus::LESSON.after(FaultSetting { on: false, plan: None });
        let rest = predict_rest(waiting, off, RetryPolicy::LESSON);
        assert!(rest.succeeds);
        assert_eq!(rest.sentence(), "The first load fails. Attempt 2 of 3 succeeds, after 1.0 s.");
    }

    #[test]
    fn a_failure_armed_between_two_operations_meets_the_second() {
        let loaded =
            &predict(FaultStatus::LESSON.after(FaultSetting { on: false, plan: None }), true, RetryPolicy::LESSON)
                .steps[..1];
        let rest = predict_rest(loaded, switch(Operation::Save, 1), RetryPolicy::LESSON);
        assert_eq!(rest.sentence(), "The first save fails. Attempt 2 of 3 succeeds, after 1.0 s.");
    }
}
