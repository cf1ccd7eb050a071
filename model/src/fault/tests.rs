//! Faults as they travel, what is refused, and what a plan does with attempts.

use super::*;
use crate::error::ErrorCode;

fn fault(json: &str) -> Result<Fault, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

fn plan(json: &str) -> FaultPlan {
    serde_json::from_str(json).unwrap()
}

/// What becomes of `n` attempts of an operation, one letter each: `.` passes, `x` fails, `h` hangs, `d` is late.
fn fate(status: &mut FaultStatus, operation: Operation, n: usize) -> String {
    let letter = |hit: Option<Hit>| match hit {
        None => '.',
        Some(Hit { end: Some(HitEnd { hangs: true, .. }), .. }) => 'h',
        Some(Hit { end: Some(_), .. }) => 'x',
        Some(_) => 'd',
    };
    (0..n).map(|_| letter(status.meet(operation, 6_800))).collect()
}

#[test]
fn a_fault_is_one_flat_object_and_what_is_left_out_is_the_lesson_s() {
    assert_eq!(fault(r#"{"operation":"load"}"#).unwrap(), Fault::LESSON);
    assert_eq!(
        serde_json::to_string(&Fault::LESSON).unwrap(),
        r#"{"operation":"load","kind":"error","span":"first","attempts":1,"layer":"actor"}"#
    );
    for json in [
        r#"{"operation":"load","kind":"delay","ms":300,"span":"first","attempts":2,"layer":"actor"}"#,
        r#"{"operation":"save","kind":"hang","span":"next","attempts":10,"layer":"store"}"#,
        r#"{"operation":"publish","kind":"flaky","percent":30,"seed":7,"span":"until_off","layer":"actor"}"#,
    ] {
        assert_eq!(serde_json::to_string(&fault(json).unwrap()).unwrap(), json);
    }
}

#[test]
fn what_does_not_go_together_is_refused_with_what_may_be() {
    let refused = |json: &str, words: &str| {
        let error = fault(json).unwrap_err();
        assert!(error.contains(words), "{json}: {error}");
    };
    refused(r#"{"operation":"load","attempts":0}"#, "attempts is 0: it may be 1 to 10");
    refused(r#"{"operation":"load","attempts":300}"#, "attempts is 300: it may be 1 to 10");
    refused(r#"{"operation":"load","kind":"delay"}"#, "ms is missing");
    refused(r#"{"operation":"load","kind":"delay","ms":20000}"#, "1 to 10000");
    refused(r#"{"operation":"load","ms":5}"#, "ms goes with the kind delay only");
    refused(r#"{"operation":"load","kind":"flaky","percent":0}"#, "1 to 100");
    refused(r#"{"operation":"load","kind":"hang","seed":4}"#, "seed goes with the kind flaky only");
    refused(r#"{"operation":"load","span":"until_off","attempts":1}"#, "attempts goes with the spans first and next");
    refused(r#"{"operation":"publish","layer":"store"}"#, "does not go to the state store");
    refused(r#"{"operation":"load","layer":"sidecar"}"#, "use actor, store or wire");
    refused("{}", "operation is missing: use load, save or publish");
    refused(r#"{"operation":"load","probability":0.5}"#, "unknown field `probability`");
}

#[test]
fn a_plan_has_one_to_eight_faults_each_of_which_can_fire() {
    let error = FaultPlan::new(Vec::<Fault>::new()).unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (ErrorCode::InvalidField, Some("plan")));
    let nine = vec![Fault::LESSON; 9];
    assert!(FaultPlan::new(nine).unwrap_err().message.contains("9 faults"));
    let bad = AttemptFault { kind: FaultKind::Delay { ms: 0 }, ..AttemptFault::LESSON };
    let error = FaultPlan::new(vec![AttemptFault::LESSON, bad]).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("plan[1].ms"));
    let lesson = AttemptFault::LESSON;
    let always = AttemptFault { span: FaultSpan::UntilOff, ..lesson };
    let error = FaultPlan::new(vec![always, lesson]).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("plan[1]"), "{error}");
    let stored = AttemptFault { layer: Layer::Store, ..lesson };
    assert_eq!(FaultPlan::new(vec![stored, always]).unwrap_err().field.as_deref(), Some("plan[0]"));
    FaultPlan::new(vec![lesson, always]).unwrap();
    FaultPlan::new(vec![always, AttemptFault { operation: Operation::Save, ..lesson }]).unwrap();
}

#[test]
fn the_first_attempts_come_again_with_each_activation_the_next_ones_do_not() {
    let mut first = FaultStatus::armed(plan(r#"[{"operation":"load","attempts":2}]"#));
    assert_eq!(fate(&mut first, Operation::Save, 3), "...", "other operations do not meet it");
    assert_eq!(fate(&mut first, Operation::Load, 4), "xx..");
    let mut first = first.activated();
    assert_eq!(fate(&mut first, Operation::Load, 3), "xx.");
    let mut next = FaultStatus::armed(plan(r#"[{"operation":"load","span":"next","attempts":2}]"#));
    assert_eq!(fate(&mut next, Operation::Load, 1), "x");
    let mut next = next.activated();
    assert_eq!(fate(&mut next, Operation::Load, 3), "x..");
    assert_eq!(fate(&mut next.activated().rearmed(), Operation::Load, 3), "xx.", "arming brings the whole plan back");
}

#[test]
fn until_off_is_until_off() {
    let mut status = FaultStatus::armed(plan(r#"[{"operation":"save","kind":"hang","span":"until_off"}]"#));
    assert_eq!(fate(&mut status, Operation::Save, 5), "hhhhh");
    let mut off = status.after(FaultSetting::OFF);
    assert_eq!(fate(&mut off, Operation::Save, 2), "..");
    assert!(!off.is_loaded());
    let mut on = off.after(FaultSetting { on: true, plan: None });
    assert_eq!(fate(&mut on, Operation::Save, 2), "hh", "the plan is kept while the switch is off");
}

#[test]
fn what_is_flaky_is_repeated_by_arming_and_goes_on_through_activations() {
    let json = r#"[{"operation":"load","kind":"flaky","percent":50,"seed":3,"span":"until_off"}]"#;
    let mut status = FaultStatus::armed(plan(json));
    let all = fate(&mut status, Operation::Load, 40);
    assert!(all.contains('x') && all.contains('.'), "{all}");
    let mut again = status.rearmed();
    assert_eq!(fate(&mut again, Operation::Load, 20), all[..20]);
    assert_eq!(fate(&mut again.activated(), Operation::Load, 20), all[20..]);
}

#[test]
fn delays_add_up_before_the_fault_that_ends_the_attempt() {
    let json = r#"[
        {"operation":"load","kind":"error","span":"next","attempts":1,"layer":"store"},
        {"operation":"load","kind":"delay","ms":100,"span":"until_off"},
        {"operation":"load","kind":"delay","ms":30,"span":"until_off","layer":"store"},
        {"operation":"load","kind":"flaky","percent":100,"span":"next","attempts":1},
        {"operation":"load","kind":"delay","ms":7,"span":"until_off"}
    ]"#;
    let mut status = FaultStatus::armed(plan(json));
    let actor = status.meet(Operation::Load, 6_800).unwrap();
    let end = Some(HitEnd { layer: Layer::Actor, hangs: false });
    assert_eq!(actor, Hit { actor_delay_ms: 100, end, ..Hit::default() }, "what is behind the failure adds nothing");
    assert_eq!(status.counts[0].left, Some(1), "and is not used up by it");
    let store = status.meet(Operation::Load, 6_800).unwrap();
    let end = Some(HitEnd { layer: Layer::Store, hangs: false });
    assert_eq!(store, Hit { actor_delay_ms: 107, end, ..Hit::default() }, "the store's faults go in the plan's order");
    let late = status.meet(Operation::Load, 6_800).unwrap();
    assert_eq!(late, Hit { actor_delay_ms: 107, store_delay_ms: 30, ..Hit::default() });
}

#[test]
fn a_delay_as_long_as_the_time_out_is_a_hang() {
    let mut status = FaultStatus::armed(plan(
        r#"[{"operation":"load","kind":"delay","ms":200,"span":"until_off"},
            {"operation":"load","kind":"delay","ms":100,"span":"until_off","layer":"store"}]"#,
    ));
    let hit = |status: &mut FaultStatus, timeout| status.meet(Operation::Load, timeout).unwrap();
    assert_eq!(hit(&mut status, 301).end, None);
    assert_eq!(hit(&mut status, 300).end, Some(HitEnd { layer: Layer::Store, hangs: true }));
    assert_eq!(hit(&mut status, 200).end, Some(HitEnd { layer: Layer::Actor, hangs: true }));
    assert_eq!(hit(&mut status, 200).takes_ms(200), 200);
}

#[test]
fn the_switch_says_what_it_is_going_to_do() {
    let said = |json: &str, met: usize, operation| {
        let mut status = FaultStatus::armed(plan(json));
        fate(&mut status, operation, met);
        words::status(&status, true)
    };
    let load = Operation::Load;
    assert_eq!(said(r#"[{"operation":"load"}]"#, 0, load), "the next load fails");
    assert_eq!(said(r#"[{"operation":"load"}]"#, 1, load), "arms again after the actor has idled");
    assert_eq!(said(r#"[{"operation":"save","attempts":3}]"#, 0, load), "the next 3 save attempts fail");
    assert_eq!(said(r#"[{"operation":"load","attempts":3}]"#, 2, load), "2 of 3 failures used");
    assert_eq!(said(r#"[{"operation":"load","attempts":3}]"#, 3, load), "3 of 3 failures used");
    assert_eq!(said(r#"[{"operation":"load","span":"next"}]"#, 1, load), "arm it again for more");
    let two = r#"[{"operation":"load","kind":"delay","ms":300,"span":"until_off","layer":"store"},
                  {"operation":"save","kind":"flaky","percent":30,"attempts":2}]"#;
    let words = "every load in the store is 300 ms late; the next 2 save attempts fail with 30 %";
    assert_eq!(said(two, 1, load), words);
    let four = format!("{},{}", two.trim_end_matches(']'), r#"{"operation":"save"},{"operation":"publish"}]"#);
    assert_eq!(said(&four, 1, load), format!("{words}; and 2 more"));
    let three = format!("{},{}", two.trim_end_matches(']'), r#"{"operation":"save"}]"#);
    assert_eq!(said(&three, 1, load), format!("{words}; the next save fails"));
}

#[test]
fn an_actor_that_is_not_in_memory_meets_the_first_attempts_at_its_activation() {
    let mut used = FaultStatus::lesson();
    fate(&mut used, Operation::Load, 1);
    assert_eq!(words::status(&used, false), "the next load fails");
}

#[test]
fn a_fault_on_the_wire_is_as_flat_and_has_a_kind_alone() {
    let refuse = r#"{"kind":"refuse","span":"until_off","layer":"wire"}"#;
    assert_eq!(fault(r#"{"kind":"refuse","layer":"wire"}"#).unwrap(), Fault::Wire(WireFault::Refuse));
    let delay = r#"{"kind":"delay","ms":800,"span":"until_off","layer":"wire"}"#;
    for json in [refuse, delay] {
        assert_eq!(serde_json::to_string(&fault(json).unwrap()).unwrap(), json);
    }
}

#[test]
fn what_goes_against_the_layer_is_refused_by_its_field() {
    let refused = |json: &str, field: &str, words: &str| {
        let flat: flat::FlatFault = serde_json::from_str(json).unwrap();
        let error = Fault::try_from(flat).unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::InvalidField, Some(field)), "{json}: {error}");
        assert!(error.message.starts_with(field) && error.message.contains(words), "{json}: {error}");
    };
    let on_the_wire = |more: &str| format!(r#"{{"layer":"wire",{more}}}"#);
    let kinds = "on the wire it may be refuse, stall, delay or cut";
    refused(r#"{"layer":"wire"}"#, "kind", kinds);
    for kind in ["error", "hang", "flaky"] {
        refused(&on_the_wire(&format!(r#""kind":"{kind}""#)), "kind", kinds);
    }
    let actor_and_store = "the layers actor and store only";
    refused(&on_the_wire(r#""kind":"refuse","operation":"load""#), "operation", actor_and_store);
    refused(&on_the_wire(r#""kind":"refuse","attempts":1"#), "attempts", actor_and_store);
    for span in ["first", "next"] {
        refused(&on_the_wire(&format!(r#""kind":"cut","span":"{span}""#)), "span", "on the wire it may be until_off");
    }
    refused(&on_the_wire(r#""kind":"delay""#), "ms", "missing");
    refused(&on_the_wire(r#""kind":"delay","ms":10001"#), "ms", "1 to 10000");
    refused(&on_the_wire(r#""kind":"stall","ms":10"#), "ms", "the kind delay only");
    refused(&on_the_wire(r#""kind":"stall","percent":10"#), "percent", "the kind flaky only");
    refused(&on_the_wire(r#""kind":"stall","seed":10"#), "seed", "the kind flaky only");
    for kind in ["refuse", "stall", "cut"] {
        for layer in ["actor", "store"] {
            let json = format!(r#"{{"operation":"load","kind":"{kind}","layer":"{layer}"}}"#);
            refused(&json, "kind", "it may be error, delay, hang or flaky");
        }
    }
}

#[test]
fn a_plan_has_one_fault_on_the_wire_beside_those_of_attempts() {
    let (lesson, refuse) = (Fault::LESSON, Fault::Wire(WireFault::Refuse));
    let error = FaultPlan::new(vec![refuse, lesson, Fault::Wire(WireFault::Stall)]).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("plan[2].layer"));
    assert!(error.message.contains("as that of fault 1 is"), "{error}");
    let always = AttemptFault { span: FaultSpan::UntilOff, ..AttemptFault::LESSON };
    FaultPlan::new(vec![refuse, always.into()]).unwrap();
}

#[test]
fn what_passes_the_faults_before_it_meets_the_wire_until_it_is_off_and_a_publish_goes_past_it() {
    let json = r#"[{"kind":"refuse","layer":"wire"},{"operation":"save"}]"#;
    let mut status = FaultStatus::armed(plan(json));
    assert_eq!((fate(&mut status, Operation::Publish, 2), status.counts[0].met), ("..".to_owned(), 0));
    assert_eq!(fate(&mut status, Operation::Load, 3), "xxx");
    let end = |hit: Option<Hit>| hit.and_then(|hit| hit.end).map(|end| (end.layer, end.hangs));
    assert_eq!(end(status.meet(Operation::Save, 6_800)), Some((Layer::Actor, false)), "it never left the actor");
    assert_eq!(end(status.meet(Operation::Save, 6_800)), Some((Layer::Wire, false)));
    assert_eq!(status.counts[0], FaultCount { left: None, met: 4 });
    assert_eq!(status.clone().activated().counts[0].met, 4);
    assert_eq!(status.wire(), Some(WireFault::Refuse));
    assert_eq!(status.after(FaultSetting::OFF).wire(), None);
}

#[test]
fn a_wire_that_stalls_hangs_and_one_that_delays_is_late_until_the_time_out() {
    let meets = |kind: &str, timeout| {
        FaultStatus::armed(plan(&format!("[{{{kind},\"layer\":\"wire\"}}]"))).meet(Operation::Load, timeout).unwrap()
    };
    assert_eq!(meets(r#""kind":"stall""#, 500).end, Some(HitEnd { layer: Layer::Wire, hangs: true }));
    let late = meets(r#""kind":"delay","ms":300"#, 301);
    assert_eq!((late.end, late.wire_delay_ms, late.takes_ms(301)), (None, 300, 300));
    assert_eq!(meets(r#""kind":"delay","ms":300"#, 300).end, Some(HitEnd { layer: Layer::Wire, hangs: true }));
    assert_eq!(meets(r#""kind":"delay","ms":2999"#, 6_800).end, None);
    let outlasts = meets(r#""kind":"delay","ms":3000"#, 6_800);
    assert_eq!(outlasts.end, Some(HitEnd { layer: Layer::Wire, hangs: true }), "daprd's Redis client waits no longer");
    assert!(
        WireFault::Delay { ms: 3_000 }.never_lets_pass(6_800) && !WireFault::Delay { ms: 2_999 }.never_lets_pass(6_800)
    );
}

#[test]
fn a_wire_that_somebody_else_has_set_is_not_what_the_plan_says_until_it_is_armed_again() {
    let armed = FaultStatus::armed(plan(r#"[{"kind":"cut","layer":"wire"},{"operation":"load"}]"#));
    let mut lost = armed.clone().without_the_wire();
    assert_eq!((lost.wire(), lost.counts[0].left, lost.has_lost_the_wire()), (None, Some(0), true));
    assert_eq!(fate(&mut lost, Operation::Save, 1), ".", "whatever the wire does now is not of this plan");
    assert!(lost.is_used() && lost.is_loaded(), "the other fault is still ahead");
    assert_eq!(lost.clone().activated().wire(), None);
    assert_eq!(lost.rearmed(), armed);
    assert!(!armed.after(FaultSetting::OFF).without_the_wire().has_lost_the_wire(), "what is off has nothing to lose");
}

#[test]
fn the_switch_says_what_the_wire_does_and_that_it_is_not_its_own_any_more() {
    let one = FaultStatus::armed(plan(r#"[{"kind":"delay","ms":800,"layer":"wire"}]"#));
    assert_eq!(words::status(&one, true), "the wire to Redis delays 800 ms, for every actor");
    let lost = "the wire has been set by somebody else since: arm again to set it back";
    assert_eq!(words::status(&one.without_the_wire(), true), lost);
    let two = FaultStatus::armed(plan(r#"[{"operation":"load"},{"kind":"cut","layer":"wire"}]"#)).without_the_wire();
    assert_eq!(words::status(&two, true), format!("the next load fails; {lost}"));
}
