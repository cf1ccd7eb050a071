//! State and messages in Redis, in the layout of Dapr's own components.

use std::collections::HashMap;

use axum::response::IntoResponse;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sidecar::Sidecar;
use tonic::Code;

use crate::pubsub::{delivered, subscription};
use crate::runtime::{Lab, Runtime, Setup};
use crate::states::{first_write, item, with_etag};
use crate::streaming::{Open, initial};
use crate::support::{self, App, DEADLINE, until, upsert};

behaviours![
    a_value_is_a_hash_with_its_version,
    an_etag_is_a_version_and_the_first_write_counts,
    a_transaction_writes_and_deletes,
    a_value_goes_after_its_time,
    actors_keep_their_state_there,
    messages_are_entries_of_a_stream_and_are_acknowledged,
    what_was_published_before_anybody_listened_is_delivered,
];

const STORE: &str = "
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: kv}
spec:
  type: state.redis
  version: v1
  metadata:
  - {name: redisHost, value: '{redis}'}
  - {name: redisPassword, value: ''}
";

const BUS: &str = "
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: bus}
spec:
  type: pubsub.redis
  version: v1
  metadata:
  - {name: redisHost, value: '{redis}'}
  - {name: redisPassword, value: ''}
";

/// `None` where there is no Redis.
async fn lab(runtime: Runtime, app: App, more: &[&str]) -> Option<Lab> {
    let documents: Vec<&str> = [STORE, BUS].into_iter().chain(more.iter().copied()).collect();
    let setup = Setup { pubsub: false, redis: true, ..Setup::documents(&documents) };
    if !Runtime::has_redis() {
        return None;
    }
    Some(runtime.with(app, setup).await)
}

async fn hash(lab: &Lab, key: &str) -> Vec<String> {
    let fields = lab.redis(&["HGETALL", key]).await;
    fields.lines().map(str::to_owned).collect()
}

pub async fn a_value_is_a_hash_with_its_version(runtime: Runtime) {
    let Some(lab) = lab(runtime, App::echo(), &[]).await else { return };
    lab.save("kv", vec![item("k", "bytes")]).await.unwrap();
    assert_eq!(hash(&lab, "app||k").await, ["data", "bytes", "version", "1"]);
    let body = json!([{"key": "k", "value": {"n": 1}}]);
    assert_eq!(lab.http(Method::POST, "/v1.0/state/kv", body).await.0, StatusCode::NO_CONTENT);
    assert_eq!(hash(&lab, "app||k").await, ["data", r#"{"n":1}"#, "version", "2"]);
    let read = lab.read("kv", "k").await;
    assert_eq!((read.data.as_slice(), read.etag.as_str()), (&br#"{"n":1}"#[..], "2"));
    lab.redis(&["SET", "app||plain", "text"]).await;
    let plain = lab.read("kv", "plain").await;
    assert_eq!((plain.data.as_slice(), plain.etag.as_str()), (&b"text"[..], ""), "what Dapr did not write");
    lab.remove("kv", "k", None).await.unwrap();
    assert_eq!(lab.redis(&["EXISTS", "app||k"]).await, "0");
}

pub async fn an_etag_is_a_version_and_the_first_write_counts(runtime: Runtime) {
    let Some(lab) = lab(runtime, App::echo(), &[]).await else { return };
    lab.save("kv", vec![item("k", "1")]).await.unwrap();
    lab.save("kv", vec![with_etag(item("k", "2"), "1")]).await.unwrap();
    let error = lab.save("kv", vec![with_etag(item("k", "3"), "1")]).await.unwrap_err();
    assert_eq!(error.code(), Code::Aborted);
    assert!(error.message().contains("possible etag mismatch"), "{error}");
    let error = lab.save("kv", vec![with_etag(item("k", "3"), "x")]).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(error.message().contains("invalid etag value"), "{error}");
    assert_eq!(lab.remove("kv", "k", Some("1")).await.unwrap_err().code(), Code::Aborted);
    lab.remove("kv", "k", Some("2")).await.unwrap();

    lab.save("kv", vec![first_write(item("f", "1"))]).await.unwrap();
    for late in [item("f", "2"), first_write(item("f", "3"))] {
        assert!(lab.save("kv", vec![late]).await.is_err(), "a key that was written first");
    }
    lab.save("kv", vec![with_etag(item("f", "4"), "1")]).await.unwrap();
    assert_eq!(lab.read("kv", "f").await.data, b"4");
}

pub async fn a_transaction_writes_and_deletes(runtime: Runtime) {
    let Some(lab) = lab(runtime, App::echo(), &[]).await else { return };
    lab.save("kv", vec![item("old", "1")]).await.unwrap();
    let body = json!({"operations": [
        {"operation": "upsert", "request": {"key": "new", "value": [1]}},
        {"operation": "delete", "request": {"key": "old"}},
    ]});
    assert_eq!(lab.http(Method::POST, "/v1.0/state/kv/transaction", body).await.0, StatusCode::NO_CONTENT);
    assert_eq!(hash(&lab, "app||new").await, ["data", "[1]", "version", "1"]);
    assert!(hash(&lab, "app||old").await.is_empty());
}

pub async fn a_value_goes_after_its_time(runtime: Runtime) {
    let Some(lab) = lab(runtime, App::echo(), &[]).await else { return };
    let body = json!([{"key": "k", "value": 1, "metadata": {"ttlInSeconds": "1"}}]);
    assert_eq!(lab.http(Method::POST, "/v1.0/state/kv", body).await.0, StatusCode::NO_CONTENT);
    assert_eq!(lab.redis(&["TTL", "app||k"]).await, "1");
    until("it is gone", || async { lab.read("kv", "k").await.data.is_empty() }).await;
}

pub async fn actors_keep_their_state_there(runtime: Runtime) {
    let actors = STORE.replace("name: kv", "name: actors") + "  - {name: actorStateStore, value: 'true'}\n";
    if !Runtime::has_redis() {
        return;
    }
    let setup = Setup { redis: true, store: crate::runtime::Store::None, ..Setup::documents(&[&actors]) };
    let lab = runtime.with(App::echo(), setup).await;
    lab.invoke("a", "Do", "").await.unwrap();
    lab.change_state("a", vec![upsert("k", "v"), upsert("l", "w")]).await.unwrap();
    lab.change_state("a", vec![upsert("k", "x"), support::delete("l")]).await.unwrap();
    assert_eq!(hash(&lab, "app||Counter||a||k").await, ["data", "x", "version", "2"]);
    assert!(hash(&lab, "app||Counter||a||l").await.is_empty());
    assert_eq!(lab.get_state("a", "k").await.unwrap(), b"x");
}

pub async fn messages_are_entries_of_a_stream_and_are_acknowledged(runtime: Runtime) {
    let app = App::answering(|seen| async move {
        let retry = seen.path == "/in" && seen.json()["data"] == "bad";
        if retry { r#"{"status":"RETRY"}"#.into_response() } else { StatusCode::OK.into_response() }
    });
    let sub = subscription("t", "  routes: {default: /in}\n");
    let Some(lab) = lab(runtime, app, &[&sub]).await else { return };
    for data in ["good", "bad", "last"] {
        lab.publish("t", "text/plain", data.as_bytes(), &[("key", "k")]).await.unwrap();
    }
    let seen = delivered(&lab, "/in", 3).await;
    assert!(seen.iter().all(|seen| seen.header("key") == Some("k")));
    until("all are acknowledged", || async {
        let groups = lab.redis(&["XINFO", "GROUPS", "t"]).await;
        let fields: Vec<_> = groups.lines().collect();
        let is = |name, value| fields.windows(2).any(|pair| pair == [name, value]);
        is("name", "app") && is("pending", "0") && is("lag", "0")
    })
    .await;
    assert_eq!(lab.app.matching(|seen| seen.path == "/in").len(), 3, "each once: what fails is given up");
    let entry = lab.redis(&["XRANGE", "t", "-", "+", "COUNT", "1"]).await;
    // In any order: daprd keeps them in a map.
    let lines: Vec<_> = entry.lines().skip(1).collect();
    let fields: HashMap<_, Value> =
        lines.chunks_exact(2).map(|pair| (pair[0], serde_json::from_str(pair[1]).unwrap())).collect();
    assert_eq!(fields.len(), 2, "{entry}");
    assert_eq!(fields["data"]["data"], "good");
    assert_eq!(fields["metadata"]["key"], "k");
}

pub async fn what_was_published_before_anybody_listened_is_delivered(runtime: Runtime) {
    let Some(lab) = lab(runtime, App::echo(), &[]).await else { return };
    lab.publish("late", "text/plain", b"early", &[]).await.unwrap();
    lab.write_resource("late.yaml", &subscription("late", "  routes: {default: /late}\n"));
    assert_eq!(delivered(&lab, "/late", 1).await[0].json()["data"], "early");
}

/// (In daprd both wait for one of the same ten workers.)
#[tokio::test]
async fn embedded_keeps_nothing_from_the_app_for_a_stream_that_says_nothing() {
    let sub = subscription("t", "  routes: {default: /in}\n");
    let Some(lab) = lab(Runtime::Embedded, App::echo(), &[&sub]).await else { return };
    let mut silent = Open::with(&lab, initial("bus", "silent")).await.unwrap();
    for _ in 0..12 {
        lab.publish("silent", "text/plain", b"event", &[]).await.unwrap();
    }
    for _ in 0..10 {
        silent.event().await;
    }
    lab.publish("t", "text/plain", b"message", &[]).await.unwrap();
    let seen = tokio::time::timeout(DEADLINE, delivered(&lab, "/in", 1)).await.expect("delivered");
    assert_eq!(seen[0].json()["data"], "message");
}

/// What one runtime stores and publishes is the other's too.
#[tokio::test]
async fn a_store_and_a_stream_go_from_one_runtime_to_the_other() {
    let Some((daprd, _place)) = Runtime::daprd().await else { return };
    let sub = subscription("t", "  routes: {default: /in}\n");
    let lab = lab(daprd, App::echo(), &[&sub]).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let host = lab.redis_host();
    let documents = [STORE, BUS].map(|text| text.replace("{redis}", &host));
    let app = App::echo();
    let config = support::config(app.listen().await, &[&documents[0], &documents[1]], folder.path());
    let embedded = Sidecar::start(config).await.unwrap();
    let state = |addr| format!("http://{addr}/v1.0/state/kv");
    let (theirs, ours) = (lab.url("/v1.0/state/kv"), state(embedded.http_addr()));
    for (write, read, key) in [(&theirs, &ours, "theirs"), (&ours, &theirs, "ours")] {
        let saved = lab.http.post(write).json(&json!([{"key": key, "value": {"a": [1, "<"]}}])).send().await.unwrap();
        assert_eq!(saved.status(), StatusCode::NO_CONTENT);
        let value: Value = lab.http.get(format!("{read}/{key}")).send().await.unwrap().json().await.unwrap();
        assert_eq!(value, json!({"a": [1, "<"]}), "{key}");
    }
    let publish = format!("http://{}/v1.0/publish/bus/t", embedded.http_addr());
    lab.http.post(publish).json(&json!({"n": 1})).send().await.unwrap().error_for_status().unwrap();
    let seen = tokio::time::timeout(DEADLINE, delivered(&lab, "/in", 1)).await.unwrap();
    assert_eq!(seen[0].json()["data"], json!({"n": 1}));
    embedded.shutdown().await;
}
