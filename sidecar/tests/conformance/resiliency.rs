//! What a `Resiliency` file asks for is the sidecar's work (facts §9, checklist 36, 45, 47, 49, 50).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::response::IntoResponse;
use http::{Method, StatusCode};
use tonic::Code;

use crate::runtime::{Runtime, Setup};
use crate::support::{App, Gate, gated, upsert};

behaviours![
    a_turn_that_fails_is_tried_again_as_the_actors_policy_says,
    a_turn_that_outlasts_the_actors_time_out_fails_with_its_words,
    a_delivery_that_fails_is_tried_again_and_then_becomes_a_dead_letter,
    a_store_that_comes_back_while_a_write_is_tried_again_has_the_write,
];

fn policies(policies: &str, targets: &str) -> String {
    format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {{name: r}}\nspec:\n  policies:\n{policies}\n  \
         targets:\n{targets}\n"
    )
}

const QUICK: &str = "    retries:\n      quick: {policy: constant, duration: 10ms, maxRetries: 5}";

/// Answers `path` with 500 that many times, and then well.
fn failing_first(times: usize, method: Method, path: &'static str) -> App {
    let calls = Arc::new(AtomicUsize::new(0));
    App::answering(move |seen| {
        let fails = seen.method == method && seen.path == path && calls.fetch_add(1, Ordering::SeqCst) < times;
        async move {
            match fails {
                true => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
                false => StatusCode::OK.into_response(),
            }
        }
    })
}

pub async fn a_turn_that_fails_is_tried_again_as_the_actors_policy_says(runtime: Runtime) {
    let file = policies(QUICK, "    actors:\n      Counter: {retry: quick}");
    let app = failing_first(3, Method::PUT, "/actors/Counter/a/method/Do");
    let lab = runtime.with(app, Setup::documents(&[&file])).await;
    lab.invoke("a", "Do", "").await.unwrap();
    assert_eq!(lab.app.matching(|seen| seen.method == Method::PUT).len(), 4);
}

pub async fn a_turn_that_outlasts_the_actors_time_out_fails_with_its_words(runtime: Runtime) {
    let file = policies("    timeouts: {short: 200ms}", "    actors:\n      Counter: {timeout: short}");
    let gate = Gate::closed();
    let lab = runtime.with(gated(&gate), Setup::documents(&[&file])).await;
    let error = lab.invoke("a", "Do", "").await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(error.message(), "error invoke actor method: context deadline exceeded");
    gate.open(10);
    lab.invoke("a", "Do", "").await.unwrap();
}

pub async fn a_delivery_that_fails_is_tried_again_and_then_becomes_a_dead_letter(runtime: Runtime) {
    let file = policies(QUICK, "    components:\n      bus: {inbound: {retry: quick}}");
    let subscription = |topic: &str, more: &str| {
        format!(
            "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: {{name: {topic}}}\nspec:\n  \
             pubsubname: bus\n  topic: {topic}\n  routes: {{default: /{topic}}}\n{more}"
        )
    };
    let (heard, dead) = (subscription("heard", "  deadLetterTopic: dead\n"), subscription("dead", ""));
    let app = failing_first(usize::MAX, Method::POST, "/heard");
    let lab = runtime.with(app, Setup::documents(&[&file, &heard, &dead])).await;
    lab.publish("heard", "text/plain", b"x", &[]).await.unwrap();
    let letter = lab.app.wait(1, |seen| seen.is("POST", "/dead")).await.remove(0);
    assert_eq!(letter.json()["topic"], "heard");
    assert_eq!(lab.app.matching(|seen| seen.is("POST", "/heard")).len(), 6, "five retries are six attempts");
}

pub async fn a_store_that_comes_back_while_a_write_is_tried_again_has_the_write(runtime: Runtime) {
    let patient = "    retries:\n      patient: {policy: constant, duration: 100ms, maxRetries: 100}";
    let file = policies(patient, "    components:\n      statestore: {outbound: {retry: patient}}");
    let mut lab = runtime.with(App::echo(), Setup::documents(&[&file])).await;
    lab.invoke("a", "Do", "").await.unwrap();
    lab.break_store().await;
    let mut client = lab.grpc.clone();
    let mut write = tokio::spawn(async move {
        let request = dapr::dapr::proto::runtime::v1::ExecuteActorStateTransactionRequest {
            actor_type: crate::support::TYPE.into(),
            actor_id: "a".into(),
            operations: vec![upsert("k", "v")],
        };
        client.execute_actor_state_transaction(request).await
    });
    let held = tokio::time::timeout(Duration::from_millis(300), &mut write).await;
    assert!(held.is_err(), "the policy keeps it from failing");
    lab.mend_store().await;
    write.await.unwrap().unwrap();
    assert_eq!(lab.get_state("a", "k").await.unwrap(), b"v");
}
