//! What is published in memory for an app that is not well.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::response::IntoResponse;
use http::StatusCode;
use sidecar::AppHealthCheck;
use support::{App, Gate, Lab, PUBSUB, STORE, until};

const SUBSCRIPTIONS: [&str; 2] = [
    "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: {name: one}\nspec: {pubsubname: bus, topic: one, routes: \
     {default: /one}}\n",
    "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: {name: many}\nspec: {pubsubname: bus, topic: many, routes: \
     {default: /many}, bulkSubscribe: {enabled: true, maxAwaitDurationMs: 10}}\n",
];

#[tokio::test]
async fn it_waits_for_the_app_in_its_order() {
    let (well, gate) = (Arc::new(AtomicBool::new(true)), Gate::closed());
    let (asked, hold) = (Arc::clone(&well), gate.clone());
    let app = App::answering(move |seen| {
        let (well, hold) = (asked.load(Ordering::SeqCst), hold.clone());
        async move {
            match seen.path.as_str() {
                "/healthz" if !well => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
                "/one" => hold.pass().await,
                _ => {}
            }
            StatusCode::OK.into_response()
        }
    });
    let check = AppHealthCheck {
        path: "/healthz".into(),
        interval: Duration::from_millis(50),
        timeout: Duration::from_secs(5),
        threshold: 1,
    };
    let documents = [STORE, PUBSUB, SUBSCRIPTIONS[0], SUBSCRIPTIONS[1]];
    let lab = Lab::with(app, &documents, |config| config.app_health = Some(check)).await;
    lab.sidecar.ready().await;
    let publish = async |topic: &str, text: &str| {
        let url = lab.url(&format!("/v1.0/publish/bus/{topic}"));
        let answer = lab.http.post(url).body(text.to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    };
    for text in ["1", "2", "3"] {
        publish("one", text).await;
    }
    lab.app.wait(1, |seen| seen.path == "/one").await;
    well.store(false, Ordering::SeqCst);
    until("the app counts as unwell", || async {
        let answer = lab.http.get(lab.url("/v1.0/invoke/app/method/m")).send().await.unwrap();
        answer.text().await.unwrap().contains("app is not in a healthy state")
    })
    .await;
    publish("one", "4").await;
    publish("many", "5").await;
    gate.open(4);
    well.store(true, Ordering::SeqCst);
    let seen = lab.app.wait(4, |seen| seen.path == "/one").await;
    let texts: Vec<_> = seen.iter().map(|seen| seen.json()["data"].as_str().unwrap().to_owned()).collect();
    assert_eq!(texts, ["1", "2", "3", "4"]);
    lab.app.wait(1, |seen| seen.path == "/many").await;
}
