//! Many messages at once: published, and delivered.

use axum::response::IntoResponse;
use dapr::dapr::proto::runtime::v1::{BulkPublishRequest, BulkPublishRequestEntry};
use http::StatusCode;
use serde_json::{Value, json};
use tonic::Code;

use crate::pubsub::{delivered, subscription};
use crate::runtime::{Lab, Runtime, Setup};
use crate::support::{App, Seen};

behaviours![
    a_bulk_subscription_gets_entries_with_their_events,
    each_entry_has_a_status_and_those_that_fail_become_dead_letters,
    only_what_failed_is_delivered_again,
    what_is_no_answer_to_a_bulk_request_is_a_failure_of_all_of_it,
    many_messages_are_published_over_http,
    many_messages_are_published_over_grpc,
    a_bulk_request_that_makes_no_sense_publishes_nothing,
];

const BULK: &str = "  bulkSubscribe: {enabled: true, maxMessagesCount: 3, maxAwaitDurationMs: 300}\n";

/// The entries of bulk requests, in the order in which they came.
fn entries(seen: &[Seen]) -> Vec<Value> {
    seen.iter().flat_map(|seen| seen.json()["entries"].as_array().unwrap().clone()).collect()
}

/// Answers each entry by the data of its event.
fn answering(status: fn(&Value) -> &'static str) -> App {
    App::answering(move |seen| async move {
        if seen.path != "/in" {
            return StatusCode::OK.into_response();
        }
        let body = seen.json();
        let statuses = body["entries"].as_array().unwrap().iter();
        let statuses =
            statuses.map(|entry| json!({"entryId": entry["entryId"], "status": status(&entry["event"]["data"])}));
        axum::Json(json!({"statuses": statuses.collect::<Vec<_>>()})).into_response()
    })
}

async fn lab(runtime: Runtime, app: App, more: &[&str]) -> Lab {
    let sub = subscription("t", &format!("  routes: {{default: /in}}\n  deadLetterTopic: dead\n{BULK}"));
    let dead = subscription("dead", "  routes: {default: /dead}\n");
    let documents: Vec<&str> = [sub.as_str(), dead.as_str()].into_iter().chain(more.iter().copied()).collect();
    runtime.with(app, Setup::documents(&documents)).await
}

/// Waits until that many entries have come.
async fn came(lab: &Lab, count: usize) -> Vec<Value> {
    let arrived = |lab: &Lab| entries(&lab.app.matching(|seen| seen.is("POST", "/in")));
    crate::support::until("the entries come", || async { arrived(lab).len() >= count }).await;
    arrived(lab)
}

pub async fn a_bulk_subscription_gets_entries_with_their_events(runtime: Runtime) {
    let lab = lab(runtime, answering(|_| "SUCCESS"), &[]).await;
    lab.publish("t", "application/json", br#"{"n":1}"#, &[("key", "k")]).await.unwrap();
    let seen = delivered(&lab, "/in", 1).await.remove(0);
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("pubsubname"), Some("bus"));
    let mut body = seen.json();
    assert_eq!(body["id"].take().as_str().unwrap().len(), 36);
    let entry = body["entries"][0].take();
    assert_eq!(
        body,
        json!({"id": null, "entries": [null], "metadata": {"pubsubName": "bus"}, "pubsubname": "bus", "topic": "t",
               "type": "com.dapr.event.sent.bulk"})
    );
    assert_eq!(entry["contentType"], "application/cloudevents+json");
    assert_eq!(entry["metadata"]["key"], "k");
    assert_eq!(entry["entryId"].as_str().unwrap().len(), 36);
    assert_eq!(entry["event"]["data"], json!({"n": 1}));
    assert_eq!(entry["event"]["topic"], "t");
}

pub async fn each_entry_has_a_status_and_those_that_fail_become_dead_letters(runtime: Runtime) {
    let status = |data: &Value| match data.as_str().unwrap() {
        "ok" => "SUCCESS",
        "drop" => "DROP",
        "retry" => "RETRY",
        "empty" => "",
        _ => "what",
    };
    let lab = lab(runtime, answering(status), &[]).await;
    for data in ["ok", "drop", "retry", "empty", "unknown"] {
        lab.publish("t", "text/plain", data.as_bytes(), &[]).await.unwrap();
    }
    let mut dead: Vec<_> =
        delivered(&lab, "/dead", 4).await.iter().map(|s| s.json()["data"].as_str().unwrap().to_owned()).collect();
    dead.sort();
    assert_eq!(dead, ["drop", "empty", "retry", "unknown"]);
    assert_eq!(came(&lab, 5).await.len(), 5, "each once");
}

pub async fn only_what_failed_is_delivered_again(runtime: Runtime) {
    let policy = "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {name: r}\nspec:\n  policies:\n    retries:\n      \
                  twice: {policy: constant, duration: 10ms, maxRetries: 2}\n  targets:\n    components:\n      bus:\n        \
                  inbound: {retry: twice}\n";
    let status = |data: &Value| if data == "ok" { "SUCCESS" } else { "RETRY" };
    let lab = lab(runtime, answering(status), &[policy]).await;
    for data in ["ok", "bad"] {
        lab.publish("t", "text/plain", data.as_bytes(), &[]).await.unwrap();
    }
    let dead = delivered(&lab, "/dead", 1).await;
    assert_eq!(dead[0].json()["data"], "bad");
    let came = came(&lab, 4).await;
    let count = |data: &str| came.iter().filter(|entry| entry["event"]["data"] == data).count();
    assert_eq!((count("ok"), count("bad")), (1, 3));
}

pub async fn what_is_no_answer_to_a_bulk_request_is_a_failure_of_all_of_it(runtime: Runtime) {
    for (status, dead) in [(200, true), (500, true), (404, false)] {
        let app = App::answering(move |seen| async move {
            match seen.path.as_str() {
                "/in" => (StatusCode::from_u16(status).unwrap(), "no").into_response(),
                _ => StatusCode::OK.into_response(),
            }
        });
        let lab = lab(runtime, app, &[]).await;
        lab.publish("t", "text/plain", b"x", &[]).await.unwrap();
        if dead {
            delivered(&lab, "/dead", 1).await;
        } else {
            delivered(&lab, "/in", 1).await;
            lab.dealt_with("t").await;
            assert!(lab.app.matching(|seen| seen.path == "/dead").is_empty(), "{status} is given up");
        }
    }
}

pub async fn many_messages_are_published_over_http(runtime: Runtime) {
    let sub = subscription("t", "  routes: {default: /in}\n");
    let lab = runtime.with(App::echo(), Setup::documents(&[&sub])).await;
    for (version, name) in [("v1.0", "stable"), ("v1.0-alpha1", "alpha")] {
        let body = json!([
            {"entryId": "1", "event": "text", "contentType": "text/plain", "metadata": {"cloudevent.type": name}},
            {"entryId": "2", "event": {"a": 1}, "contentType": "application/json"},
            {"entryId": "3", "event": "Ynl0ZXM=", "contentType": "application/octet-stream"},
        ]);
        let url = lab.url(&format!("/{version}/publish/bulk/bus/t?metadata.cloudevent.source=all"));
        let answer = lab.http.post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }
    let events: Vec<Value> = delivered(&lab, "/in", 6).await.iter().map(Seen::json).collect();
    let first = events.iter().find(|event| event["type"] == "stable").unwrap();
    assert_eq!((&first["data"], &first["source"]), (&json!("text"), &json!("all")));
    assert!(events.iter().any(|event| event["data"] == json!({"a": 1}) && event["source"] == "app"), "{events:?}");
    assert!(events.iter().any(|event| event["data_base64"] == "Ynl0ZXM="));
}

fn entry(id: &str, event: &str) -> BulkPublishRequestEntry {
    BulkPublishRequestEntry {
        entry_id: id.into(),
        event: event.as_bytes().to_vec(),
        content_type: "text/plain".into(),
        ..Default::default()
    }
}

fn request(entries: Vec<BulkPublishRequestEntry>) -> BulkPublishRequest {
    BulkPublishRequest { pubsub_name: "bus".into(), topic: "t".into(), entries, ..Default::default() }
}

pub async fn many_messages_are_published_over_grpc(runtime: Runtime) {
    let sub = subscription("t", "  routes: {default: /in}\n");
    let lab = runtime.with(App::echo(), Setup::documents(&[&sub])).await;
    let mut client = lab.grpc.clone();
    let stable = client.bulk_publish_event(request(vec![entry("1", "a"), entry("2", "b")])).await.unwrap();
    assert!(stable.into_inner().failed_entries.is_empty());
    #[expect(deprecated, reason = "callers that were built for it still use it")]
    client.bulk_publish_event_alpha1(request(vec![entry("1", "c")])).await.unwrap();
    let mut data: Vec<_> =
        delivered(&lab, "/in", 3).await.iter().map(|s| s.json()["data"].as_str().unwrap().to_owned()).collect();
    data.sort();
    assert_eq!(data, ["a", "b", "c"]);
}

pub async fn a_bulk_request_that_makes_no_sense_publishes_nothing(runtime: Runtime) {
    let sub = subscription("t", "  routes: {default: /in}\n");
    let lab = runtime.with(App::echo(), Setup::documents(&[&sub])).await;
    let mut client = lab.grpc.clone();
    for entries in [vec![entry("", "a")], vec![entry("1", "a"), entry("1", "b")]] {
        let error = client.bulk_publish_event(request(entries)).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        let text = "error marshaling events to bytes for topic t pubsub bus. error: entryId is duplicated or not \
                    present for entry";
        assert_eq!(error.message(), text);
    }
    for body in [
        json!({}),
        json!([{"entryId": "1", "event": {"a": 1}, "contentType": "text/plain"}]),
        json!([{"entryId": "1", "event": "x", "contentType": "foo/bar"}]),
        json!([{"event": "x", "contentType": "text/plain"}]),
    ] {
        let answer = lab.http.post(lab.url("/v1.0/publish/bulk/bus/t")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{body}");
        let told: Value = answer.json().await.unwrap();
        assert_eq!(told["errorCode"], "ERR_PUBSUB_EVENTS_SER", "{body}: {told}");
    }
    let answer = lab.http.post(lab.url("/v1.0/publish/bulk/none/t")).json(&json!([])).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    lab.publish("t", "text/plain", b"last", &[]).await.unwrap();
    assert_eq!(delivered(&lab, "/in", 1).await[0].json()["data"], "last");
}
