//! Two apps with a sidecar each on one machine.
#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
#[path = "../src/actor_events.rs"]
mod actor_events;
mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use actor_events::{FromHost, Initial, Said, ToHost};

use dapr::dapr::proto::common::v1::{HttpExtension, InvokeRequest, http_extension};
use dapr::dapr::proto::runtime::v1::{InvokeServiceRequest, ShutdownRequest};
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
    // Whoever has read the key of the second calls methods with it, and does nothing else.
    let files = std::fs::read_dir(folder.path().join("sidecars")).unwrap().map(|entry| entry.unwrap().path());
    let told = files.filter(|path| path.extension().is_some_and(|end| end == "sidecar"));
    let told = told.map(|path| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap());
    let key = told.into_iter().find(|told| told["app_id"] == "two").unwrap()["key"].as_str().unwrap().to_owned();
    for (path, status) in [
        ("/v1.0/invoke/two/method/m", StatusCode::OK),
        ("/v1.0/actors/Other/a/method/m", StatusCode::OK),
        ("/v1.0/actors/Other/a/state/k", StatusCode::UNAUTHORIZED),
        ("/v1.0/metadata", StatusCode::UNAUTHORIZED),
    ] {
        let answer = one.http.get(two.url(path)).header("dapr-sidecar-key", &key).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
    let mut request = tonic::Request::new(());
    request.metadata_mut().insert("dapr-sidecar-key", key.parse().unwrap());
    let refused = two.grpc.clone().shutdown(request.map(|()| ShutdownRequest {})).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unauthenticated);
}

/// What a caller finds, by the status of HTTP and the code of gRPC, for one method.
async fn invoked(lab: &Lab, target: &str, method: &str) -> (StatusCode, tonic::Code) {
    let url = lab.url(&format!("/v1.0/invoke/{target}/method/{method}"));
    let answer = lab.http.put(url).send().await.unwrap().status();
    let message = InvokeRequest {
        method: method.into(),
        http_extension: Some(HttpExtension { verb: http_extension::Verb::Put.into(), querystring: String::new() }),
        ..InvokeRequest::default()
    };
    let request = InvokeServiceRequest { id: target.into(), message: Some(message) };
    let code = lab.grpc.clone().invoke_service(request).await.err().map_or(tonic::Code::Ok, |status| status.code());
    (answer, code)
}

#[tokio::test]
async fn what_sidecars_alone_call_in_an_app_nobody_invokes() {
    let folder = shared();
    let subscribed = r#"[{"pubsubname":"bus","topic":"t","routes":{"rules":[{"match":"event.type == 'x'","path":"/special"}],
        "default":"/events"}}]"#;
    let one = lab(&folder, "one", App::echo()).await;
    let two = lab(&folder, "two", hosting("Other").subscribing(subscribed)).await;
    for method in [
        "actors/Other/a/method/Do",
        "actors/Other/a",
        "//actors/Other/a",
        "./actors/Other/a",
        "x/../actors/Other/a",
        "%61ctors/Other/a",
        "Actors/Other/a",
        "dapr/config",
        "dapr/subscribe",
        "healthz",
        "events",
        "special",
    ] {
        for lab in [&one, &two] {
            assert_eq!(
                invoked(lab, "two", method).await,
                (StatusCode::FORBIDDEN, tonic::Code::PermissionDenied),
                "{method}"
            );
        }
    }
    let seen = two.app.matching(|seen| !matches!(seen.path.as_str(), "/dapr/config" | "/dapr/subscribe"));
    assert!(seen.is_empty(), "{seen:?}");
    for method in ["actors", "events/1", "daprs/x"] {
        assert_eq!(invoked(&one, "two", method).await, (StatusCode::OK, tonic::Code::Ok), "{method}");
    }
    let words = one.http.post(one.url("/v1.0/invoke/two/method/events")).send().await.unwrap().text().await.unwrap();
    assert!(words.contains("route of a subscription: publish to its topic"), "{words}");
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

#[tokio::test]
async fn what_one_without_a_store_does_not_host_another_does() {
    let folder = shared();
    let neighbours = folder.path().join("sidecars");
    let one = Lab::in_folder(App::echo(), &[PUBSUB], Arc::clone(&folder), |config| {
        config.app_id = "one".into();
        config.neighbours = Some(neighbours);
    });
    let one = one.await.unwrap();
    one.sidecar.ready().await;
    let two = lab(&folder, "two", App::echo()).await;
    for lab in [&two, &one] {
        assert_eq!(lab.invoke("a", "Do", "1").await.unwrap(), b"1");
    }
    assert_eq!(two.app.wait(2, |seen| seen.is("PUT", "/actors/Counter/a/method/Do")).await.len(), 2);
}

#[tokio::test]
async fn the_type_of_one_that_goes_is_taken_over() {
    let folder = shared();
    let (one, two) = (lab(&folder, "one", App::echo()).await, lab(&folder, "two", App::echo()).await);
    assert_eq!(two.invoke("a", "Do", "1").await.unwrap(), b"1");
    assert!(two.app.matching(|seen| seen.method == Method::PUT).is_empty());
    one.sidecar.shutdown().await;
    until("it is hosted", || async { two.invoke("a", "Do", "2").await.is_ok() }).await;
    two.app.wait(1, |seen| seen.is("PUT", "/actors/Counter/a/method/Do")).await;
}

/// A sidecar whose app hosts over streams.
async fn streaming(folder: &Arc<TempDir>) -> Lab {
    let neighbours = folder.path().join("sidecars");
    let lab = Lab::in_folder(App::echo(), &[STORE, PUBSUB], Arc::clone(folder), |config| {
        config.app_id = "streaming".into();
        config.neighbours = Some(neighbours);
        config.dapr_api_token = None;
        config.app_addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    });
    let lab = lab.await.unwrap();
    lab.sidecar.ready().await;
    lab
}

/// Opens a stream for types of actors, which lasts as long as what this returns.
async fn stream(lab: &Lab, types: &[&str]) -> Result<impl Sized, tonic::Status> {
    let entities = types.iter().map(|&kind| kind.to_owned()).collect();
    let (answers, said) = tokio::sync::mpsc::channel(1);
    let first = FromHost { said: Some(Said::Initial(Initial { entities, ..Initial::default() })) };
    answers.send(first).await.unwrap();
    let channel = tonic::transport::Channel::from_shared(lab.sidecar.grpc_url()).unwrap().connect().await.unwrap();
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.unwrap();
    let path = "/dapr.proto.runtime.v1.Dapr/SubscribeActorEventsAlpha1".parse().unwrap();
    let codec = tonic_prost::ProstCodec::<FromHost, ToHost>::default();
    let said = tokio_stream::wrappers::ReceiverStream::new(said);
    let mut calls = grpc.streaming(tonic::Request::new(said), path, codec).await?.into_inner();
    calls.message().await?.expect("a welcome");
    Ok((answers, calls))
}

#[tokio::test]
async fn what_a_stream_claimed_is_free_when_it_is_refused_and_when_it_has_ended() {
    let folder = shared();
    let (taken, streams) = (lab(&folder, "taken", hosting("Taken")).await, streaming(&folder).await);
    let held = stream(&streams, &["Held"]).await.unwrap();
    let refused = stream(&streams, &["Free", "Taken"]).await.map(drop).unwrap_err();
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition, "{refused}");

    let free = lab(&folder, "free", hosting("Free")).await;
    let call = async |lab: &Lab, kind: &str| support::invoke(lab.grpc.clone(), kind, "a", "Do", "").await.is_ok();
    until("who was refused has claimed nothing", || call(&free, "Free")).await;
    let next = lab(&folder, "next", hosting("Held")).await;
    assert!(next.app.matching(|seen| seen.method == Method::PUT).is_empty());
    drop(held);
    until("who has ended has claimed nothing", || call(&next, "Held")).await;
    next.app.wait(1, |seen| seen.is("PUT", "/actors/Held/a/method/Do")).await;
    // Also for those who call where the stream was.
    until("its calls go there", || call(&streams, "Held")).await;
    drop(taken);
}
