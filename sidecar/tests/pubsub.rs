//! Publish, subscribe, deliver (facts §6, checklist 42–48 without resiliency).
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::response::IntoResponse;
use dapr::dapr::proto::runtime::v1::PublishEventRequest;
use http::StatusCode;
use serde_json::Value;
use support::{App, Lab, PUBSUB, STORE, Seen};

fn subscription(topic: &str, rest: &str) -> String {
    format!(
        "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: {{name: {topic}}}\nspec:\n  \
         pubsubname: bus\n  topic: {topic}\n{rest}"
    )
}

async fn lab(app: App, subscriptions: &[&str]) -> Lab {
    let mut documents = vec![STORE, PUBSUB];
    documents.extend(subscriptions);
    Lab::with(app, &documents, |_| {}).await
}

async fn publish(
    lab: &Lab,
    topic: &str,
    content_type: &str,
    data: &[u8],
    metadata: &[(&str, &str)],
) -> Result<(), tonic::Status> {
    let request = PublishEventRequest {
        pubsub_name: "bus".into(),
        topic: topic.into(),
        data: data.to_vec(),
        data_content_type: content_type.into(),
        metadata: metadata
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<HashMap<_, _>>(),
    };
    lab.grpc.clone().publish_event(request).await.map(|_| ())
}

async fn delivered(lab: &Lab, path: &str, count: usize) -> Vec<Seen> {
    lab.app.wait(count, |seen| seen.is("POST", path)).await
}

#[tokio::test]
async fn messages_of_a_topic_are_delivered_one_at_a_time_and_in_order() {
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inside_app, most_app) = (Arc::clone(&inside), Arc::clone(&most));
    let app = App::answering(move |_| {
        let (inside, most) = (Arc::clone(&inside_app), Arc::clone(&most_app));
        async move {
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            inside.fetch_sub(1, Ordering::SeqCst);
            StatusCode::OK.into_response()
        }
    });
    let sub = subscription("t", "  routes: {default: /in}\n");
    let lab = lab(app, &[&sub]).await;
    for n in 0..20 {
        publish(&lab, "t", "text/plain", n.to_string().as_bytes(), &[]).await.unwrap();
    }
    let seen = delivered(&lab, "/in", 20).await;
    let order: Vec<Value> = seen.iter().map(|seen| seen.json()["data"].clone()).collect();
    let expected: Vec<Value> = (0..20).map(|n| n.to_string().into()).collect();
    assert_eq!(order, expected);
    assert_eq!(most.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn accepted_messages_are_delivered_before_the_sidecar_ends() {
    let app = App::answering(|_| async {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        StatusCode::OK.into_response()
    });
    let sub = subscription("t", "  routes: {default: /in}\n");
    let lab = lab(app, &[&sub]).await;
    for _ in 0..5 {
        publish(&lab, "t", "", b"x", &[]).await.unwrap();
    }
    lab.sidecar.shutdown().await;
    assert_eq!(lab.app.matching(|seen| seen.path == "/in").len(), 5);
}
