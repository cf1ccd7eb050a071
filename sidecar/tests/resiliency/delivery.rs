//! `targets.components.<pubsub>.inbound`: around the delivery of messages.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use dapr::dapr::proto::runtime::v1::PublishEventRequest;
use http::StatusCode;
use sidecar::observation::{RetryEnd, RetryTarget};

use crate::rig::{Log, Rig, policies};
use crate::support::{App, Lab, PUBSUB, STORE, Seen};

const SUBSCRIPTIONS: &str = r#"
apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: {name: news}
spec: {pubsubname: bus, topic: news, routes: {default: /news}, deadLetterTopic: dead}
---
apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: {name: dead}
spec: {pubsubname: bus, topic: dead, routes: {default: /dead}}
"#;

fn around_delivery(retry: &str, target: &str) -> String {
    policies(
        "delivery",
        &format!(
            "  policies: {{retries: {{again: {{{retry}}}}}, timeouts: {{short: 500ms}}}}\n  targets: {{components: \
             {{bus: {{inbound: {{{target}}}}}}}}}"
        ),
    )
}

/// Answers the first `failures` deliveries to `/news` in this way and everything else with 200.
fn failing<R>(failures: usize, answer: impl Fn() -> R + Send + Sync + 'static) -> App
where
    R: IntoResponse + 'static,
{
    let count = AtomicUsize::new(0);
    App::answering(move |seen: Seen| {
        let fails = seen.path == "/news" && count.fetch_add(1, Ordering::SeqCst) < failures;
        let response = if fails { answer().into_response() } else { Response::default() };
        async move { response }
    })
}

async fn lab(app: App, rig: &Arc<Rig>, files: &[&str]) -> Lab {
    let mut all = vec![STORE, PUBSUB, SUBSCRIPTIONS];
    all.extend(files);
    Lab::with(app, &all, |config| rig.plug(config)).await
}

async fn publish(lab: &Lab, id: &str) {
    let request = PublishEventRequest {
        pubsub_name: "bus".into(),
        topic: "news".into(),
        data: b"x".to_vec(),
        data_content_type: "text/plain".into(),
        metadata: HashMap::from([("cloudevent.id".into(), id.into())]),
    };
    lab.grpc.clone().publish_event(request).await.unwrap();
}

/// How often a message reached the app before it went to the dead letters.
async fn deliveries_until_dead(lab: &Lab, id: &str) -> usize {
    let dead = lab.app.wait(1, |seen| seen.is("POST", "/dead") && seen.json()["id"] == id).await;
    assert_eq!(dead[0].json()["topic"], "news", "the message keeps its topic");
    lab.app.matching(|seen| seen.is("POST", "/news") && seen.json()["id"] == id).len()
}

#[tokio::test]
async fn every_kind_of_failure_is_delivered_once_more_than_there_are_retries_and_then_is_dead() {
    let retry = || r#"{"status":"RETRY"}"#.into_response();
    let unknown = || r#"{"status":"Event processed"}"#.into_response();
    let error = || (StatusCode::SERVICE_UNAVAILABLE, "busy").into_response();
    for (kind, answer) in [("retry", retry as fn() -> Response), ("unknown", unknown), ("error", error)] {
        let rig = Rig::new([]);
        let file = around_delivery("duration: 5ms, maxRetries: 4", "retry: again");
        let lab = lab(failing(usize::MAX, answer), &rig, &[&file]).await;
        publish(&lab, kind).await;
        assert_eq!(deliveries_until_dead(&lab, kind).await, 5, "{kind}");
        assert_eq!(rig.ends()[0], (5, RetryEnd::Exhausted), "{kind}");
    }
}

#[tokio::test]
async fn without_a_policy_a_failed_message_is_delivered_once() {
    let rig = Rig::new([]);
    let lab = lab(failing(usize::MAX, || StatusCode::SERVICE_UNAVAILABLE), &rig, &[]).await;
    publish(&lab, "once").await;
    assert_eq!(deliveries_until_dead(&lab, "once").await, 1);
    assert!(rig.events().is_empty());
}

#[tokio::test]
async fn a_message_that_succeeds_in_time_is_not_dead_and_the_log_tells_of_it() {
    let log = Log::listen();
    let rig = Rig::new([]);
    let file = around_delivery("duration: 5ms, maxRetries: 4", "retry: again").replace("bus:", "post:");
    let documents = [PUBSUB.replace("name: bus", "name: post"), SUBSCRIPTIONS.replace("bus", "post"), file];
    let all: Vec<&str> = [STORE].into_iter().chain(documents.iter().map(String::as_str)).collect();
    let app = failing(2, || (StatusCode::SERVICE_UNAVAILABLE, "busy"));
    let lab = Lab::with(app, &all, |config| rig.plug(config)).await;
    let request = PublishEventRequest {
        pubsub_name: "post".into(),
        topic: "news".into(),
        data_content_type: "text/plain".into(),
        metadata: HashMap::from([("cloudevent.id".into(), "late-news".into())]),
        ..PublishEventRequest::default()
    };
    lab.grpc.clone().publish_event(request).await.unwrap();
    rig.until("it is delivered", |rig| rig.ends() == [(3, RetryEnd::Succeeded)]).await;
    assert!(lab.app.matching(|seen| seen.is("POST", "/dead")).is_empty());
    match &*rig.events()[0].target {
        RetryTarget::Delivery { component, topic, event_id } => {
            assert_eq!((component.as_str(), topic.as_str(), event_id.as_str()), ("post", "news", "late-news"));
        }
        other => panic!("{other:?}"),
    }
    let cause = "retriable error returned from app while processing pub/sub event late-news, topic: news, body: busy. \
                 status code returned: 503";
    let lines = log.with("component[post] input");
    assert_eq!(
        lines,
        [
            "WARN Error processing operation component[post] input. Retrying in 5ms…".to_owned(),
            format!("DEBUG Error for operation component[post] input was: retriable error occurred: {cause}"),
            "INFO Recovered processing operation component[post] input after 3 attempts".to_owned(),
        ]
    );
    let encountered =
        format!("WARN encountered a retriable error while publishing a subscribed message to topic news, err: {cause}");
    assert_eq!(
        log.with("late-news"),
        [format!("WARN {cause}"), encountered.clone(), lines[1].clone(), format!("WARN {cause}"), encountered,]
    );
}

#[tokio::test]
async fn only_matching_statuses_are_tried_again_but_a_wish_for_it_always_is() {
    let rig = Rig::new([]);
    let codes = "duration: 5ms, maxRetries: 2, matching: {httpStatusCodes: '429,500-502'}";
    let file = around_delivery(codes, "retry: again");
    let busy = lab(failing(usize::MAX, || StatusCode::SERVICE_UNAVAILABLE), &rig, &[&file]).await;
    publish(&busy, "503").await;
    assert_eq!(deliveries_until_dead(&busy, "503").await, 1);
    let gateway = lab(failing(usize::MAX, || StatusCode::BAD_GATEWAY), &rig, &[&file]).await;
    publish(&gateway, "502").await;
    assert_eq!(deliveries_until_dead(&gateway, "502").await, 3);
    let wish = lab(failing(usize::MAX, || r#"{"status":"RETRY"}"#), &rig, &[&file]).await;
    publish(&wish, "wish").await;
    assert_eq!(deliveries_until_dead(&wish, "wish").await, 3);
}

#[tokio::test]
async fn what_the_app_drops_or_does_not_know_is_dead_at_once() {
    for (kind, answer) in [
        ("drop", (|| r#"{"status":"DROP"}"#.into_response()) as fn() -> Response),
        ("unknown route", || StatusCode::NOT_FOUND.into_response()),
    ] {
        let rig = Rig::new([]);
        let file = around_delivery("duration: 5ms", "retry: again");
        let lab = lab(failing(usize::MAX, answer), &rig, &[&file]).await;
        publish(&lab, kind).await;
        assert_eq!(deliveries_until_dead(&lab, kind).await, 1, "{kind}");
        assert_eq!(rig.ends()[0], (1, RetryEnd::Succeeded), "{kind}");
    }
}

#[tokio::test]
async fn a_delivery_that_hangs_is_given_up_after_its_time_out() {
    let app = App::answering(|seen: Seen| async move {
        if seen.path == "/news" {
            std::future::pending::<()>().await;
        }
        Response::default()
    });
    let rig = Rig::new([]);
    let file = around_delivery("duration: 5ms, maxRetries: 1", "retry: again, timeout: short");
    let lab = lab(app, &rig, &[&file]).await;
    publish(&lab, "hung").await;
    assert_eq!(deliveries_until_dead(&lab, "hung").await, 2);
}

#[tokio::test]
async fn the_end_of_the_sidecar_does_not_wait_for_retries_without_end() {
    let rig = Rig::new([]);
    let file = around_delivery("duration: 1h", "retry: again");
    let lab = lab(failing(usize::MAX, || StatusCode::SERVICE_UNAVAILABLE), &rig, &[&file]).await;
    publish(&lab, "last").await;
    rig.until_waiting().await;
    tokio::time::timeout(Duration::from_secs(4), lab.sidecar.shutdown()).await.expect("it ends");
    assert_eq!(
        rig.ends(),
        [(1, RetryEnd::Closed), (1, RetryEnd::Succeeded)],
        "given up, and delivered as a dead letter"
    );
}
