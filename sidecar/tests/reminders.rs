//! Reminders where the embedded sidecar does what Dapr's documentation says and daprd 1.18 does not, and what they
//! are in its store.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::response::IntoResponse;
use dapr::dapr::proto::common::v1::job_failure_policy::Policy;
use dapr::dapr::proto::common::v1::{JobFailurePolicy, JobFailurePolicyConstant};
use dapr::dapr::proto::runtime::v1::{GetActorReminderRequest, RegisterActorReminderRequest};
use http::{Method, StatusCode};
use rusqlite::Connection;
use support::{App, Gate, Lab, PUBSUB, STORE, TYPE, gated, until};
use tonic::Code;

fn reminder(due_time: &str, period: &str) -> RegisterActorReminderRequest {
    RegisterActorReminderRequest {
        actor_type: TYPE.into(),
        actor_id: "a".into(),
        name: "r".into(),
        due_time: due_time.into(),
        period: period.into(),
        ..RegisterActorReminderRequest::default()
    }
}

async fn register(lab: &Lab, reminder: RegisterActorReminderRequest) {
    lab.grpc.clone().register_actor_reminder(reminder).await.unwrap();
}

fn stored(lab: &Lab) -> Vec<String> {
    let file = Connection::open(lab.sidecar.store_path().unwrap()).unwrap();
    let mut rows = file.prepare("SELECT key FROM state").unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

async fn ended(lab: &Lab) {
    until("it has ended, and is not in the store any more", || async {
        let request = GetActorReminderRequest { actor_type: TYPE.into(), actor_id: "a".into(), name: "r".into() };
        let answer = lab.grpc.clone().get_actor_reminder(request).await;
        answer.is_err_and(|error| error.code() == Code::NotFound) && stored(lab).is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_reminder_ends_when_its_method_says_so() {
    let app = App::answering(|_| async { ([("X-DaprReminderCancel", "true")], "").into_response() });
    let lab = Lab::start(app).await;
    register(&lab, reminder("0s", "1ms")).await;
    ended(&lab).await;
    assert_eq!(lab.app.matching(|seen| seen.method == Method::PUT).len(), 1);
}

#[tokio::test]
async fn a_reminder_is_in_the_store_before_it_is_acknowledged_and_gone_when_it_has_ended() {
    let gate = Gate::closed();
    let lab = Lab::start(gated(&gate)).await;
    register(&lab, reminder("0s", "")).await;
    assert_eq!(stored(&lab), ["app||dapr.internal.reminders||Counter||a||r"]);
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    gate.open(1);
    ended(&lab).await;
}

#[tokio::test]
async fn a_tick_that_the_end_of_the_sidecar_cut_off_comes_after_the_restart() {
    let fails = Arc::new(AtomicBool::new(true));
    let failing = Arc::clone(&fails);
    let app = App::answering(move |_| {
        let fails = failing.load(Ordering::SeqCst);
        async move { if fails { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }.into_response() }
    });
    let lab = Lab::start(app).await;
    register(&lab, reminder("0s", "")).await;
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    lab.sidecar.shutdown().await;
    fails.store(false, Ordering::SeqCst);
    let lab = Lab::in_folder(lab.app, &[STORE, PUBSUB], lab.folder, |_| {}).await.unwrap();
    lab.app.wait(2, |seen| seen.method == Method::PUT).await;
    ended(&lab).await;
}

#[tokio::test]
async fn a_stored_reminder_that_cannot_be_read_stays_where_it_is_and_keeps_no_other_from_its_ticks() {
    let lab = Lab::start(App::echo()).await;
    register(&lab, reminder("1h", "")).await;
    lab.sidecar.shutdown().await;
    let file = Connection::open(lab.folder.path().join("state.db")).unwrap();
    let insert = "INSERT INTO state (key, value, is_binary, etag)
                  SELECT 'app||dapr.internal.reminders||Counter||a||0', '{', 0, '' UNION ALL
                  SELECT 'app||dapr.internal.reminders||Counter||a||s', replace(value, '\"r\"', '\"s\"'), 0, ''
                  FROM state";
    file.execute_batch(insert).unwrap();
    file.execute_batch(
        "UPDATE state SET value = json_set(value, '$.next', '2020-01-01T00:00:00Z')
                        WHERE key LIKE '%||s'",
    )
    .unwrap();
    drop(file);
    let lab = Lab::in_folder(lab.app, &[STORE, PUBSUB], lab.folder, |_| {}).await.unwrap();
    lab.app.wait(1, |seen| seen.is("PUT", "/actors/Counter/a/method/remind/s")).await;
    until("the other two are kept", || async { stored(&lab).len() == 2 }).await;
}

#[tokio::test]
async fn a_reminder_that_is_to_be_tried_again_at_once_and_for_ever_waits_a_moment_each_time() {
    let lab = Lab::start(App::answering(|_| async { StatusCode::INTERNAL_SERVER_ERROR.into_response() })).await;
    let at_once = Policy::Constant(JobFailurePolicyConstant { interval: None, max_retries: None });
    let failure_policy = Some(JobFailurePolicy { policy: Some(at_once) });
    let began = Instant::now();
    register(&lab, RegisterActorReminderRequest { failure_policy, ..reminder("0s", "") }).await;
    lab.app.wait(4, |seen| seen.method == Method::PUT).await;
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
}
