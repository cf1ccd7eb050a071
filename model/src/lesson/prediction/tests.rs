//! Each kind and span of fault, several at once, and what is left of a turn that runs.

use super::*;
use crate::fault::{FaultPlan, FaultSetting, WireFault};

const LESSON: RetryPolicy = RetryPolicy::LESSON;
const NOTHING: Stored = Stored { messages: 0, answered: false };

fn armed(json: &str) -> FaultStatus {
    FaultStatus::armed(serde_json::from_str::<FaultPlan>(json).unwrap())
}

fn of(json: &str) -> Prediction {
    predict(&armed(json), LESSON, 1, NOTHING)
}

/// The attempts, as `load 1x`, and the waits between them in milliseconds.
fn steps(prediction: &Prediction) -> Vec<String> {
    let short = |step: &PredictedStep| match step {
        PredictedStep::Wait { delay_ms, .. } => delay_ms.to_string(),
        PredictedStep::Attempt { operation, attempt, fails, .. } => {
            format!("{} {attempt}{}", operation.as_str(), if *fails { "x" } else { "" })
        }
    };
    prediction.steps.iter().map(short).collect()
}

#[test]
fn the_lesson_recovers_on_the_second_load() {
    let prediction = predict(&FaultStatus::lesson(), LESSON, 1, NOTHING);
    assert_eq!(steps(&prediction), ["load 1x", "1000", "load 2", "save 1", "publish 1"]);
    assert_eq!((prediction.outcome, prediction.min_ms), (Forecast::Stored, 1_000));
    assert_eq!(prediction.max_ms, 1_000 + 3 * 6_800, "the first load does not leave the actor");
    assert_eq!(prediction.sentence(), "The first load fails. Attempt 2 of 3 succeeds, after 1.0 s.");
}

#[test]
fn a_used_up_plan_fails_nothing_until_the_next_activation() {
    let mut used = FaultStatus::lesson();
    used.meet(Operation::Load, 6_800);
    assert_eq!(predict(&used.at_next_turn(true), LESSON, 2, NOTHING).sentence(), "Every attempt succeeds at once.");
    assert_eq!(predict(&used.at_next_turn(false), LESSON, 2, NOTHING).waits_ms(), 1_000);
}

#[test]
fn three_failed_saves_exhaust_the_lesson_s_policy() {
    let prediction = of(r#"[{"operation":"save","attempts":3}]"#);
    assert_eq!(prediction.outcome, Forecast::NotStored);
    assert_eq!(prediction.sentence(), "All 3 save attempts fail, in 2.0 s. Nothing is stored.");
    assert_eq!((prediction.min_ms, prediction.max_ms), (2_000, 2_000 + 6_800), "only the load reaches the store");
}

#[test]
fn a_failed_publish_does_not_fail_the_turn() {
    let prediction = of(r#"[{"operation":"publish"}]"#);
    assert_eq!(prediction.outcome, Forecast::Stored);
    let words = "The message is stored at once; publishing its event fails, and the turn succeeds all the same.";
    assert_eq!(prediction.sentence(), words);
}

#[test]
fn a_delay_adds_its_time_and_no_attempt() {
    let prediction = of(r#"[{"operation":"load","kind":"delay","ms":300,"span":"until_off"}]"#);
    assert_eq!(steps(&prediction), ["load 1", "save 1", "publish 1"]);
    assert_eq!((prediction.min_ms, prediction.max_ms), (300, 3 * 6_800));
    assert_eq!(prediction.sentence(), "The load is held up for 0.3 s. The message is answered after 0.3 s.");
}

#[test]
fn a_hang_takes_the_time_out_and_behind_the_sidecar_leaves_a_save_unknown() {
    let quick = RetryPolicy { attempt_timeout_ms: 500, ..LESSON };
    let hang = |layer: &str, attempts: u8| {
        let json = format!(r#"[{{"operation":"save","kind":"hang","attempts":{attempts},"layer":"{layer}"}}]"#);
        predict(&armed(&json), quick, 1, NOTHING)
    };
    let once = hang("store", 1);
    assert_eq!((once.outcome, once.min_ms), (Forecast::Stored, 1_500));
    assert_eq!(once.sentence(), "The first save hangs until its time-out. Attempt 2 of 3 succeeds, after 1.5 s.");
    assert_eq!(hang("actor", 3).outcome, Forecast::NotStored);
    let unknown = hang("store", 3);
    assert_eq!((unknown.outcome, unknown.min_ms), (Forecast::Unknown, 3_500));
    let words = "All 3 save attempts hang, in 3.5 s. It is not known then whether the message is stored.";
    assert_eq!(unknown.sentence(), words);
}

#[test]
fn what_is_flaky_is_known_while_its_counter_is() {
    let mut status = armed(r#"[{"operation":"load","kind":"flaky","percent":50,"seed":11,"span":"until_off"}]"#);
    for turn in 1..50 {
        let prediction = predict(&status, LESSON, turn, NOTHING);
        let mut failed = 0;
        while status.meet(Operation::Load, 6_800).is_some() {
            failed += 1;
            if failed == 3 {
                break;
            }
        }
        let predicted = prediction.steps.iter().filter(|s| matches!(s, PredictedStep::Attempt { fails: true, .. }));
        assert_eq!((predicted.count(), prediction.succeeds()), (failed, failed < 3), "turn {turn}");
    }
}

#[test]
fn several_faults_meet_one_turn() {
    let prediction =
        of(r#"[{"operation":"load","attempts":1},{"operation":"load","kind":"delay","ms":200,"span":"until_off"},
            {"operation":"save","attempts":2,"layer":"store"},{"operation":"publish"}]"#);
    let want = ["load 1x", "1000", "load 2", "save 1x", "1000", "save 2x", "1000", "save 3", "publish 1x"];
    assert_eq!(steps(&prediction), want);
    assert_eq!((prediction.outcome, prediction.min_ms), (Forecast::Stored, 3_200));
    let words = "The first load fails, and 0.2 s are lost to delays. 2 save attempts fail. Attempt 3 of 3 succeeds, \
                 after 3.2 s. Publishing its event fails, and the turn succeeds all the same.";
    assert_eq!(prediction.sentence(), words);
}

#[test]
fn the_waits_are_those_of_the_policy_for_this_turn() {
    let policy = RetryPolicy {
        attempts: 4,
        delay_ms: 100,
        backoff: crate::policy::Backoff::Exponential,
        max_delay_ms: 300,
        jitter_percent: 50,
        ..LESSON
    };
    let status = armed(r#"[{"operation":"load","attempts":3}]"#);
    let waits = |turn| predict(&status, policy, turn, NOTHING).waits_ms();
    let want: u64 = (2..=4).map(|attempt| policy.wait_ms(7, Operation::Load, attempt)).sum();
    assert_eq!(waits(7), want);
    assert!((1..20).any(|turn| waits(turn) != want), "each turn has chances of its own");
}

#[test]
fn what_is_stored_tells_what_is_there_afterwards() {
    let off = FaultStatus::lesson().after(FaultSetting::OFF);
    let after = |messages| {
        let prediction = predict(&off, LESSON, 1, Stored { messages, answered: false });
        (prediction.messages, prediction.pushed_out)
    };
    assert_eq!((after(0), after(3), after(4), after(5)), ((2, 0), (5, 0), (5, 1), (5, 2)));
    let again = predict(&off, LESSON, 1, Stored { messages: 4, answered: true });
    assert_eq!((steps(&again), again.outcome), (vec!["load 1".to_owned()], Forecast::Repeated));
    assert_eq!(again.messages, 4);
}

#[test]
fn an_outage_that_ends_while_a_retry_waits_lets_the_next_attempt_succeed() {
    let waiting = &of(r#"[{"operation":"load","attempts":3}]"#).steps[..2];
    let off = FaultStatus::lesson().after(FaultSetting::OFF);
    let rest = predict_rest(waiting, &off, LESSON, 1, NOTHING);
    assert!(rest.succeeds());
    assert_eq!(rest.sentence(), "The first load fails. Attempt 2 of 3 succeeds, after 1.0 s.");
}

#[test]
fn a_failure_armed_between_two_operations_meets_the_second() {
    let off = FaultStatus::lesson().after(FaultSetting::OFF);
    let loaded = &predict(&off, LESSON, 1, NOTHING).steps[..1];
    let rest = predict_rest(loaded, &armed(r#"[{"operation":"save"}]"#), LESSON, 1, NOTHING);
    assert_eq!(rest.sentence(), "The first save fails. Attempt 2 of 3 succeeds, after 1.0 s.");
}

#[test]
fn a_policy_that_is_set_while_a_retry_waits_holds_for_what_comes_after_the_wait() {
    let status = armed(r#"[{"operation":"load","span":"until_off"}]"#);
    let all = predict(&status, LESSON, 1, NOTHING);
    let short = RetryPolicy { attempts: 1, ..LESSON };
    let failed = predict_rest(&all.steps[..1], &status, short, 1, NOTHING);
    assert_eq!(steps(&failed), ["load 1x"], "no wait follows");
    let waits = predict_rest(&all.steps[..2], &status, short, 1, NOTHING);
    assert_eq!(steps(&waits), ["load 1x", "1000", "load 2x"], "the attempt that is waited for is made");
    let long = RetryPolicy { attempts: 4, delay_ms: 5, ..LESSON };
    let goes_on = predict_rest(&all.steps[..2], &status, long, 1, NOTHING);
    assert_eq!(steps(&goes_on), ["load 1x", "1000", "load 2x", "5", "load 3x", "5", "load 4x"]);
}

#[test]
fn holds_lengthen_a_turn_and_change_nothing_else() {
    let lesson = FaultStatus::lesson();
    let free = predict(&lesson, LESSON, 1, NOTHING);
    let held = free.clone().held(&lesson);
    assert_eq!((&held.steps, held.outcome, held.min_ms), (&free.steps, free.outcome, 1_000), "released at once");
    assert_eq!(held.max_ms, 45_000, "the publish goes at 40 s, and may take what is left");
    assert_eq!(held.sentence(), "The first load fails. Attempt 2 of 3 succeeds, after 1.0 s plus your holds.");
    let off = lesson.after(FaultSetting::OFF);
    let quick = predict(&off, LESSON, 2, NOTHING).held(&off);
    assert_eq!(quick.sentence(), "Every attempt succeeds as soon as it is released.");
}

#[test]
fn a_held_turn_that_gives_up_ends_before_its_holds_could() {
    let plan = armed(r#"[{"operation":"load","attempts":3}]"#);
    let held = predict(&plan, LESSON, 1, NOTHING).held(&plan);
    // The last load goes at 45 - 5 - 2 s, for the save could wait twice, and fails at once.
    assert_eq!((held.outcome, held.max_ms), (Forecast::NotStored, 38_000));
    assert_eq!(held.sentence(), "All 3 load attempts fail, in 2.0 s plus your holds. Nothing is stored.");
}

#[test]
fn a_wire_that_is_broken_fails_every_attempt_in_a_time_that_the_sidecar_decides() {
    let refuse = of(r#"[{"kind":"refuse","layer":"wire"}]"#);
    assert_eq!(steps(&refuse), ["load 1x", "1000", "load 2x", "1000", "load 3x"]);
    assert_eq!((refuse.outcome, refuse.min_ms, refuse.max_ms), (Forecast::NotStored, 2_000, 2_000 + 3 * 6_800));
    assert_eq!(refuse.sentence(), "All 3 load attempts fail, in 2.0 s to 22.4 s. Nothing is stored.");
    let stall = of(r#"[{"kind":"stall","layer":"wire"}]"#);
    assert_eq!((stall.outcome, stall.min_ms, stall.max_ms), (Forecast::NotStored, 22_400, 22_400));
    assert_eq!(stall.sentence(), "All 3 load attempts hang, in 22.4 s. Nothing is stored.");
}

#[test]
fn a_wire_that_is_slow_delays_loads_and_saves_and_no_publish() {
    let late = of(r#"[{"kind":"delay","ms":300,"layer":"wire"}]"#);
    assert_eq!((steps(&late).join(", "), late.min_ms), ("load 1, save 1, publish 1".to_owned(), 600));
    assert!(late.sentence().contains("The message is answered after 0.6 s"), "{}", late.sentence());
}

#[test]
fn a_save_that_breaks_on_the_wire_may_have_been_carried_out() {
    let off = FaultStatus::lesson().after(FaultSetting::OFF);
    let loaded = &predict(&off, LESSON, 1, NOTHING).steps[..1];
    let rest = predict_rest(loaded, &armed(r#"[{"kind":"cut","layer":"wire"}]"#), LESSON, 1, NOTHING);
    assert_eq!(rest.outcome, Forecast::Unknown);
}

#[test]
fn the_wire_is_predicted_whoever_has_set_it() {
    let (lesson, off) = (FaultStatus::lesson(), FaultStatus::lesson().after(FaultSetting::OFF));
    let with = |fault: &FaultStatus, wire| predict(&fault.beside_the_wire(wire), LESSON, 1, NOTHING);
    for fault in [&lesson, &off] {
        assert_eq!(with(fault, None), predict(fault, LESSON, 1, NOTHING));
        assert_eq!(with(fault, Some(WireFault::Refuse)).outcome, Forecast::NotStored);
    }
    assert_eq!(with(&lesson, Some(WireFault::Delay { ms: 300 })).min_ms, 1_000 + 600, "the first load does not leave");
    let own = armed(r#"[{"kind":"cut","layer":"wire"}]"#);
    assert_eq!(with(&own, Some(WireFault::Cut)), predict(&own, LESSON, 1, NOTHING), "it does not break twice");
    let lost = own.without_the_wire();
    assert!(with(&lost, None).succeeds());
    assert_eq!(with(&lost, Some(WireFault::Stall)).min_ms, 22_400);
}

#[test]
fn a_wire_that_somebody_else_has_broken_can_bring_a_turn_to_its_limit() {
    let off = FaultStatus::lesson().after(FaultSetting::OFF);
    let patient = RetryPolicy { attempts: 10, delay_ms: 0, ..LESSON };
    let stalled = predict(&off.beside_the_wire(Some(WireFault::Stall)), patient, 1, NOTHING);
    let attempts = stalled.steps.iter().filter(|step| matches!(step, PredictedStep::Attempt { .. })).count();
    assert_eq!((attempts, stalled.outcome), (7, Forecast::NotStored), "six whole time-outs, and what is left for one");
    assert_eq!((stalled.min_ms, stalled.max_ms), (45_000, 45_000));
    let waits = RetryPolicy { attempts: 4, delay_ms: 10_000, ..LESSON };
    let gives_up = predict(&off.beside_the_wire(Some(WireFault::Stall)), waits, 1, NOTHING);
    assert_eq!(steps(&gives_up), ["load 1x", "10000", "load 2x", "10000", "load 3x"], "no wait that outlasts the turn");
}
