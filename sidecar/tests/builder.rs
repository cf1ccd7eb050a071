//! A sidecar for somebody else's test.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use http::StatusCode;
use sidecar::Sidecar;
use support::{App, TYPE, connect, invoke};

async fn get(url: &str) -> (StatusCode, String) {
    let answer = reqwest::get(url).await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test]
async fn two_of_them_know_nothing_of_each_other() {
    let (first, second) = (App::echo().listen().await, App::echo().listen().await);
    let first = Sidecar::builder().app(first).start().await.unwrap();
    let second = Sidecar::builder().app(second).start().await.unwrap();
    first.ready().await;
    second.ready().await;
    invoke(connect(&first).await, TYPE, "a", "Do", "1").await.unwrap();
    let saved = reqwest::Client::new().post(format!("{}/v1.0/state/statestore", first.http_url()));
    saved.body(r#"[{"key":"k","value":1}]"#).send().await.unwrap().error_for_status().unwrap();
    let key = |sidecar: &Sidecar| format!("{}/v1.0/state/statestore/k", sidecar.http_url());
    assert_eq!(get(&key(&first)).await, (StatusCode::OK, "1".into()));
    assert_eq!(get(&key(&second)).await.0, StatusCode::NO_CONTENT);
    let published = reqwest::Client::new().post(format!("{}/v1.0/publish/pubsub/t", second.http_url()));
    published.body("1").send().await.unwrap().error_for_status().unwrap();
}

#[tokio::test]
async fn its_file_goes_when_it_goes() {
    for orderly in [true, false] {
        let sidecar = Sidecar::builder().in_temporary_file().start().await.unwrap();
        let file = sidecar.store_path().unwrap();
        assert!(file.is_file());
        if orderly {
            sidecar.shutdown().await;
        } else {
            drop(sidecar);
        }
        assert!(!file.exists() && !file.parent().unwrap().exists(), "orderly: {orderly}");
    }
}

#[tokio::test]
async fn what_is_given_takes_the_place_of_what_there_would_be() {
    let own = |name: &str, more: &str| {
        format!(
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\nspec: {{type: state.in-memory, \
             version: v1, metadata: [{more}]}}"
        )
    };
    let names = async |document: String| {
        let sidecar = Sidecar::builder().document(document).app_id("mine").start().await.unwrap();
        let told: serde_json::Value =
            serde_json::from_str(&get(&format!("{}/v1.0/metadata", sidecar.http_url())).await.1).unwrap();
        assert_eq!(told["id"], "mine");
        let names = told["components"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    };
    assert_eq!(names(own("statestore", "")).await, ["pubsub", "statestore"]);
    assert_eq!(names(own("actors", "{name: actorStateStore, value: \"true\"}")).await, ["actors", "pubsub"]);
    assert_eq!(names(own("other", "")).await, ["other", "pubsub", "statestore"]);
    let error = Sidecar::builder().document("kind: Component").start().await.unwrap_err().to_string();
    assert!(error.contains("given to the builder"), "{error}");
}
