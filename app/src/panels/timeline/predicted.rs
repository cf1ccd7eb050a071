//! What a running turn has still before it. Pure.

use super::words;
use model::{
    fault::Hit,
    lesson::prediction::{PredictedStep, Prediction},
    operation::{Method, Operation},
    timeline::{AttemptState, Turn},
};

/// What lies ahead of a running turn if the rest goes as predicted. `next` is the prediction for the next message:
/// it tells how many failures the switch still holds.
#[must_use]
pub(super) fn remainder(turn: &Turn, next: Option<&Prediction>) -> Vec<PredictedStep> {
    let operations: &[Operation] = match turn.method {
        Method::ProcessMessage => &Operation::OF_A_MESSAGE,
        Method::GetConversationHistory => &[Operation::Load],
        Method::ResetConversation => &[],
    };
    // Only messages meet the switch.
    let next = next.filter(|_| turn.method == Method::ProcessMessage);
    let mut ahead = Ahead { next, turn, steps: Vec::new() };
    let Some(last) = turn.attempts.last() else {
        ahead.operations(operations);
        return ahead.steps;
    };
    let place = operations.iter().position(|o| *o == last.operation).map_or(operations.len(), |place| place + 1);
    let after = &operations[place..];
    let goes_on = match &last.state {
        AttemptState::Succeeded { .. } => true,
        AttemptState::Running => {
            let fails = last.hit.is_some_and(|hit| hit.end.is_some());
            !fails || last.attempt < ahead.max(last.operation) && ahead.retries(last.operation, last.attempt + 1, false)
        }
        AttemptState::Failed { .. } if last.operation == Operation::Publish => true,
        AttemptState::Failed { transient, .. } => {
            let waits = words::live_wait(turn).is_some() || turn.held().is_some();
            let again = *transient && last.attempt < ahead.max(last.operation);
            again && ahead.retries(last.operation, last.attempt + 1, waits)
        }
    };
    if goes_on {
        ahead.operations(after);
    }
    ahead.steps
}

struct Ahead<'a> {
    next: Option<&'a Prediction>,
    turn: &'a Turn,
    steps: Vec<PredictedStep>,
}

impl Ahead<'_> {
    fn failures(&self, of: Operation) -> usize {
        let steps = self.next.map_or(&[][..], |next| &next.steps);
        let fails = |step: &&PredictedStep| matches!(step, PredictedStep::Attempt { operation, fails: true, .. } if *operation == of);
        steps.iter().filter(fails).count()
    }

    fn max(&self, of: Operation) -> u8 {
        if let Some(next) = self.next {
            return next.policy.attempts_of(of);
        }
        let known = self.turn.attempts.iter().find(|a| a.operation == of).map(|a| a.max);
        known.unwrap_or(1)
    }

    fn delay_ms(&self, of: Operation, attempt: u8) -> u64 {
        let known = || self.turn.waits.last().map_or(0, |wait| wait.delay_ms);
        self.next.map_or_else(known, |next| next.policy.wait_ms(self.turn.number, of, attempt))
    }

    /// Attempts of `of` from `attempt` on. Says whether one of them succeeds.
    fn retries(&mut self, of: Operation, attempt: u8, waits_already: bool) -> bool {
        let max = self.max(of).max(attempt);
        let mut failures = self.failures(of);
        for n in attempt..=max {
            if n > 1 && !(waits_already && n == attempt) {
                let delay_ms = self.delay_ms(of, n);
                self.steps.push(PredictedStep::Wait { operation: of, attempt: n, delay_ms });
            }
            let fails = failures > 0;
            let (hit, timeout_ms) = (fails.then_some(Hit::FAILS), 0);
            self.steps.push(PredictedStep::Attempt { operation: of, attempt: n, max, fails, hit, timeout_ms });
            if !fails {
                return true;
            }
            failures -= 1;
        }
        false
    }

    fn operations(&mut self, operations: &[Operation]) {
        for operation in operations {
            let succeeds = self.retries(*operation, 1, false);
            if !succeeds && *operation != Operation::Publish {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples, *};
    use model::{
        fault::{Fault, FaultPlan, FaultStatus},
        lesson::prediction::{Stored, predict},
        policy::RetryPolicy,
    };

    /// The prediction while the switch still holds `left` failures of `operation`.
    fn next(operation: Operation, left: u8) -> Prediction {
        let mut fault = FaultStatus::armed(FaultPlan::one(Fault::error(operation, 3)).unwrap());
        fault.counts[0].left = Some(left);
        predict(&fault, RetryPolicy::LESSON, 1, Stored::default())
    }

    fn steps(turn: &Turn, next: &Prediction) -> Vec<String> {
        let short = |step: PredictedStep| words::predicted_label(step).replace("Predicted: ", "");
        remainder(turn, Some(next)).into_iter().map(short).collect()
    }

    #[test]
    fn a_turn_that_waits_goes_on_without_a_further_failure() {
        let ahead = steps(&samples::waiting(1, 0), &next(Operation::Load, 0));
        let want =
            ["load, attempt 2 of 3 succeeds", "save, attempt 1 of 3 succeeds", "publish, attempt 1 of 1 succeeds"];
        assert_eq!(ahead, want);
    }

    #[test]
    fn failures_that_are_left_are_met_by_the_next_attempts() {
        let ahead = steps(&samples::waiting(1, 0), &next(Operation::Load, 1));
        let want = ["load, attempt 2 of 3 fails on purpose", "wait of 1.0 s", "load, attempt 3 of 3 succeeds"];
        assert_eq!(ahead[..3], want);
        let ahead = steps(&samples::waiting(1, 0), &next(Operation::Load, 2));
        assert_eq!(ahead.last().unwrap(), "load, attempt 3 of 3 fails on purpose", "nothing comes after giving up");
    }

    #[test]
    fn a_turn_that_only_begins_has_the_whole_prediction_before_it() {
        let mut turn = samples::waiting(1, 0);
        turn.attempts.clear();
        turn.waits.clear();
        let next = next(Operation::Save, 1);
        let labels = |steps: Vec<PredictedStep>| steps.into_iter().map(words::predicted_label).collect::<Vec<_>>();
        assert_eq!(labels(remainder(&turn, Some(&next))), labels(next.steps.clone()));
    }

    #[test]
    fn nothing_lies_ahead_of_a_turn_that_gave_up() {
        let mut turn = samples::exhausted(1, 0);
        turn.outcome = model::timeline::Outcome::Running;
        assert_eq!(remainder(&turn, Some(&next(Operation::Load, 0))), []);
    }
}
