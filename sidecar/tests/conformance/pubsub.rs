//! Publish, subscribe, deliver (facts §6, checklist 42–48 without resiliency).

use crate::runtime::{Lab, Runtime, Setup};
use crate::support::{App, Seen};
use axum::response::IntoResponse;
use dapr::dapr::proto::runtime::v1::PublishEventRequest;
use http::StatusCode;
use serde_json::{Value, json};
use tonic::Code;

behaviours![
    a_message_arrives_in_an_envelope_with_exactly_daprs_attributes,
    the_data_is_coded_by_its_content_type,
    metadata_overrides_attributes_and_a_cloud_event_is_kept,
    a_raw_payload_has_no_envelope_and_gets_one_for_a_subscriber_of_raw_payloads,
    the_first_rule_that_is_true_takes_the_message_and_the_default_the_rest,
    a_message_that_no_rule_wants_or_can_judge_goes_to_the_dead_letters,
    what_the_app_answers_decides_what_becomes_of_a_message,
    the_apps_own_subscription_replaces_a_declared_one,
    publishing_wrongly_says_what_is_wrong,
    the_http_api_publishes_too_with_metadata_from_the_query,
    a_message_that_has_expired_is_not_delivered,
];

pub fn subscription(topic: &str, rest: &str) -> String {
    format!(
        "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: {{name: {topic}}}\nspec:\n  \
         pubsubname: bus\n  topic: {topic}\n{rest}"
    )
}

async fn lab(runtime: Runtime, app: App, subscriptions: &[&str]) -> Lab {
    runtime.with(app, Setup::documents(subscriptions)).await
}

pub async fn delivered(lab: &Lab, path: &str, count: usize) -> Vec<Seen> {
    lab.app.wait(count, |seen| seen.is("POST", path)).await
}

/// Publishes a last message and waits for it, and until what comes before it has been dealt with too.
async fn settle(lab: &Lab, topic: &str, path: &str) {
    lab.publish(topic, "text/plain", b"settle", &[]).await.unwrap();
    lab.app.wait(1, |seen| seen.is("POST", path) && seen.json()["data"] == "settle").await;
    lab.dealt_with(topic).await;
}

pub async fn a_message_arrives_in_an_envelope_with_exactly_daprs_attributes(runtime: Runtime) {
    let sub = subscription("t", "  routes: {default: /in}\n");
    let lab = lab(runtime, App::echo(), &[&sub]).await;
    lab.publish("t", "application/json", br#"{"b": "<x>", "a": 1}"#, &[("key", "k1")]).await.unwrap();
    let seen = delivered(&lab, "/in", 1).await.remove(0);
    assert_eq!(seen.header("content-type"), Some("application/cloudevents+json"));
    assert_eq!(seen.header("pubsubname"), Some("bus"));
    assert_eq!(seen.header("key"), Some("k1"), "message metadata arrives as headers");

    let mut event = seen.json();
    let id = event["id"].take();
    assert_eq!(id.as_str().unwrap().len(), 36);
    let time = event["time"].take();
    assert!(time.as_str().unwrap().len() >= "2026-01-01T00:00:00Z".len(), "{time}");
    assert_eq!(
        event,
        json!({
            "data": {"a": 1, "b": "<x>"}, "datacontenttype": "application/json", "id": null,
            "pubsubname": "bus", "source": "app", "specversion": "1.0", "time": null,
            "topic": "t", "traceid": "", "traceparent": "", "tracestate": "",
            "type": "com.dapr.event.sent",
        })
    );
    let text = String::from_utf8(seen.body.to_vec()).unwrap();
    assert!(text.starts_with(r#"{"data":{"a":1,"b":"\u003cx\u003e"},"datacontenttype""#), "{text}");
}

pub async fn the_data_is_coded_by_its_content_type(runtime: Runtime) {
    let sub = subscription("t", "  routes: {default: /in}\n");
    let lab = lab(runtime, App::echo(), &[&sub]).await;
    for (content_type, data) in [
        ("", "plain"),
        ("text/plain", "plain"),
        ("foo/bar", "<1>"),
        ("application/json; charset=utf-8", "[1]"),
        ("application/json", "no JSON"),
        ("application/octet-stream", "bytes"),
    ] {
        lab.publish("t", content_type, data.as_bytes(), &[]).await.unwrap();
    }
    let events: Vec<Value> = delivered(&lab, "/in", 6).await.iter().map(Seen::json).collect();
    assert_eq!(events[0]["datacontenttype"], "text/plain");
    assert_eq!(events[0]["data"], "plain");
    assert_eq!(events[1]["data"], "plain");
    assert_eq!(events[2]["datacontenttype"], "foo/bar");
    assert_eq!(events[2]["data"], "<1>");
    assert_eq!(events[3]["data"], json!([1]));
    assert_eq!(events[4]["data"], "no JSON");
    assert_eq!(events[5]["data_base64"], "Ynl0ZXM=");
    assert_eq!(events[5].get("data"), None);
}

pub async fn metadata_overrides_attributes_and_a_cloud_event_is_kept(runtime: Runtime) {
    let sub = subscription("t", "  routes: {default: /in}\n");
    let lab = lab(runtime, App::echo(), &[&sub]).await;
    let overrides = [
        ("cloudevent.id", "my-id"),
        ("cloudevent.source", "elsewhere"),
        ("cloudevent.type", "order.v1"),
        ("cloudevent.subject", "about"),
        ("cloudevent.traceparent", "00-1"),
    ];
    lab.publish("t", "text/plain", b"x", &overrides).await.unwrap();
    let own = json!({"id": "own", "type": "own.type", "data": {"n": 1}, "topic": "lie"});
    lab.publish("t", "application/cloudevents+json", own.to_string().as_bytes(), &[]).await.unwrap();
    let events = delivered(&lab, "/in", 2).await;
    let first = events[0].json();
    for (name, value) in [
        ("id", "my-id"),
        ("source", "elsewhere"),
        ("type", "order.v1"),
        ("subject", "about"),
        ("traceparent", "00-1"),
        ("traceid", "00-1"),
    ] {
        assert_eq!(first[name], value, "{name}");
    }
    let second = events[1].json();
    assert_eq!(second["id"], "own");
    assert_eq!(second["type"], "own.type");
    assert_eq!(second["topic"], "t");
    assert_eq!(second["pubsubname"], "bus");
    assert_eq!(second["specversion"], "1.0");
    assert_eq!(second["source"], "Dapr");

    let error = lab.publish("t", "application/cloudevents+json", b"no JSON", &[]).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::InvalidArgument, "cannot create cloudevent"));
}

pub async fn a_raw_payload_has_no_envelope_and_gets_one_for_a_subscriber_of_raw_payloads(runtime: Runtime) {
    let raw = subscription("raw", "  metadata: {rawPayload: \"true\"}\n  routes: {default: /raw}\n");
    let strict = subscription("strict", "  routes: {default: /strict}\n");
    let lab = lab(runtime, App::echo(), &[&raw, &strict]).await;
    lab.publish("raw", "", b"bytes", &[("rawPayload", "true")]).await.unwrap();
    let event = delivered(&lab, "/raw", 1).await[0].json();
    assert_eq!(event["data_base64"], "Ynl0ZXM=");
    assert_eq!(event["datacontenttype"], "application/octet-stream");
    assert_eq!(event["source"], "Dapr");

    lab.publish("strict", "", b"bytes", &[("rawPayload", "true")]).await.unwrap();
    settle(&lab, "strict", "/strict").await;
    assert_eq!(delivered(&lab, "/strict", 1).await.len(), 1, "what is no CloudEvent is lost");

    let error = lab.publish("raw", "", b"", &[("rawPayload", "maybe")]).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
}

pub async fn the_first_rule_that_is_true_takes_the_message_and_the_default_the_rest(runtime: Runtime) {
    let rules = "  routes:\n    rules:\n    - {match: 'event.type == \"a\"', path: /a}\n    \
                 - {match: 'event.data.n > 5', path: /big}\n    default: /rest\n";
    let sub = subscription("t", rules);
    let lab = lab(runtime, App::echo(), &[&sub]).await;
    for (kind, n) in [("a", 9), ("b", 9), ("b", 1)] {
        let data = json!({"n": n}).to_string();
        lab.publish("t", "application/json", data.as_bytes(), &[("cloudevent.type", kind)]).await.unwrap();
    }
    for (path, kind, n) in [("/a", "a", 9), ("/big", "b", 9), ("/rest", "b", 1)] {
        let seen = delivered(&lab, path, 1).await;
        assert_eq!(seen.len(), 1, "{path}");
        assert_eq!(seen[0].json()["type"], kind, "{path}");
        assert_eq!(seen[0].json()["data"]["n"], n, "{path}");
    }
}

pub async fn a_message_that_no_rule_wants_or_can_judge_goes_to_the_dead_letters(runtime: Runtime) {
    let rules = "  routes:\n    rules:\n    - {match: 'event.data.n > 5', path: /big}\n  \
                 deadLetterTopic: dead\n";
    let (sub, dead) = (subscription("t", rules), subscription("dead", "  routes: {default: /dead}\n"));
    let lab = lab(runtime, App::echo(), &[&sub, &dead]).await;
    lab.publish("t", "application/json", b"{\"n\":1}", &[]).await.unwrap();
    lab.publish("t", "application/json", b"{}", &[]).await.unwrap();
    let letters = delivered(&lab, "/dead", 2).await;
    assert_eq!(letters[0].json()["data"], json!({"n": 1}));
    assert_eq!(letters[0].json()["topic"], "t", "the topic it came from");
    assert!(lab.app.matching(|seen| seen.path == "/big").is_empty());
}

pub async fn what_the_app_answers_decides_what_becomes_of_a_message(runtime: Runtime) {
    for (status, body) in [
        (200, ""),
        (204, ""),
        (200, "thanks"),
        (200, "[]"),
        (200, "\"ok\""),
        (200, "{}"),
        (200, r#"{"status":""}"#),
        (200, r#"{"status":1}"#),
        (200, r#"{"status":"SUCCESS"}"#),
        (200, r#"{"Status":"SUCCESS"}"#),
    ] {
        assert_eq!(outcome_of(runtime, status, body).await, (1, false), "taken: {status} {body}");
    }
    for (status, body) in [
        (200, r#"{"status":"RETRY"}"#),
        (200, r#"{"status":"DROP"}"#),
        (200, r#"{"status":"success"}"#),
        (200, r#"{"status":"Event processed"}"#),
        (404, ""),
        (500, ""),
        (302, ""),
    ] {
        assert_eq!(outcome_of(runtime, status, body).await, (1, true), "dead letter: {status} {body}");
    }
}

pub async fn the_apps_own_subscription_replaces_a_declared_one(runtime: Runtime) {
    let sub = subscription("t", "  routes: {default: /declared}\n");
    let answer = r#"[{"pubsubname":"bus","topic":"t","route":"/programmed"},
                     {"pubsubname":"bus","topic":"u","routes":{"default":"/u"}},
                     {"pubsubname":"absent","topic":"v","route":"/v"}]"#;
    let lab = lab(runtime, App::echo().subscribing(answer), &[&sub]).await;
    lab.publish("t", "", b"x", &[]).await.unwrap();
    lab.publish("u", "", b"x", &[]).await.unwrap();
    delivered(&lab, "/programmed", 1).await;
    delivered(&lab, "/u", 1).await;
    assert!(lab.app.matching(|seen| seen.path == "/declared").is_empty());
    let body: Value = reqwest::get(lab.url("/v1.0/metadata")).await.unwrap().json().await.unwrap();
    let kinds: Vec<_> = body["subscriptions"].as_array().unwrap().iter().map(|s| &s["type"]).collect();
    assert_eq!(kinds, ["PROGRAMMATIC"; 3], "shown even without their component");
}

pub async fn publishing_wrongly_says_what_is_wrong(runtime: Runtime) {
    let lab = lab(runtime, App::echo(), &[]).await;
    let publish_to = |pubsub: &str, topic: &str| {
        let request = PublishEventRequest { pubsub_name: pubsub.into(), topic: topic.into(), ..Default::default() };
        let mut client = lab.grpc.clone();
        async move { client.publish_event(request).await }
    };
    for (pubsub, topic, text) in [
        ("none", "t", "pubsub none is not found"),
        ("", "t", "pubsub name is empty"),
        ("bus", "", "topic is empty in pubsub bus"),
    ] {
        let error = publish_to(pubsub, topic).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::InvalidArgument, text));
    }
    publish_to("bus", "nobody-listens").await.unwrap();

    let answer = lab.http.post(lab.url("/v1.0/publish/none/t")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(answer.text().await.unwrap().contains("ERR_PUBSUB_NOT_FOUND"));
}

pub async fn the_http_api_publishes_too_with_metadata_from_the_query(runtime: Runtime) {
    let sub = subscription("a/b", "  routes: {default: /in}\n").replace("{name: a/b}", "{name: s}");
    let lab = lab(runtime, App::echo(), &[&sub]).await;
    let url = lab.url("/v1.0/publish/bus/a/b?metadata.cloudevent.type=own&other=1");
    let answer = lab.http.post(url).json(&json!({"n": 1})).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let event = delivered(&lab, "/in", 1).await[0].json();
    assert_eq!(event["type"], "own");
    assert_eq!(event["data"], json!({"n": 1}));
}

pub async fn a_message_that_has_expired_is_not_delivered(runtime: Runtime) {
    let sub = subscription("t", "  routes: {default: /in}\n  deadLetterTopic: dead\n");
    let dead = subscription("dead", "  routes: {default: /dead}\n");
    let lab = lab(runtime, App::echo(), &[&sub, &dead]).await;
    let late = json!({"id": "late", "expiration": "2020-01-01T00:00:00Z"}).to_string();
    lab.publish("t", "application/cloudevents+json", late.as_bytes(), &[]).await.unwrap();
    lab.publish("t", "", b"in time", &[("ttlInSeconds", "60")]).await.unwrap();
    let seen = delivered(&lab, "/in", 1).await;
    assert_eq!(seen[0].json()["data"], "in time");
    assert!(seen[0].json()["expiration"].is_string());
    // The same event is expired for the dead letters' subscription too: it is not delivered.
    settle(&lab, "dead", "/dead").await;
    assert_eq!(lab.app.matching(|seen| seen.path == "/dead").len(), 1);
}

/// Delivers one message to an app that answers it so; returns how often the app saw it and
/// whether it became a dead letter.
async fn outcome_of(runtime: Runtime, status: u16, body: &'static str) -> (usize, bool) {
    let app = App::answering(move |seen| async move {
        match seen.path.as_str() {
            "/in" if seen.json()["data"] == "x" => (StatusCode::from_u16(status).unwrap(), body).into_response(),
            _ => StatusCode::OK.into_response(),
        }
    });
    let sub = subscription("t", "  routes: {default: /in}\n  deadLetterTopic: dead\n");
    let dead = subscription("dead", "  routes: {default: /dead}\n");
    let lab = lab(runtime, app, &[&sub, &dead]).await;
    lab.publish("t", "text/plain", b"x", &[]).await.unwrap();
    settle(&lab, "t", "/in").await;
    settle(&lab, "dead", "/dead").await;
    let is_x = |path: &'static str| move |seen: &Seen| seen.is("POST", path) && seen.json()["data"] == "x";
    let dead_letters = lab.app.matching(is_x("/dead"));
    if let Some(letter) = dead_letters.first() {
        assert_eq!(letter.json()["topic"], "t");
    }
    (lab.app.matching(is_x("/in")).len(), !dead_letters.is_empty())
}
