//! What is going to happen, and whether what was predicted for the last message came true.

use crate::{
    fault::FaultStatus,
    lesson::prediction::{PredictedStep, Prediction, predict, predict_rest},
    policy::RetryPolicy,
    timeline::{Attempt, AttemptState, Event, Method, Outcome, Step, Turn},
};

/// The next message, and the last one.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlook {
    /// What a message would meet that is sent now.
    pub next: Prediction,
    /// The turn that runs, or the last that did.
    pub last: Option<TurnOutlook>,
}

/// What was predicted for one turn.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnOutlook {
    /// The turn.
    pub turn: u64,
    /// What was predicted for it when it began, or when the switch was last set during it.
    pub prediction: Prediction,
    /// Whether it keeps to it.
    pub verdict: Verdict,
}

/// Whether a turn keeps to its prediction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing has happened yet.
    Open,
    /// Everything up to now.
    RightSoFar,
    /// It has ended as predicted.
    CameTrue,
    /// It did not, and this is where.
    Otherwise(String),
}

/// Reads both from the events.
pub fn outlook(events: &[Event], turns: &[Turn], fault: FaultStatus, active: bool, policy: RetryPolicy) -> Outlook {
    let next = predict(fault, active, policy);
    Outlook { next, last: last(events, turns, policy) }
}

/// The last message's turn that has begun, with the prediction that the switch allowed at its beginning.
fn last(events: &[Event], turns: &[Turn], policy: RetryPolicy) -> Option<TurnOutlook> {
    let begun = |turn: &&Turn| turn.method == Method::ProcessMessage && turn.started_at.is_some();
    let turn = turns.iter().rev().find(begun)?;
    if matches!(turn.outcome, Outcome::Completed { repeated: true, .. }) {
        return None;
    }
    // A lab that nobody has touched has the lesson's switch; without its first event the switch is not known.
    let mut fault = (events.first()?.seq == 1).then_some(FaultStatus::LESSON);
    let mut prediction = None;
    let mut so_far = Vec::new();
    for event in events {
        match &event.step {
            Step::LabReset => fault = Some(FaultStatus::LESSON),
            Step::FaultFired { fault: after, .. } => fault = Some(*after),
            Step::FaultChanged { fault: after } => {
                fault = Some(*after);
                if prediction.is_some() && turn.ended_at.is_none_or(|end| event.at <= end) {
                    prediction = Some(predict_rest(&so_far, *after, policy));
                }
            }
            Step::TurnStarted { turn: number, .. } if *number == turn.number => {
                prediction = fault.map(|fault| predict(fault, true, policy));
            }
            Step::AttemptFailed { turn: number, operation, attempt, max, .. } if *number == turn.number => {
                so_far.push(PredictedStep::Attempt {
                    operation: *operation,
                    attempt: *attempt,
                    max: *max,
                    fails: true,
                });
            }
            Step::AttemptSucceeded { turn: number, operation, attempt, max, .. } if *number == turn.number => {
                let (operation, attempt, max) = (*operation, *attempt, *max);
                so_far.push(PredictedStep::Attempt { operation, attempt, max, fails: false });
            }
            Step::RetryScheduled { turn: number, operation, attempt, delay_ms, .. } if *number == turn.number => {
                so_far.push(PredictedStep::Wait { operation: *operation, attempt: *attempt, delay_ms: *delay_ms });
            }
            _ => {}
        }
    }
    let prediction = prediction?;
    let verdict = verdict(turn, &prediction);
    Some(TurnOutlook { turn: turn.number, prediction, verdict })
}

fn verdict(turn: &Turn, prediction: &Prediction) -> Verdict {
    let mut predicted = prediction.steps.iter().filter_map(|step| match step {
        PredictedStep::Attempt { operation, attempt, fails, .. } => Some((*operation, *attempt, *fails)),
        PredictedStep::Wait { .. } => None,
    });
    let mut finished = 0;
    for done in &turn.attempts {
        let Some(failed) = failed(done) else { break };
        finished += 1;
        if predicted.next() != Some((done.operation, done.attempt, failed)) {
            let how = if failed { "failed" } else { "succeeded" };
            return Verdict::Otherwise(format!("{} attempt {} {how}", done.operation.as_str(), done.attempt));
        }
    }
    match &turn.outcome {
        Outcome::Completed { .. } if prediction.succeeds => Verdict::CameTrue,
        Outcome::Failed { .. } if !prediction.succeeds => Verdict::CameTrue,
        Outcome::Completed { .. } => Verdict::Otherwise("it succeeded".to_owned()),
        Outcome::Failed { error, .. } => Verdict::Otherwise(error.message.clone()),
        Outcome::Queued | Outcome::Running if finished > 0 => Verdict::RightSoFar,
        Outcome::Queued | Outcome::Running => Verdict::Open,
    }
}

/// Whether an attempt failed; `None` while it is under way.
const fn failed(attempt: &Attempt) -> Option<bool> {
    match attempt.state {
        AttemptState::Running => None,
        AttemptState::Failed { .. } => Some(true),
        AttemptState::Succeeded { .. } => Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fault::FaultSetting,
        timeline::{Cause, Layer, Operation, turns},
    };

    const CAUSE: Cause = Cause { simulated: true, layer: Layer::Actor };

    fn started() -> Vec<Step> {
        let (method, message_id, content) = (Method::ProcessMessage, None, Some("Hi there".to_owned()));
        vec![Step::Activated, Step::TurnStarted { turn: 1, method, message_id, content }]
    }

    fn attempt(operation: Operation, attempt: u8, fails: bool) -> Vec<Step> {
        let (turn, max, took_us) = (1, 3, 400);
        let end = if fails {
            let (error, cause, transient) = ("away".to_owned(), CAUSE, true);
            Step::AttemptFailed { turn, operation, attempt, max, error, cause, transient, took_us }
        } else {
            Step::AttemptSucceeded { turn, operation, attempt, max, took_us }
        };
        vec![Step::AttemptStarted { turn, operation, attempt, max }, end]
    }

    fn verdict_of(steps: Vec<Step>) -> Verdict {
        let event = |(seq, step)| Event { seq, at: 1_000 + seq, step };
        let events: Vec<Event> = (1..).zip(steps).map(event).collect();
        let turns = turns(&events);
        outlook(&events, &turns, FaultStatus::LESSON, true, RetryPolicy::LESSON).last.unwrap().verdict
    }

    #[test]
    fn a_turn_is_right_so_far_until_it_ends() {
        assert_eq!(verdict_of(started()), Verdict::Open);
        let mut steps = started();
        steps.extend(attempt(Operation::Load, 1, true));
        assert_eq!(verdict_of(steps.clone()), Verdict::RightSoFar);
        steps.extend(attempt(Operation::Load, 2, false));
        steps.extend(attempt(Operation::Save, 1, false));
        steps.push(Step::TurnCompleted { turn: 1, took_us: 1_000, repeated: false });
        assert_eq!(verdict_of(steps), Verdict::CameTrue);
    }

    #[test]
    fn a_failure_that_nobody_asked_for_is_told() {
        let mut steps = started();
        steps.extend(attempt(Operation::Load, 1, true));
        steps.extend(attempt(Operation::Load, 2, true));
        assert_eq!(verdict_of(steps), Verdict::Otherwise("load attempt 2 failed".to_owned()));
    }

    #[test]
    fn what_is_set_while_a_retry_waits_is_predicted_anew() {
        let three = FaultStatus::LESSON.after(FaultSetting {
            on: true,
            plan: Some(crate::fault::FaultPlan { attempts: 3.try_into().unwrap(), ..crate::fault::FaultPlan::LESSON }),
        });
        let mut steps = vec![Step::FaultChanged { fault: three }];
        steps.extend(started());
        steps.extend(attempt(Operation::Load, 1, true));
        let off = three.after(FaultSetting { on: false, plan: None });
        steps.push(Step::FaultChanged { fault: off });
        steps.extend(attempt(Operation::Load, 2, false));
        assert_eq!(verdict_of(steps), Verdict::RightSoFar);
    }
}
