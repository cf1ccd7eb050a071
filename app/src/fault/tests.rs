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
    refused(r#"{"operation":"load","layer":"wire"}"#, "PUT /api/wire");
    refused(r#"{"operation":"load","layer":"sidecar"}"#, "use actor or store");
    refused(r#"{"operation":"load","probability":0.5}"#, "unknown field `probability`");
}

#[test]
fn a_plan_has_one_to_eight_faults_each_of_which_can_fire() {
    let error = FaultPlan::new(Vec::new()).unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (ErrorCode::InvalidField, Some("plan")));
    let nine = vec![Fault::LESSON; 9];
    assert!(FaultPlan::new(nine).unwrap_err().message.contains("9 faults"));
    let bad = Fault { kind: FaultKind::Delay { ms: 0 }, ..Fault::LESSON };
    let error = FaultPlan::new(vec![Fault::LESSON, bad]).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("plan[1].ms"));
    let always = Fault { span: FaultSpan::UntilOff, ..Fault::LESSON };
    let error = FaultPlan::new(vec![always, Fault::LESSON]).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("plan[1]"), "{error}");
    let stored = Fault { layer: Layer::Store, ..Fault::LESSON };
    assert_eq!(FaultPlan::new(vec![stored, always]).unwrap_err().field.as_deref(), Some("plan[0]"));
    FaultPlan::new(vec![Fault::LESSON, always]).unwrap();
    FaultPlan::new(vec![always, Fault { operation: Operation::Save, ..Fault::LESSON }]).unwrap();
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
    assert_eq!(actor, Hit { actor_delay_ms: 100, store_delay_ms: 0, end }, "what is behind the failure adds nothing");
    assert_eq!(status.counts[0].left, Some(1), "and is not used up by it");
    let store = status.meet(Operation::Load, 6_800).unwrap();
    let end = Some(HitEnd { layer: Layer::Store, hangs: false });
    assert_eq!(store, Hit { actor_delay_ms: 107, store_delay_ms: 0, end }, "the store's faults go in the plan's order");
    let late = status.meet(Operation::Load, 6_800).unwrap();
    assert_eq!(late, Hit { actor_delay_ms: 107, store_delay_ms: 30, end: None });
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
    assert_eq!(said(r#"[{"operation":"load"}]"#, 1, load), "used; arms again at the next activation");
    assert_eq!(said(r#"[{"operation":"save","attempts":3}]"#, 0, load), "the next 3 save attempts fail");
    assert_eq!(said(r#"[{"operation":"load","attempts":3}]"#, 2, load), "2 of 3 failures used");
    assert_eq!(said(r#"[{"operation":"load","attempts":3}]"#, 3, load), "3 of 3 failures used");
    assert_eq!(said(r#"[{"operation":"load","span":"next"}]"#, 1, load), "used; arm it again for more");
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
