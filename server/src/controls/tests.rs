//! Switch and policy of labs, without any turn.

use model::{
    error::ErrorCode,
    fault::{AttemptFault, Fault, FaultKind, FaultPlan, FaultSpan, WireFault},
    scenario::{Need, Scenario},
    wire::WireSetting,
};

use super::*;
use crate::labs::Timelines;

fn controls() -> (Controls, ActorId) {
    let layers = vec![Layer::Actor];
    (Controls::new(Labs::new(), RetryPolicy::LESSON, layers, None, None), ActorId::lesson())
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
    let plan = FaultPlan::one(AttemptFault::error(Operation::Save, 2)).unwrap();
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
    let plan = FaultPlan::new(vec![AttemptFault::LESSON, AttemptFault { layer: Layer::Store, ..AttemptFault::LESSON }])
        .unwrap();
    let error = controls.set_fault(&actor, FaultSetting::on(plan)).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("plan[1].layer"));
    assert!(error.message.contains("embedded sidecar only"), "{error}");
    assert_eq!(controls.fault(&actor), FaultStatus::lesson());
}

#[test]
fn plan_and_policy_are_held_to_the_turn_s_time_whichever_is_set_last() {
    let (controls, actor) = controls();
    let hang = |operation| AttemptFault {
        operation,
        kind: FaultKind::Hang,
        span: FaultSpan::First { attempts: 3 },
        ..AttemptFault::LESSON
    };
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
    let steps: Vec<_> =
        Timelines::of(&controls.labs).snapshot(&actor).events.into_iter().map(|event| event.step).collect();
    assert!(matches!(steps.last(), Some(Step::PolicyChanged { policy: RetryPolicy::LESSON })), "{steps:#?}");
}

fn wired() -> Controls {
    let wire = crate::wire::WireSwitch::new("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2");
    Controls::new(Labs::new(), RetryPolicy::LESSON, vec![Layer::Actor], Some(wire), None)
}

fn wire(controls: &Controls) -> Option<WireFault> {
    controls.wire().unwrap().fault
}

#[test]
fn a_reset_lets_a_wire_work_again_that_the_lab_had_set_and_no_other() {
    let (controls, actor, other) = (wired(), ActorId::lesson(), "other".parse::<ActorId>().unwrap());
    let cut = || FaultSetting::on(FaultPlan::one(WireFault::Cut).unwrap());
    controls.set_fault(&actor, cut()).unwrap();
    controls.reset(&other);
    assert_eq!(wire(&controls), Some(WireFault::Cut));
    controls.reset(&actor);
    assert_eq!(wire(&controls), None);
    controls.set_fault(&actor, cut()).unwrap();
    controls.set_wire(None, WireSetting { fault: Some(WireFault::Stall) }).unwrap();
    controls.reset(&actor);
    assert_eq!(wire(&controls), Some(WireFault::Stall));
}

#[test]
fn an_activation_and_what_others_do_to_attempts_leave_the_wire_alone() {
    let (controls, actor, other) = (wired(), ActorId::lesson(), "other".parse::<ActorId>().unwrap());
    controls.set_fault(&actor, FaultSetting::on(FaultPlan::one(WireFault::Cut).unwrap())).unwrap();
    controls.activated(&actor);
    controls.set_fault(&other, FaultSetting::on(FaultPlan::lesson())).unwrap();
    controls.set_fault(&other, FaultSetting::OFF).unwrap();
    assert_eq!((wire(&controls), controls.fault(&actor).wire()), (Some(WireFault::Cut), Some(WireFault::Cut)));
}

#[test]
fn however_many_labs_set_the_wire_at_once_one_has_it_and_it_does_what_that_one_says() {
    let controls = wired();
    let labs: Vec<ActorId> = (0..8).map(|n| format!("lab{n}").parse().unwrap()).collect();
    std::thread::scope(|scope| {
        for (n, lab) in (0..).zip(&labs) {
            let controls = &controls;
            scope.spawn(move || {
                for round in 1..50 {
                    let fault = WireFault::Delay { ms: n * 100 + round };
                    controls.set_fault(lab, FaultSetting::on(FaultPlan::one(fault).unwrap())).unwrap();
                    if round % 7 == 0 {
                        controls.set_fault(lab, FaultSetting::OFF).unwrap();
                    }
                }
            });
        }
    });
    let have: Vec<_> = labs.iter().filter_map(|lab| controls.fault(lab).wire()).collect();
    assert_eq!(have, Vec::from_iter(wire(&controls)));
}

/// The first scenario of which this holds.
fn scenario(wanted: impl Fn(&Scenario) -> bool) -> &'static Scenario {
    model::scenario::all().iter().find(|scenario| wanted(scenario)).unwrap()
}

fn sets_the_wire() -> &'static Scenario {
    scenario(|scenario| scenario.needs.contains(&Need::Wire))
}

fn sets_nothing() -> &'static Scenario {
    scenario(|scenario| scenario.needs.is_empty() && !scenario.sidecar_retries)
}

fn code(result: Result<impl Sized, LabError>) -> Option<ErrorCode> {
    result.err().map(|error| error.code)
}

#[test]
fn scenarios_that_set_nothing_of_what_is_shared_run_beside_each_other_and_others_alone() {
    let (controls, a, b) = (wired(), ActorId::lesson(), "b".parse::<ActorId>().unwrap());
    let first = controls.lease(&a, sets_nothing()).unwrap();
    let second = controls.lease(&b, sets_nothing()).unwrap();
    assert_eq!(code(controls.lease(&"c".parse().unwrap(), sets_the_wire())), Some(ErrorCode::Busy));
    drop((first, second));
    let alone = controls.lease(&a, sets_the_wire()).unwrap();
    let busy = controls.lease(&b, sets_nothing()).err().unwrap();
    assert_eq!(busy.code, ErrorCode::Busy);
    assert!(busy.message.contains("user1") && busy.message.contains(&sets_the_wire().name), "{busy}");
    drop(alone);
    controls.lease(&b, sets_the_wire()).unwrap();
}

#[test]
fn a_class_of_two_hundred_runs_its_scenarios_at_once_and_there_is_an_end_to_how_many() {
    let controls = wired();
    let lease = |n: usize| controls.lease(&format!("lab{n}").parse().unwrap(), sets_nothing());
    let mut running: Vec<_> = (0..250).map(|n| lease(n).unwrap()).collect();
    let refused = lease(250).err().unwrap();
    assert_eq!((refused.code, refused.code.status()), (ErrorCode::TooManyWaiting, 429));
    assert!(refused.message.contains("250 scenarios") && refused.message.contains("when one"), "{refused}");
    assert_eq!(code(controls.set_wire(None, WireSetting { fault: None })), Some(ErrorCode::Busy));
    running.pop();
    running.push(lease(250).unwrap());
    drop(running);
    controls.set_wire(None, WireSetting { fault: None }).unwrap();
}

#[test]
fn what_a_scenario_relies_on_nobody_else_sets_until_its_end() {
    let (controls, actor, other) = (wired(), ActorId::lesson(), "other".parse::<ActorId>().unwrap());
    let cut = || FaultSetting::on(FaultPlan::one(WireFault::Cut).unwrap());
    let stall = WireSetting { fault: Some(WireFault::Stall) };
    // With its plan on the wire, as somebody has set that since.
    controls.set_fault(&other, cut()).unwrap();
    controls.set_wire(None, WireSetting { fault: None }).unwrap();
    for wanted in [sets_the_wire(), sets_nothing()] {
        let lease = controls.lease(&actor, wanted).unwrap();
        assert_eq!(code(controls.set_wire(None, stall)), Some(ErrorCode::Busy));
        assert_eq!(code(controls.set_wire(Some(&other), stall)), Some(ErrorCode::Busy));
        assert_eq!(code(controls.set_fault(&other, cut())), Some(ErrorCode::Busy));
        assert_eq!(controls.arm(&other).wire(), None, "arming leaves the wire alone");
        let attempts = FaultSetting::on(FaultPlan::lesson());
        controls.set_fault(&other, attempts).unwrap();
        controls.reset(&other);
        assert_eq!(wire(&controls), None);
        drop(lease);
        controls.set_fault(&other, cut()).unwrap();
        controls.set_wire(None, WireSetting { fault: None }).unwrap();
    }
    let lease = controls.lease(&actor, sets_the_wire()).unwrap();
    controls.set_wire(Some(&actor), stall).unwrap();
    controls.set_fault(&actor, cut()).unwrap();
    assert_eq!(wire(&controls), Some(WireFault::Cut), "the scenario's own lab sets it");
    drop(lease);
    assert_eq!(wire(&controls), None);
}

#[test]
fn after_a_scenario_the_wire_does_what_it_did_before_and_whose_it_was_has_it_again() {
    let (controls, actor, other) = (wired(), ActorId::lesson(), "other".parse::<ActorId>().unwrap());
    let cut = || FaultSetting::on(FaultPlan::one(WireFault::Cut).unwrap());
    controls.set_wire(None, WireSetting { fault: Some(WireFault::Stall) }).unwrap();
    let lease = controls.lease(&actor, sets_nothing()).unwrap();
    assert_eq!(wire(&controls), None, "it is not as the scenario has to find it");
    drop(lease);
    assert_eq!(wire(&controls), Some(WireFault::Stall));

    controls.set_fault(&other, cut()).unwrap();
    let before = controls.fault(&other);
    let lease = controls.lease(&actor, sets_the_wire()).unwrap();
    assert_eq!((wire(&controls), controls.fault(&other).wire()), (None, None));
    drop(lease);
    assert_eq!((wire(&controls), controls.fault(&other)), (Some(WireFault::Cut), before));
    controls.set_fault(&other, FaultSetting::OFF).unwrap();
    assert_eq!(wire(&controls), None, "it is that lab's again");

    // A message meanwhile uses up what it meets, and takes the wire from nobody.
    let save = Fault::Attempt(AttemptFault::error(Operation::Save, 2));
    let both = FaultPlan::new(vec![save, Fault::Wire(WireFault::Cut)]).unwrap();
    controls.set_fault(&other, FaultSetting::on(both)).unwrap();
    let lease = controls.lease(&actor, sets_the_wire()).unwrap();
    controls.activated(&other);
    assert!(fires(&controls, &other, Operation::Save));
    drop(lease);
    assert_eq!((wire(&controls), controls.fault(&other).wire()), (Some(WireFault::Cut), Some(WireFault::Cut)));
    assert_eq!(left(&controls.fault(&other)), Some(1), "what was used up stays so");

    // What was switched off, or armed, or set to something else meanwhile is as it was set.
    let lease = controls.lease(&actor, sets_the_wire()).unwrap();
    controls.arm(&other);
    drop(lease);
    assert_eq!((wire(&controls), left(&controls.fault(&other))), (Some(WireFault::Cut), Some(2)));
    let lease = controls.lease(&actor, sets_the_wire()).unwrap();
    controls.set_fault(&other, FaultSetting::on(FaultPlan::lesson())).unwrap();
    drop(lease);
    assert_eq!((wire(&controls), controls.fault(&other)), (None, FaultStatus::lesson()));
    controls.set_fault(&other, cut()).unwrap();
    let lease = controls.lease(&actor, sets_the_wire()).unwrap();
    controls.set_fault(&other, FaultSetting::OFF).unwrap();
    drop(lease);
    assert_eq!((wire(&controls), controls.fault(&other).on), (None, false));
}
