//! Which topics there are for an app: wildcards, scopes; and what a message keeps on its way.

use dapr::dapr::proto::runtime::v1::PublishEventRequest;
use http::StatusCode;
use serde_json::{Value, json};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::pubsub::{delivered, subscription};
use crate::runtime::{Lab, Runtime, Setup};
use crate::support::{App, until};

behaviours![
    a_star_at_the_end_of_a_topic_takes_all_that_begin_so,
    an_app_publishes_and_hears_only_what_its_scopes_name,
    a_protected_topic_is_for_those_who_have_it_in_their_scopes,
    a_trace_goes_along_in_the_event,
    the_digits_of_a_number_are_its_publishers,
    a_failure_has_a_reason_that_sdks_read,
    a_subscription_that_comes_while_it_runs_is_delivered_and_one_that_goes_is_not,
];

/// A setup in which `bus` is in memory on both runtimes.
fn in_memory(metadata: &str, subscriptions: &[String]) -> Setup {
    let component = format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: bus}}\nspec:\n  type: pubsub.in-memory\n  \
         version: v1\n  metadata: [{metadata}]\n"
    );
    let documents = std::iter::once(component).chain(subscriptions.iter().cloned()).collect();
    Setup { pubsub: false, documents, ..Setup::default() }
}

fn to(topic: &str, path: &str) -> String {
    subscription(topic, &format!("  routes: {{default: {path}}}\n")).replace("topic: orders*", "topic: 'orders*'")
}

async fn publish(lab: &Lab, topic: &str) -> Result<(), tonic::Status> {
    lab.publish(topic, "text/plain", topic.as_bytes(), &[]).await
}

fn data(seen: &[crate::support::Seen]) -> Vec<Value> {
    seen.iter().map(|seen| seen.json()["data"].clone()).collect()
}

pub async fn a_star_at_the_end_of_a_topic_takes_all_that_begin_so(runtime: Runtime) {
    let wild = to("orders*", "/wild").replace("{name: orders*}", "{name: wild}");
    let lab = runtime.with(App::echo(), in_memory("", &[wild, to("orders.new", "/new")])).await;
    for topic in ["orders", "other", "orders.new", "orders.old"] {
        publish(&lab, topic).await.unwrap();
    }
    let wild = delivered(&lab, "/wild", 2).await;
    assert_eq!(data(&wild), ["orders.new", "orders.old"]);
    assert_eq!(wild[0].json()["topic"], "orders.new", "the topic that it was published to");
    assert_eq!(data(&delivered(&lab, "/new", 1).await), ["orders.new"]);
    let body: Value = reqwest::get(lab.url("/v1.0/metadata")).await.unwrap().json().await.unwrap();
    let components = body["components"].as_array().unwrap();
    let bus = components.iter().find(|component| component["name"] == "bus").unwrap();
    assert_eq!(bus["capabilities"], json!(["SUBSCRIBE_WILDCARDS"]));
}

/// What a publisher is told, over gRPC and over HTTP.
async fn refused(lab: &Lab, topic: &str) -> (String, Value) {
    let error = publish(lab, topic).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied);
    let answer = lab.http.post(lab.url(&format!("/v1.0/publish/bus/{topic}"))).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let body: Value = answer.json().await.unwrap();
    (error.message().to_owned(), body["errorCode"].clone())
}

pub async fn an_app_publishes_and_hears_only_what_its_scopes_name(runtime: Runtime) {
    let metadata = "{name: publishingScopes, value: 'app=a, b;other=c'}, {name: subscriptionScopes, value: 'app=a'}, \
                    {name: allowedTopics, value: 'a,b,c'}";
    let subscriptions = ["a", "b"].map(|topic| to(topic, &format!("/{topic}")));
    let lab = runtime.with(App::echo(), in_memory(metadata, &subscriptions)).await;
    for topic in ["c", "d"] {
        let (message, code) = refused(&lab, topic).await;
        assert_eq!(message, format!("topic {topic} is not allowed for app id app"));
        assert_eq!(code, "ERR_PUBSUB_FORBIDDEN");
    }
    for topic in ["b", "a"] {
        publish(&lab, topic).await.unwrap();
    }
    delivered(&lab, "/a", 1).await;
    assert!(lab.app.matching(|seen| seen.path == "/b").is_empty(), "it may not be heard");
}

pub async fn a_protected_topic_is_for_those_who_have_it_in_their_scopes(runtime: Runtime) {
    let metadata = "{name: protectedTopics, value: 'secret, known'}, {name: subscriptionScopes, value: 'app=known'}";
    let lab = runtime.with(App::echo(), in_memory(metadata, &[to("known", "/known"), to("open", "/open")])).await;
    refused(&lab, "secret").await;
    refused(&lab, "known").await;
    publish(&lab, "open").await.unwrap();
    let seen = lab.app.matching(|seen| seen.method == "POST");
    assert!(seen.is_empty(), "with scopes it hears those topics alone: {seen:?}");
}

pub async fn a_trace_goes_along_in_the_event(runtime: Runtime) {
    let lab = runtime.with(App::echo(), in_memory("", &[to("t", "/in")])).await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let post = lab.http.post(lab.url("/v1.0/publish/bus/t")).header("traceparent", parent);
    post.header("tracestate", "a=b").body("x").send().await.unwrap().error_for_status().unwrap();
    let mut request =
        tonic::Request::new(PublishEventRequest { pubsub_name: "bus".into(), topic: "t".into(), ..Default::default() });
    request.metadata_mut().insert("traceparent", parent.parse().unwrap());
    lab.grpc.clone().publish_event(request).await.unwrap();
    lab.publish("t", "", b"no", &[("cloudevent.traceparent", "00-1")]).await.unwrap();
    publish(&lab, "t").await.unwrap();
    let (traced, others) = (delivered(&lab, "/in", 4).await, 2);
    for seen in &traced[others..] {
        // daprd has one of zeros where there is none.
        let given = seen.header("traceparent").unwrap_or_default();
        assert!(!given.contains(|c: char| c != '0' && c != '-'), "what is none is not handed on: {seen:?}");
    }
    for seen in &traced[..others] {
        let event = seen.json();
        assert_eq!(event["traceparent"], event["traceid"]);
        let ids: Vec<&str> = event["traceparent"].as_str().unwrap().split('-').collect();
        assert_eq!(ids[1], "4bf92f3577b34da6a3ce929d0e0e4736", "{event}");
        assert_eq!(seen.header("traceparent"), event["traceparent"].as_str());
    }
}

pub async fn a_subscription_that_comes_while_it_runs_is_delivered_and_one_that_goes_is_not(runtime: Runtime) {
    let lab = runtime.with(App::echo(), in_memory("", &[to("first", "/first")])).await;
    lab.write_resource("late.yaml", &to("late", "/late"));
    until("the new one is delivered", || async {
        publish(&lab, "late").await.unwrap();
        !lab.app.matching(|seen| seen.path == "/late").is_empty()
    })
    .await;
    publish(&lab, "first").await.unwrap();
    delivered(&lab, "/first", 1).await;
    lab.remove_resource("late.yaml");
    let subscribed = || async {
        let body: Value = reqwest::get(lab.url("/v1.0/metadata")).await.unwrap().json().await.unwrap();
        body["subscriptions"].as_array().unwrap().iter().map(|s| s["topic"].clone()).collect::<Vec<_>>()
    };
    until("it is gone", || async { subscribed().await == ["first"] }).await;
}

pub async fn a_failure_has_a_reason_that_sdks_read(runtime: Runtime) {
    let metadata = "{name: publishingScopes, value: 'app=mine'}";
    let lab = runtime.with(App::echo(), in_memory(metadata, &[])).await;
    for (pubsub, topic, content_type, metadata, reason) in [
        ("none", "t", "", "", "DAPR_PUBSUB_NOT_FOUND"),
        ("", "t", "", "", "DAPR_PUBSUB_NAME_EMPTY"),
        ("bus", "", "", "", "DAPR_PUBSUB_TOPIC_NAME_EMPTY"),
        ("bus", "theirs", "", "", "DAPR_PUBSUB_FORBIDDEN"),
        ("bus", "mine", "application/cloudevents+json", "", "DAPR_PUBSUB_CLOUD_EVENT_CREATION"),
        ("bus", "mine", "", "maybe", "DAPR_PUBSUB_METADATA_DESERIALIZATION"),
    ] {
        let request = PublishEventRequest {
            pubsub_name: pubsub.into(),
            topic: topic.into(),
            data: b"no event".to_vec(),
            data_content_type: content_type.into(),
            metadata: [("rawPayload".to_owned(), metadata.to_owned())].into(),
        };
        let error = lab.grpc.clone().publish_event(request).await.unwrap_err();
        let info = error.get_details_error_info().unwrap_or_else(|| panic!("{reason}: {error:?}"));
        assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "dapr.io"));
    }
    let answer = lab.http.post(lab.url("/v1.0/publish/bus/theirs")).send().await.unwrap();
    let body: Value = answer.json().await.unwrap();
    let details = body["details"].as_array().unwrap();
    let info = details.iter().find(|detail| detail["@type"] == "type.googleapis.com/google.rpc.ErrorInfo").unwrap();
    assert_eq!((&info["reason"], &info["metadata"]["topic"]), (&json!("DAPR_PUBSUB_FORBIDDEN"), &json!("theirs")));
}

pub async fn the_digits_of_a_number_are_its_publishers(runtime: Runtime) {
    let lab = runtime.with(App::echo(), in_memory("", &[to("t", "/in")])).await;
    lab.publish("t", "application/json", br#"{"n":12345678901234567890123,"d":1.10}"#, &[]).await.unwrap();
    let seen = delivered(&lab, "/in", 1).await.remove(0);
    let text = String::from_utf8(seen.body.to_vec()).unwrap();
    assert!(text.contains(r#""data":{"d":1.10,"n":12345678901234567890123}"#), "{text}");
}
