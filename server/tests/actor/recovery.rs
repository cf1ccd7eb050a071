//! Failures that the retry mends, and those that it does not.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use model::{
    error::ErrorCode,
    message::Message,
    operation::{Cause, Layer, Operation},
    timeline::Step,
};
use sidecar::{
    Ports,
    faults::{Fault, FaultRule, Faults},
};
use tempfile::TempDir;

use crate::support::{Bench, both, store_fault, user1};

#[tokio::test]
async fn the_lesson_s_failure_is_recovered_from_and_logged_word_for_word() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    assert_eq!(bench.send("Hi there").await.unwrap(), Message::reply_to("Hi there"));
    bench.until(|step| matches!(step, Step::TurnCompleted { .. })).await;
    bench.until(|step| matches!(step, Step::EventDelivered { turn: Some(1), .. })).await;
    // The event may be delivered before its publisher knows that it went out.
    let (received, log): (Vec<_>, Vec<_>) = bench.log().into_iter().partition(|line| line.starts_with("Received"));
    assert_eq!(received, ["Received event: User user1 sent 'Hi there', got 'Got your message: Hi there'"]);
    let recovered = log[3].clone();
    assert_eq!(
        log,
        [
            "Activating actor for history-user1",
            "Processing message for history-user1: Hi there",
            "Retry 1 for history load: Simulated state store failure",
            &recovered,
            "Processed message for history-user1: Hi there",
            "Published event for history-user1: ConversationUpdated",
        ]
    );
    assert!(recovered.starts_with("Recovered history load for history-user1 on attempt 2 after 0.0"), "{recovered}");
    assert_eq!(bench.history().await, both("Hi there"));
    bench.stop().await;
}

#[tokio::test]
async fn a_failed_save_is_tried_again_and_stored_once() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    // The activation arms the plan afresh, so it is there whenever it was set.
    bench.switch(Operation::Save, 2);
    bench.send("one").await.unwrap();
    let saves: Vec<_> = model::timeline::turns(&bench.events())[0]
        .attempts
        .iter()
        .filter(|attempt| attempt.operation == Operation::Save)
        .map(|attempt| attempt.attempt)
        .collect();
    assert_eq!(saves, [1, 2, 3]);
    assert_eq!(bench.history().await, both("one"));
    bench.stop().await;
}

#[tokio::test]
async fn a_load_that_fails_three_times_ends_the_turn_and_stores_nothing() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    bench.switch(Operation::Load, 3);
    let error = bench.send("lost").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::RetriesExhausted);
    assert!(error.message.contains("Failed to load history for history-user1 after 3 attempts"), "{error}");
    assert!(bench.rows().is_empty());
    assert!(!bench.log().iter().any(|line| line.starts_with("Published")));
    assert_eq!(bench.history().await, []);
    assert_eq!(bench.send("kept").await.unwrap(), Message::reply_to("kept"));
    assert_eq!(bench.history().await, both("kept"));
    bench.stop().await;
}

#[tokio::test]
async fn a_save_that_fails_three_times_leaves_the_history_as_it_was() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    bench.switch_off();
    bench.send("before").await.unwrap();
    bench.switch(Operation::Save, 3);
    let error = bench.send("lost").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::RetriesExhausted);
    assert!(error.message.contains("Nothing was stored"), "{error}");
    assert_eq!(bench.history().await, both("before"));
    bench.stop().await;
}

#[tokio::test]
async fn a_publish_that_fails_is_logged_and_does_not_fail_the_turn() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    bench.switch(Operation::Publish, 1);
    assert_eq!(bench.send("one").await.unwrap(), Message::reply_to("one"));
    assert!(bench.log().contains(&"Failed to publish event: Simulated state store failure".to_owned()));
    assert_eq!(bench.history().await, both("one"));
    bench.stop().await;
}

#[tokio::test]
async fn a_failure_of_the_store_itself_is_told_in_its_own_words() {
    let data = TempDir::new().unwrap();
    let failures = Arc::new(AtomicUsize::new(1));
    let ports = store_fault(move |call| {
        let save = call.is_write();
        let fails = save && failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        fails.then(|| Fault::fail("disk I/O error"))
    });
    let bench = Bench::start_with(data.path(), |_| {}, ports).await;
    bench.switch_off();
    bench.send("one").await.unwrap();
    let failed = bench.until(|step| matches!(step, Step::AttemptFailed { .. })).await;
    let Step::AttemptFailed { operation, error, cause, transient, .. } = failed.step else { unreachable!() };
    assert_eq!((operation, transient), (Operation::Save, true));
    assert_eq!(error, "error saving actor transaction state: disk I/O error");
    assert_eq!(cause, Cause { simulated: false, layer: Layer::Store });
    bench.stop().await;
}

#[tokio::test]
async fn a_failed_first_read_never_overwrites_what_is_stored() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    bench.send("kept").await.unwrap();
    let rows = bench.rows();
    bench.stop().await;

    let down = Arc::new(AtomicBool::new(true));
    let ports = store_fault({
        let down = Arc::clone(&down);
        move |_| down.load(Ordering::SeqCst).then(|| Fault::fail("database is locked"))
    });
    let bench = Bench::start_with(data.path(), |_| {}, ports).await;
    bench.switch_off();
    assert_eq!(bench.send("lost").await.unwrap_err().code, ErrorCode::RetriesExhausted);
    let error = bench.backend().conversation_history(&user1()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::RetriesExhausted, "an outage is no empty history");
    let panels = bench.backend().panels(&user1()).await;
    assert_eq!(panels.history.unwrap_err().code, ErrorCode::StoreUnreachable);
    down.store(false, Ordering::SeqCst);
    assert_eq!(bench.rows(), rows);
    assert_eq!(bench.history().await, both("kept"));
    bench.stop().await;
}

/// Holds the first save up for good; whoever gives it up takes it with them.
fn hold_first_save() -> Ports {
    let faults = Faults::new();
    faults.add(FaultRule::writes().times(1), Fault::hang());
    Ports { faults: Some(faults.plan()), ..Ports::default() }
}

#[tokio::test]
async fn a_save_that_hangs_is_given_up_and_never_written_late() {
    let data = TempDir::new().unwrap();
    let short = |settings: &mut server::application::Settings| settings.policy.attempt_timeout_ms = 250;
    let bench = Bench::start_with(data.path(), short, hold_first_save()).await;
    bench.switch_off();
    assert_eq!(bench.send("one").await.unwrap(), Message::reply_to("one"));
    assert!(bench.log().contains(&"Retry 1 for history save: no answer within 0.2 s".to_owned()), "{:?}", bench.log());
    bench.send("two").await.unwrap();
    assert_eq!(bench.history().await, [both("one"), both("two")].concat());
    bench.stop().await;
}

#[tokio::test]
async fn a_save_whose_outcome_stays_unknown_is_reported_so() {
    let data = TempDir::new().unwrap();
    let short = |settings: &mut server::application::Settings| {
        settings.policy.attempt_timeout_ms = 250;
        settings.policy.attempts = 1;
    };
    let bench = Bench::start_with(data.path(), short, hold_first_save()).await;
    bench.switch_off();
    assert_eq!(bench.send_as("one", "id-1").await.unwrap_err().code, ErrorCode::OutcomeUnknown);
    assert_eq!(bench.send_as("one", "id-1").await.unwrap(), Message::reply_to("one"), "sent again it is stored");
    assert_eq!(bench.history().await, both("one"));
    bench.stop().await;
}
