//! Whether turns keep to what was predicted for them.

use super::*;
use model::{
    fault::{Fault, FaultPlan, FaultSetting},
    operation::{Cause, Layer, Operation},
    timeline::{ReleasedBy, turns},
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

fn forecast_of(steps: Vec<Step>) -> TurnForecast {
    beside(steps, None).last.unwrap()
}

/// With the wire as it is now.
fn beside(steps: Vec<Step>, wire: Option<WireFault>) -> Forecast {
    let event = |(seq, step)| Event { seq, at: 1_000 + seq, step };
    let events: Vec<Event> = (1..).zip(steps).map(event).collect();
    let turns = turns(&events);
    let fault = &FaultStatus::lesson();
    let now = Conditions { fault, wire, policy: RetryPolicy::LESSON, active: true, messages: 0, held: true };
    forecast(&events, &turns, now)
}

fn verdict_of(steps: Vec<Step>) -> Verdict {
    forecast_of(steps).verdict
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
    let three = FaultStatus::armed(FaultPlan::one(Fault::error(Operation::Load, 3)).unwrap());
    let mut steps = vec![Step::FaultChanged { fault: three.clone() }];
    steps.extend(started());
    steps.extend(attempt(Operation::Load, 1, true));
    let off = three.after(FaultSetting::OFF);
    steps.push(Step::FaultChanged { fault: off });
    steps.extend(attempt(Operation::Load, 2, false));
    assert_eq!(verdict_of(steps), Verdict::RightSoFar);
}

#[test]
fn a_turn_whose_attempts_were_held_comes_true_however_long_that_took() {
    let (turn, max) = (1, 3);
    let mut steps = vec![Step::HoldChanged { on: true }];
    steps.extend(started());
    for (operation, n, fails) in [(Operation::Load, 1, true), (Operation::Load, 2, false), (Operation::Save, 1, false)]
    {
        if n == 2 {
            steps.push(Step::RetryScheduled { turn, operation, attempt: n, max, delay_ms: 1_000, due_at: 9 });
        }
        steps.push(Step::AttemptHeld { turn, operation, attempt: n, max, due_at: 36_000 });
        steps.push(Step::AttemptReleased { turn, operation, attempt: n, max, by: ReleasedBy::Person });
        steps.extend(attempt(operation, n, fails));
    }
    assert!(forecast_of(steps.clone()).prediction.held);
    steps.push(Step::TurnCompleted { turn, took_us: 31_000_000, repeated: false });
    assert_eq!(verdict_of(steps), Verdict::CameTrue);
}

#[test]
fn holding_that_is_switched_on_or_off_is_that_of_the_turns_after_it() {
    let mut steps = started();
    steps.push(Step::HoldChanged { on: true });
    assert!(forecast_of(steps.clone()).prediction.held, "what is ahead of it is held too");
    steps.insert(0, Step::HoldChanged { on: false });
    steps.pop();
    assert!(!forecast_of(steps).prediction.held);
}

#[test]
fn a_wire_that_somebody_else_has_set_is_predicted_too() {
    let broken = Some(WireFault::Refuse);
    let next = |wire| beside(started(), wire).next;
    assert!(next(None).succeeds() && !next(broken).succeeds());
    let three_loads = || {
        let mut steps = started();
        (1..=3).for_each(|n| steps.extend(attempt(Operation::Load, n, true)));
        steps
    };
    let last = |steps| beside(steps, broken).last.unwrap();
    assert_eq!(last(three_loads()).verdict, Verdict::RightSoFar, "it was broken before the lab's first event");
    let mut steps = three_loads();
    steps.insert(0, Step::WireChanged { wire: broken });
    assert_eq!(last(steps.clone()).verdict, Verdict::RightSoFar);
    steps.insert(1, Step::WireChanged { wire: None });
    assert_eq!(last(steps).verdict, Verdict::Otherwise("load attempt 2 failed".to_owned()), "it worked again");
    let mut steps = three_loads();
    steps.push(Step::WireChanged { wire: None });
    assert_eq!(beside(steps, None).last, None, "how it was broken is not known");
}

#[test]
fn a_wire_that_is_set_while_an_attempt_is_under_way_is_met_by_that() {
    let mut steps = started();
    steps.extend(attempt(Operation::Load, 1, true));
    let second = attempt(Operation::Load, 2, true);
    steps.extend([second[0].clone(), Step::WireChanged { wire: Some(WireFault::Cut) }, second[1].clone()]);
    assert_eq!(verdict_of(steps.clone()), Verdict::RightSoFar);
    let third = attempt(Operation::Load, 3, false);
    steps.extend([third[0].clone(), Step::WireChanged { wire: None }, third[1].clone()]);
    assert_eq!(verdict_of(steps.clone()), Verdict::RightSoFar);
    steps.extend(attempt(Operation::Save, 1, false));
    steps.push(Step::TurnCompleted { turn: 1, took_us: 1_000, repeated: false });
    assert_eq!(verdict_of(steps), Verdict::CameTrue);
}
