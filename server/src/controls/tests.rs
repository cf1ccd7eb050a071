//! Switch and policy of labs, without any turn.

use app::fault::{Fault, FaultKind, FaultPlan, FaultSpan};

use super::*;

fn controls() -> (Controls, ActorId) {
    let layers = vec![Layer::Actor];
    (Controls::new(Timelines::new(), RetryPolicy::LESSON, layers), ActorId::lesson())
}

fn fires(controls: &Controls, actor: &ActorId, operation: Operation) -> bool {
    controls.begin(Try { actor, turn: 1, operation, attempt: 1 }, true).hit.is_some()
}

fn left(status: &FaultStatus) -> Option<u8> {
    status.counts[0].left
}

#[test]
fn the_lesson_s_failure_fires_once_for_each_activation() {
    let (controls, actor) = controls();
    controls.activated(&actor);
    assert!(!fires(&controls, &actor, Operation::Save));
    assert!(fires(&controls, &actor, Operation::Load));
    assert!(!fires(&controls, &actor, Operation::Load));
    controls.activated(&actor);
    assert!(fires(&controls, &actor, Operation::Load));
}

#[test]
fn looking_uses_nothing_up() {
    let (controls, actor) = controls();
    let tried = Try { actor: &actor, turn: 1, operation: Operation::Load, attempt: 1 };
    assert!(controls.begin(tried, false).hit.is_none());
    assert_eq!(controls.fault(&actor), FaultStatus::lesson());
}

#[test]
fn arming_and_switching_on_bring_the_whole_plan_back() {
    let (controls, actor) = controls();
    let plan = FaultPlan::one(Fault::error(Operation::Save, 2)).unwrap();
    assert_eq!(left(&controls.set_fault(&actor, FaultSetting::on(plan.clone())).unwrap()), Some(2));
    assert!(fires(&controls, &actor, Operation::Save));
    assert_eq!(left(&controls.fault(&actor)), Some(1));
    assert_eq!(left(&controls.arm(&actor)), Some(2));
    assert!(!controls.set_fault(&actor, FaultSetting::OFF).unwrap().is_loaded());
    assert!(!fires(&controls, &actor, Operation::Save));
    let on = controls.set_fault(&actor, FaultSetting { on: true, plan: None }).unwrap();
    assert_eq!((&on.plan, left(&on)), (&plan, Some(2)), "the plan is kept while the switch is off");
    controls.reset(&actor);
    assert_eq!(controls.fault(&actor), FaultStatus::lesson());
}

#[test]
fn a_plan_of_one_fails_one_of_many_attempts_at_once() {
    let (controls, actor) = controls();
    let fired = std::thread::scope(|scope| {
        let attempts: Vec<_> = (0..8).map(|_| scope.spawn(|| fires(&controls, &actor, Operation::Load))).collect();
        attempts.into_iter().filter_map(|attempt| attempt.join().ok()).filter(|fired| *fired).count()
    });
    assert_eq!(fired, 1);
}

#[test]
fn a_layer_that_is_not_there_is_refused_by_name_and_nothing_is_changed() {
    let (controls, actor) = controls();
    let plan = FaultPlan::new(vec![Fault::LESSON, Fault { layer: Layer::Store, ..Fault::LESSON }]).unwrap();
    let error = controls.set_fault(&actor, FaultSetting::on(plan)).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("plan[1].layer"));
    assert!(error.message.contains("embedded sidecar only"), "{error}");
    assert_eq!(controls.fault(&actor), FaultStatus::lesson());
}

#[test]
fn plan_and_policy_are_held_to_the_turn_s_time_whichever_is_set_last() {
    let (controls, actor) = controls();
    let hang =
        |operation| Fault { operation, kind: FaultKind::Hang, span: FaultSpan::First { attempts: 3 }, ..Fault::LESSON };
    let plan = FaultPlan::new(vec![hang(Operation::Load), hang(Operation::Save)]).unwrap();
    let error = controls.set_fault(&actor, FaultSetting::on(plan.clone())).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("plan"));
    let quick = RetryPolicy { attempt_timeout_ms: 1_000, ..RetryPolicy::LESSON };
    controls.set_policy(&actor, quick).unwrap();
    controls.set_fault(&actor, FaultSetting::on(plan)).unwrap();
    let error = controls.set_policy(&actor, RetryPolicy::LESSON).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("attempt_timeout_ms"));
    assert_eq!(controls.policy(&actor), quick);
    controls.set_fault(&actor, FaultSetting::OFF).unwrap();
    controls.set_policy(&actor, RetryPolicy::LESSON).unwrap();
    let error = controls.set_fault(&actor, FaultSetting { on: true, plan: None }).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("plan"), "the kept plan is held to it too");
}

#[test]
fn a_reset_takes_the_policy_back_too() {
    let (controls, actor) = controls();
    controls.set_policy(&actor, RetryPolicy { attempts: 7, ..RetryPolicy::LESSON }).unwrap();
    controls.reset(&actor);
    assert_eq!(controls.policy(&actor), RetryPolicy::LESSON);
    let steps: Vec<_> = controls.timelines.snapshot(&actor).events.into_iter().map(|event| event.step).collect();
    assert!(matches!(steps.last(), Some(Step::PolicyChanged { policy: RetryPolicy::LESSON })), "{steps:#?}");
}
