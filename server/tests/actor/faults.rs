//! Each kind and span of fault, in both layers, and the policy's waits, on the real sidecar.

use model::{
    error::ErrorCode,
    fault::{AttemptFault, FaultKind, FaultSetting, FaultSpan},
    message::Message,
    operation::{Cause, Layer, Operation},
    policy::{Backoff, RetryPolicy},
    timeline::{Attempt, AttemptState, Step, Turn, turns},
};
use tempfile::TempDir;

use crate::support::{Bench, both, user1};

const LOAD: AttemptFault = AttemptFault::LESSON;
const SAVE: AttemptFault = AttemptFault::error(Operation::Save, 1);

async fn bench(data: &TempDir, change: impl FnOnce(&mut RetryPolicy)) -> Bench {
    Bench::start_with(data.path(), |settings| change(&mut settings.policy), Default::default()).await
}

fn last(bench: &Bench) -> Turn {
    turns(&bench.events()).into_iter().rfind(|turn| turn.content.is_some()).unwrap()
}

fn of(turn: &Turn, operation: Operation) -> Vec<Attempt> {
    turn.attempts.iter().filter(|attempt| attempt.operation == operation).cloned().collect()
}

/// The attempts of an operation in the last turn, one letter each: `.` succeeded, `x` failed.
fn fate(bench: &Bench, operation: Operation) -> String {
    of(&last(bench), operation).iter().map(|attempt| if attempt.failed() { 'x' } else { '.' }).collect()
}

fn took_ms(attempt: &Attempt) -> u64 {
    match attempt.state {
        AttemptState::Failed { took_us, .. } | AttemptState::Succeeded { took_us } => took_us / 1_000,
        AttemptState::Running => panic!("it has not ended"),
    }
}

fn failure(attempt: &Attempt) -> (&str, Cause) {
    match &attempt.state {
        AttemptState::Failed { error, cause, .. } => (error, *cause),
        state => panic!("it did not fail: {state:?}"),
    }
}

/// Takes the actor out of memory, as the sidecar does when it idles.
async fn deactivate(bench: &Bench) {
    let path = "/actors/ChatAgent/user1";
    let (status, body) = bench.call_app(reqwest::Method::DELETE, path, Some(crate::support::APP_TOKEN), "").await;
    assert!(status.is_success(), "{status} {body}");
}

#[tokio::test]
async fn an_attempt_that_is_late_takes_its_time_and_succeeds() {
    let data = TempDir::new().unwrap();
    let bench = bench(&data, |_| {}).await;
    for layer in [Layer::Actor, Layer::Store] {
        let late = AttemptFault { kind: FaultKind::Delay { ms: 60 }, layer, ..LOAD };
        bench.arm(vec![late, AttemptFault { operation: Operation::Save, ..late }]);
        bench.send("late").await.unwrap();
        for operation in [Operation::Load, Operation::Save] {
            assert_eq!(fate(&bench, operation), ".", "{layer:?}");
            let took = took_ms(&of(&last(&bench), operation)[0]);
            assert!((60..2_000).contains(&took), "{layer:?} {operation:?}: {took} ms");
        }
    }
    bench.stop().await;
}

#[tokio::test]
async fn an_attempt_that_hangs_ends_with_its_time_out_and_is_tried_again() {
    let data = TempDir::new().unwrap();
    let bench = bench(&data, |policy| policy.attempt_timeout_ms = 150).await;
    for layer in [Layer::Actor, Layer::Store] {
        bench.arm(vec![AttemptFault { kind: FaultKind::Hang, layer, ..LOAD }]);
        bench.send("hangs").await.unwrap();
        let loads = of(&last(&bench), Operation::Load);
        assert_eq!(
            (loads.len(), failure(&loads[0])),
            (2, ("no answer within 0.1 s", Cause { simulated: true, layer }))
        );
        assert!(took_ms(&loads[0]) >= 150);
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_save_that_hangs_in_the_store_is_dropped_there_and_settled_by_the_next_turn() {
    let data = TempDir::new().unwrap();
    let bench = bench(&data, |policy| policy.attempt_timeout_ms = 150).await;
    bench.send("before").await.unwrap();
    let hang = AttemptFault { kind: FaultKind::Hang, span: FaultSpan::UntilOff, layer: Layer::Store, ..SAVE };
    bench.arm(vec![hang]);
    assert_eq!(bench.send_as("unknown", "id-1").await.unwrap_err().code, ErrorCode::OutcomeUnknown);
    bench.switch_off();
    bench.send("after").await.unwrap();
    assert_eq!(bench.history().await, [both("before"), both("after")].concat(), "no write came late");
    bench.send_as("unknown", "id-1").await.unwrap();
    assert_eq!(bench.history().await[3..], both("unknown"));
    bench.stop().await;
}

#[tokio::test]
async fn an_error_in_the_store_comes_back_in_the_sidecar_s_words() {
    let data = TempDir::new().unwrap();
    let bench = bench(&data, |_| {}).await;
    bench.arm(vec![AttemptFault { layer: Layer::Store, ..LOAD }, AttemptFault { layer: Layer::Store, ..SAVE }]);
    bench.send("one").await.unwrap();
    let turn = last(&bench);
    let (load, save) = (&of(&turn, Operation::Load)[0], &of(&turn, Operation::Save)[0]);
    let cause = Cause { simulated: true, layer: Layer::Store };
    assert_eq!(failure(load), ("error getting actor state: Simulated state store failure", cause));
    assert_eq!(failure(save), ("error saving actor transaction state: Simulated state store failure", cause));
    assert_eq!(bench.history().await, both("one"));
    bench.stop().await;
}

#[tokio::test]
async fn a_page_that_looks_while_the_store_hangs_meets_nothing() {
    let data = TempDir::new().unwrap();
    let bench = bench(&data, |policy| policy.attempt_timeout_ms = 2_000).await;
    bench.arm(vec![AttemptFault { kind: FaultKind::Hang, layer: Layer::Store, span: FaultSpan::UntilOff, ..LOAD }]);
    let backend = bench.backend();
    let sending = tokio::spawn(async move {
        let id = "id".to_owned().try_into().unwrap();
        backend.send_message(&user1(), "held up".into(), id).await
    });
    bench.until(|step| matches!(step, Step::FaultFired { .. })).await;
    assert_eq!(bench.backend().panels(&user1()).await.history.unwrap(), []);
    assert!(bench.backend().prediction(&user1(), None).await.is_ok());
    assert!(matches!(of(&last(&bench), Operation::Load)[0].state, AttemptState::Running), "it still hangs");
    bench.switch_off();
    assert_eq!(sending.await.unwrap().unwrap(), Message::reply_to("held up"));
    bench.stop().await;
}

#[tokio::test]
async fn what_is_flaky_fails_as_its_seed_foretells() {
    let data = TempDir::new().unwrap();
    let bench = bench(&data, |policy| (policy.delay_ms, policy.attempts) = (1, 10)).await;
    bench.send("active").await.unwrap();
    let flaky = AttemptFault { kind: FaultKind::Flaky { percent: 60, seed: 9 }, span: FaultSpan::UntilOff, ..LOAD };
    let mut seen = Vec::new();
    for _ in 0..2 {
        bench.arm(vec![flaky]);
        for n in 0..4 {
            let predicted = bench.backend().prediction(&user1(), None).await.unwrap();
            let sent = bench.send(&n.to_string()).await;
            assert_eq!(sent.is_ok(), predicted.succeeds());
            seen.push(fate(&bench, Operation::Load));
        }
    }
    assert!(seen.iter().any(|fate| fate.starts_with('x')), "{seen:?}");
    assert_eq!(seen[..4], seen[4..], "arming begins the sequence again");
    bench.stop().await;
}

#[tokio::test]
async fn the_next_attempts_fail_once_the_first_with_each_activation_and_the_rest_until_off() {
    let data = TempDir::new().unwrap();
    let bench = bench(&data, |policy| policy.delay_ms = 1).await;
    let fails = |span| vec![AttemptFault { span, ..LOAD }];
    let mut fates = Vec::new();
    for span in [FaultSpan::Next { attempts: 2 }, FaultSpan::First { attempts: 2 }, FaultSpan::UntilOff] {
        bench.arm(fails(span));
        drop(bench.send("one").await);
        fates.push(fate(&bench, Operation::Load));
        deactivate(&bench).await;
        drop(bench.send("two").await);
        fates.push(fate(&bench, Operation::Load));
    }
    assert_eq!(fates, ["xx.", ".", "xx.", "xx.", "xxx", "xxx"]);
    bench.switch_off();
    bench.send("three").await.unwrap();
    assert_eq!(fate(&bench, Operation::Load), ".");
    bench.stop().await;
}

#[tokio::test]
async fn exponential_waits_double_and_are_the_ones_that_were_predicted() {
    let data = TempDir::new().unwrap();
    let policy = RetryPolicy {
        attempts: 5,
        delay_ms: 10,
        backoff: Backoff::Exponential,
        max_delay_ms: 30,
        jitter_percent: 20,
        ..RetryPolicy::LESSON
    };
    let bench = bench(&data, |given| *given = policy).await;
    bench.arm(vec![AttemptFault { span: FaultSpan::First { attempts: 4 }, ..LOAD }]);
    let predicted = bench.backend().prediction(&user1(), None).await.unwrap();
    bench.send("one").await.unwrap();
    let turn = last(&bench);
    let waits: Vec<_> = turn.waits.iter().map(|wait| wait.delay_ms).collect();
    assert_eq!(waits, (2..=5).map(|n| policy.wait_ms(1, Operation::Load, n)).collect::<Vec<_>>());
    assert!(waits.iter().zip([10, 20, 30, 30]).all(|(wait, longest)| (longest * 8 / 10..=longest).contains(wait)));
    let took = turn.ended_at.unwrap() - turn.started_at.unwrap();
    assert!((predicted.min_ms..=predicted.max_ms).contains(&(took + 1)), "{took} ms, {}", predicted.sentence());
    bench.stop().await;
}

#[tokio::test]
async fn a_policy_that_is_set_while_a_retry_waits_holds_for_what_comes_after() {
    let data = TempDir::new().unwrap();
    let bench = bench(&data, |policy| policy.delay_ms = 150).await;
    bench.arm(vec![AttemptFault { span: FaultSpan::UntilOff, ..LOAD }]);
    let longer = RetryPolicy { attempts: 6, delay_ms: 1, ..RetryPolicy::LESSON };
    let set = async {
        bench.until(|step| matches!(step, Step::RetryScheduled { .. })).await;
        bench.backend().set_policy(&user1(), longer).unwrap();
        bench.until(|step| matches!(step, Step::AttemptFailed { attempt: 5, .. })).await;
        bench.backend().set_fault(&user1(), FaultSetting::OFF).unwrap();
    };
    // The switch may be off before the sixth attempt or after it: whichever, the policy let it come to that.
    let (sent, ()) = tokio::join!(bench.send("one"), set);
    let waits: Vec<_> = last(&bench).waits.iter().map(|wait| wait.delay_ms).collect();
    assert_eq!(waits, [150, 1, 1, 1, 1], "{sent:?}");
    bench.stop().await;
}

#[tokio::test]
async fn the_policy_s_time_out_and_attempts_are_what_the_turn_goes_by() {
    let data = TempDir::new().unwrap();
    let bench = bench(&data, |_| {}).await;
    let once = RetryPolicy { attempts: 1, ..RetryPolicy::LESSON };
    bench.backend().set_policy(&user1(), once).unwrap();
    bench.arm(vec![LOAD]);
    let error = bench.send("lost").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::RetriesExhausted);
    assert!(error.message.contains("after 1 attempt:"), "{error}");
    assert!(bench.rows().is_empty());
    bench.stop().await;
}
