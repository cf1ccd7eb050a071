//! A policy between the sidecar and a pub/sub component, and bulk requests that it takes in part.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use http::StatusCode;
use serde_json::{Value, json};
use support::{App, Gate, Lab, PUBSUB, STORE};

const SUBSCRIPTION: &str = "
apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: {name: s}
spec: {pubsubname: bus, topic: t, routes: {default: /in}}
";

/// An app that takes no message before the test lets it.
fn held(gate: &Gate) -> App {
    let gate = gate.clone();
    App::answering(move |seen| {
        let gate = gate.clone();
        async move {
            if seen.path == "/in" {
                gate.pass().await;
            }
            axum::response::IntoResponse::into_response(StatusCode::OK)
        }
    })
}

/// Entries of 3 MiB: six of them are more than a subscription keeps.
fn large(count: usize) -> Value {
    let event = "x".repeat(3 << 20);
    (0..count).map(|n| json!({"entryId": n.to_string(), "event": event, "contentType": "text/plain"})).collect()
}

#[tokio::test]
async fn entries_that_there_is_no_room_for_are_named() {
    let gate = Gate::closed();
    let lab = Lab::with(held(&gate), &[STORE, PUBSUB, SUBSCRIPTION], |config| config.max_body_bytes = 64 << 20).await;
    let url = lab.url("/v1.0/publish/bulk/bus/t");
    let answer = lab.http.post(&url).json(&large(8)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["errorCode"], "ERR_PUBSUB_PUBLISH_MESSAGE");
    let failed = body["failedEntries"].as_array().unwrap();
    let ids: Vec<_> = failed.iter().map(|entry| entry["entryId"].as_str().unwrap()).collect();
    assert!(ids.ends_with(&["7"]) && !ids.contains(&"0"), "the last ones: {ids:?}");
    assert!(failed[0]["error"].as_str().unwrap().contains("its queue is full"), "{}", failed[0]);
    gate.open(8);
    let taken = 8 - failed.len();
    lab.app.wait(taken, |seen| seen.path == "/in").await;
}

#[tokio::test]
async fn a_publication_is_tried_again_if_a_policy_says_so() {
    let policy = "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {name: r}\nspec:\n  policies:\n    retries:\n      \
                  often: {policy: constant, duration: 20ms, maxRetries: 500}\n  targets:\n    components:\n      bus:\n        \
                  outbound: {retry: often}\n";
    let gate = Gate::closed();
    let documents = [STORE, PUBSUB, SUBSCRIPTION, policy];
    let lab = Lab::with(held(&gate), &documents, |config| config.max_body_bytes = 64 << 20).await;
    let url = lab.url("/v1.0/publish/bulk/bus/t");
    let published = tokio::spawn(lab.http.post(&url).json(&large(8)).send());
    lab.app.wait(1, |seen| seen.path == "/in").await;
    gate.open(8);
    assert_eq!(published.await.unwrap().unwrap().status(), StatusCode::NO_CONTENT, "there was room in time");
    lab.app.wait(8, |seen| seen.path == "/in").await;
}
