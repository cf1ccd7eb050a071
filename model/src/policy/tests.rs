//! The waits of a policy, its ranges, and what does not end in time.

use super::{
    worst::{MARGIN_MS, Set, fits, needs_ms, worst_case_ms},
    *,
};
use crate::fault::{FaultPlan, FaultSetting, FaultStatus};

fn waits(policy: RetryPolicy) -> Vec<u64> {
    (2..=policy.attempts).map(|attempt| policy.wait_ms(1, Operation::Load, attempt)).collect()
}

#[test]
fn constant_waits_are_all_the_same_and_exponential_ones_double_up_to_their_cap() {
    assert_eq!(waits(RetryPolicy::LESSON), [1_000, 1_000]);
    let doubling = RetryPolicy {
        attempts: 6,
        delay_ms: 100,
        backoff: Backoff::Exponential,
        max_delay_ms: 500,
        ..RetryPolicy::LESSON
    };
    assert_eq!(waits(doubling), [100, 200, 400, 500, 500]);
    assert_eq!(doubling.longest_wait_ms(), 1_700);
    let huge = RetryPolicy { attempts: 10, delay_ms: 60_000, max_delay_ms: 60_000, ..doubling };
    assert_eq!(waits(huge), [60_000; 9]);
}

#[test]
fn jitter_shortens_waits_and_the_same_seed_shortens_the_same_ones() {
    let policy = RetryPolicy { attempts: 10, jitter_percent: 40, seed: 5, ..RetryPolicy::LESSON };
    let all: Vec<_> =
        (1..200).flat_map(|turn| (2..=10).map(move |n| policy.wait_ms(turn, Operation::Save, n))).collect();
    assert!(all.iter().all(|wait| (600..=1_000).contains(wait)));
    let mean = all.iter().sum::<u64>() / all.len() as u64;
    assert!((780..820).contains(&mean), "{mean}");
    assert_eq!(waits(policy), waits(policy));
    assert_ne!(waits(policy), waits(RetryPolicy { seed: 6, ..policy }));
}

#[test]
fn what_json_leaves_out_is_the_lesson_s() {
    let read = |json: &str| serde_json::from_str::<RetryPolicy>(json).map_err(|error| error.to_string());
    assert_eq!(read("{}").unwrap(), RetryPolicy::LESSON);
    let policy = read(r#"{"attempts":5,"backoff":"exponential"}"#).unwrap();
    assert_eq!(policy, RetryPolicy { attempts: 5, backoff: Backoff::Exponential, ..RetryPolicy::LESSON });
    assert!(read(r#"{"tries":5}"#).unwrap_err().contains("unknown field `tries`"));
}

#[test]
fn each_field_is_held_to_its_range_by_name() {
    let refused = |policy: RetryPolicy, field: &str, words: &str| {
        let error = policy.check().unwrap_err();
        assert_eq!(error.field.as_deref(), Some(field));
        assert!(error.message.contains(words), "{error}");
    };
    let lesson = RetryPolicy::LESSON;
    lesson.check().unwrap();
    refused(RetryPolicy { attempts: 0, ..lesson }, "attempts", "1 to 10");
    refused(RetryPolicy { attempts: 11, ..lesson }, "attempts", "1 to 10");
    refused(RetryPolicy { delay_ms: 60_001, ..lesson }, "delay_ms", "0 to 60000");
    refused(RetryPolicy { max_delay_ms: 60_001, ..lesson }, "max_delay_ms", "0 to 60000");
    refused(RetryPolicy { jitter_percent: 101, ..lesson }, "jitter_percent", "0 to 100");
    refused(RetryPolicy { attempt_timeout_ms: 99, ..lesson }, "attempt_timeout_ms", "100 to 6800");
    refused(RetryPolicy { attempt_timeout_ms: 6_801, ..lesson }, "attempt_timeout_ms", "100 to 6800");
    let capped = RetryPolicy { backoff: Backoff::Exponential, max_delay_ms: 500, ..lesson };
    refused(capped, "max_delay_ms", "below delay_ms");
}

fn plan(json: &str) -> FaultPlan {
    serde_json::from_str(json).unwrap()
}

#[test]
fn the_worst_case_counts_every_wait_and_whatever_is_held_up_on_purpose() {
    let lesson = RetryPolicy::LESSON;
    assert_eq!(worst_case_ms(None, lesson), 4_000, "two waits before each of two third attempts");
    let hang = plan(r#"[{"operation":"load","kind":"hang","attempts":2}]"#);
    assert_eq!(worst_case_ms(Some(&hang), lesson), 4_000 + 2 * 6_800);
    let more = plan(r#"[{"operation":"load","kind":"hang","attempts":10}]"#);
    assert_eq!(worst_case_ms(Some(&more), lesson), 4_000 + 3 * 6_800, "no more than there are attempts");
    let never = plan(r#"[{"operation":"load","kind":"hang","span":"until_off"}]"#);
    assert_eq!(worst_case_ms(Some(&never), lesson), 2_000 + 3 * 6_800, "nothing comes after it");
    let late = plan(
        r#"[{"operation":"save","kind":"delay","ms":5000,"span":"until_off"},
            {"operation":"save","kind":"delay","ms":1000,"span":"until_off","layer":"store"},
            {"operation":"publish","kind":"hang"}]"#,
    );
    assert_eq!(worst_case_ms(Some(&late), lesson), 4_000 + 3 * 6_000 + 6_800);
}

#[test]
fn what_an_attempt_needs_shrinks_with_what_is_behind_it() {
    let needs = |operation, attempt| needs_ms(None, RetryPolicy::LESSON, operation, attempt);
    assert_eq!(needs(Operation::Load, 1), 4_000 + MARGIN_MS);
    assert_eq!(needs(Operation::Load, 2), 3_000 + MARGIN_MS, "one wait of the load is behind it");
    assert_eq!(needs(Operation::Save, 3), MARGIN_MS);
    assert_eq!(needs(Operation::Publish, 1), MARGIN_MS);
    let hang = plan(r#"[{"operation":"save","kind":"hang","span":"until_off"}]"#);
    let needs = needs_ms(Some(&hang), RetryPolicy::LESSON, Operation::Save, 2);
    assert_eq!(needs, 2 * 6_800 + 1_000 + MARGIN_MS, "two attempts can still hang");
    assert_eq!(needs_ms(None, RetryPolicy::LESSON, Operation::Save, 9), MARGIN_MS, "the policy was lowered meanwhile");
}

#[test]
fn what_cannot_end_in_time_is_refused_with_its_worst_case() {
    let slow = RetryPolicy { delay_ms: 12_000, ..RetryPolicy::LESSON };
    let off = FaultStatus::lesson().after(FaultSetting::OFF);
    let error = fits(&off, slow, Set::Policy).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("delay_ms"));
    assert!(error.message.contains("48.0 s") && error.message.contains("40 s"), "{error}");
    let hangs = FaultStatus::armed(plan(
        r#"[{"operation":"load","kind":"hang","attempts":3},{"operation":"save","kind":"hang","attempts":3}]"#,
    ));
    let error = fits(&hangs, RetryPolicy::LESSON, Set::Plan).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("plan"));
    assert!(error.message.contains("44.8 s"), "{error}");
    assert_eq!(
        fits(&hangs, RetryPolicy::LESSON, Set::Policy).unwrap_err().field.as_deref(),
        Some("attempt_timeout_ms")
    );
    let quick = RetryPolicy { attempt_timeout_ms: 2_000, ..RetryPolicy::LESSON };
    fits(&hangs, quick, Set::Plan).unwrap();
    let off = hangs.after(FaultSetting::OFF);
    fits(&off, RetryPolicy::LESSON, Set::Plan).unwrap();
}
