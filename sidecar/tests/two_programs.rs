//! Two apps with a sidecar each on one machine.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::Value;
use support::{App, Lab, PUBSUB, STORE, until, upsert};
use tempfile::TempDir;

/// The folder in which they find each other, and in which the SQLite file is that they share.
fn shared() -> Arc<TempDir> {
    Arc::new(tempfile::tempdir().unwrap())
}

/// An app that hosts a type.
fn hosting(kind: &str) -> App {
    let mut app = App::echo();
    app.config = format!(r#"{{"entities":["{kind}"],"reentrancy":{{"enabled":true}}}}"#);
    app
}

async fn lab(folder: &Arc<TempDir>, id: &str, app: App) -> Lab {
    let neighbours = folder.path().join("sidecars");
    let lab = Lab::in_folder(app, &[STORE, PUBSUB], Arc::clone(folder), |config| {
        config.app_id = id.into();
        config.neighbours = Some(neighbours);
        config.dapr_api_token = None;
    });
    let lab = lab.await.unwrap();
    lab.sidecar.ready().await;
    lab
}

#[tokio::test]
async fn an_app_is_called_by_the_other_over_http() {
    let folder = shared();
    let (one, two) = (lab(&folder, "one", App::echo()).await, lab(&folder, "two", hosting("Other")).await);
    let url = one.url("/v1.0/invoke/two/method/orders?a=b");
    let answer = one.http.put(url).header("x-given", "1").body("body").send().await.unwrap();
    assert_eq!((answer.status(), answer.text().await.unwrap().as_str()), (StatusCode::OK, "body"));
    let seen = two.app.wait(1, |seen| seen.is("PUT", "/orders?a=b")).await.remove(0);
    assert_eq!((seen.header("x-given"), seen.header("dapr-caller-app-id")), (Some("1"), Some("one")));
    assert_eq!(seen.header("dapr-sidecar-key"), None, "what lets sidecars in is not for apps");

    let by_header = one.http.get(one.url("/by/header")).header("dapr-app-id", "two").send().await.unwrap();
    assert_eq!(by_header.status(), StatusCode::OK);
    two.app.wait(1, |seen| seen.is("GET", "/by/header")).await;
    two.sidecar.shutdown().await;
    let gone = one.http.get(one.url("/v1.0/invoke/two/method/m")).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(gone.text().await.unwrap().contains("couldn't find service: two"));
}

#[tokio::test]
async fn a_token_is_for_callers_and_not_for_sidecars() {
    let folder = shared();
    let one = lab(&folder, "one", App::echo()).await;
    let neighbours = folder.path().join("sidecars");
    let two = Lab::in_folder(hosting("Other"), &[STORE, PUBSUB], Arc::clone(&folder), |config| {
        config.app_id = "two".into();
        config.neighbours = Some(neighbours);
        config.dapr_api_token = Some("secret".into());
    });
    let two = two.await.unwrap();
    two.sidecar.ready().await;
    let through = one.http.get(one.url("/v1.0/invoke/two/method/m")).send().await.unwrap();
    assert_eq!(through.status(), StatusCode::OK);
    let straight = one.http.get(two.url("/v1.0/invoke/two/method/m")).send().await.unwrap();
    assert_eq!(straight.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_actor_of_the_other_is_called_over_both_apis() {
    let folder = shared();
    let (one, two) = (lab(&folder, "one", App::echo()).await, lab(&folder, "two", hosting("Other")).await);
    let called = support::invoke(one.grpc.clone(), "Other", "a b/".trim_end_matches('/'), "Do", "1").await;
    assert_eq!(called.unwrap(), b"1");
    let seen = two.app.wait(1, |seen| seen.is("PUT", "/actors/Other/a%20b/method/Do")).await.remove(0);
    assert_eq!(seen.header("dapr-sidecar-key"), None, "what lets sidecars in is not for apps");
    let answer = one.http.post(one.url("/v1.0/actors/Other/x/method/Do?q=1")).body("2").send().await.unwrap();
    assert_eq!((answer.status(), answer.text().await.unwrap().as_str()), (StatusCode::OK, "2"));
    two.app.wait(1, |seen| seen.is("PUT", "/actors/Other/x/method/Do?q=1")).await;
    assert_eq!(one.invoke("own", "Do", "3").await.unwrap(), b"3", "its own are called as before");
    assert!(two.app.matching(|seen| seen.path.contains("/own/")).is_empty());
}

#[tokio::test]
async fn a_failure_of_the_others_actor_is_told_in_the_same_words() {
    let folder = shared();
    let mut failing = App::answering(|seen| async move {
        let status = if seen.method == Method::PUT { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
        axum::response::IntoResponse::into_response((status, "own words"))
    });
    failing.config = r#"{"entities":["Other"]}"#.into();
    let (one, two) = (lab(&folder, "one", App::echo()).await, lab(&folder, "two", failing).await);
    let here = support::invoke(two.grpc.clone(), "Other", "a", "Do", "").await.unwrap_err();
    let there = support::invoke(one.grpc.clone(), "Other", "a", "Do", "").await.unwrap_err();
    assert_eq!((here.code(), here.message()), (there.code(), there.message()));
    assert!(there.message().ends_with("error from actor service: (500) own words"), "{there}");
}

#[tokio::test]
async fn two_hosts_of_one_type_are_one_and_the_other_calls_it() {
    let folder = shared();
    let (one, two) = (lab(&folder, "one", App::echo()).await, lab(&folder, "two", App::echo()).await);
    let body: Value = reqwest::get(two.url("/v1.0/metadata")).await.unwrap().json().await.unwrap();
    assert_eq!(body["actorRuntime"].get("activeActors"), None, "it hosts nothing: {body}");
    assert_eq!(two.invoke("a", "Do", "1").await.unwrap(), b"1");
    one.app.wait(1, |seen| seen.is("PUT", "/actors/Counter/a/method/Do")).await;
    assert!(two.app.matching(|seen| seen.method == Method::PUT).is_empty());
}

#[tokio::test]
async fn both_keep_their_state_in_one_file() {
    let folder = shared();
    let (one, two) = (lab(&folder, "one", App::echo()).await, lab(&folder, "two", hosting("Other")).await);
    let calls = (0..20).map(async |n| {
        let (id, value) = (format!("{n}"), format!("v{n}"));
        one.invoke(&id, "Do", "").await.unwrap();
        support::invoke(two.grpc.clone(), "Other", &id, "Do", "").await.unwrap();
        one.change_state(&id, vec![upsert("k", &value)]).await.unwrap();
        let operations = vec![upsert("k", &format!("other {value}"))];
        let request = dapr::dapr::proto::runtime::v1::ExecuteActorStateTransactionRequest {
            actor_type: "Other".into(),
            actor_id: id.clone(),
            operations,
        };
        two.grpc.clone().execute_actor_state_transaction(request).await.unwrap();
        assert_eq!(one.get_state(&id, "k").await.unwrap(), value.as_bytes());
    });
    futures::future::join_all(calls).await;
    let file = rusqlite::Connection::open(one.sidecar.store_path().unwrap()).unwrap();
    let count = |app: &str| -> i64 {
        let like = format!("{app}||%");
        file.query_row("SELECT COUNT(*) FROM state WHERE key LIKE ?1", [like], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("one"), count("two")), (20, 20));
}

#[tokio::test]
async fn the_type_of_one_that_has_gone_is_free() {
    let folder = shared();
    let one = lab(&folder, "one", App::echo()).await;
    drop(one);
    let two = lab(&folder, "two", App::echo()).await;
    until("it is hosted", || async { two.invoke("a", "Do", "1").await.is_ok() }).await;
    assert!(!two.app.matching(|seen| seen.method == Method::PUT).is_empty());
}
