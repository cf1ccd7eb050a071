//! From the opened ports to the hosted actors (facts §1, checklist 1–5).
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use http::StatusCode;
use sidecar::{Resources, Sidecar, StartError};
use support::{App, Lab, PUBSUB, STORE, TYPE, config, connect, invoke};
use tokio::net::TcpListener;

/// A port that is bound but not listening, so that nobody else gets it.
fn reserved() -> (tokio::net::TcpSocket, SocketAddr) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

#[tokio::test]
async fn the_ports_answer_before_the_app_listens_and_a_call_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let (socket, addr) = reserved();
    let sidecar = Sidecar::start(config(addr, &[STORE, PUBSUB], folder.path())).await.unwrap();

    let health = |path: &str| reqwest::get(format!("http://{}{path}", sidecar.http_addr()));
    let outbound = health("/v1.0/healthz/outbound").await.unwrap();
    assert_eq!(outbound.status(), StatusCode::NO_CONTENT);
    let whole = health("/v1.0/healthz").await.unwrap();
    assert_eq!(whole.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(whole.text().await.unwrap().contains("ERR_HEALTH_NOT_READY"));

    let client = connect(&sidecar).await;
    let mut early = tokio::spawn(invoke(client, TYPE, "a", "Echo", "early"));
    let held = tokio::time::timeout(Duration::from_millis(300), &mut early).await;
    assert!(held.is_err(), "the call must wait for the app");

    let app = App::echo();
    app.serve(socket.listen(16).unwrap());
    assert_eq!(early.await.unwrap().unwrap(), b"early");
    assert_eq!(health("/v1.0/healthz").await.unwrap().status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn the_app_is_asked_for_its_config_once_and_then_for_its_subscriptions() {
    let lab = Lab::start(App::echo()).await;
    lab.invoke("a", "Echo", "1").await.unwrap();
    let asked: Vec<_> = lab.app.seen().into_iter().take(3).collect();
    assert!(asked[0].is("GET", "/dapr/config"), "{asked:?}");
    assert!(asked[1].is("GET", "/dapr/subscribe"), "{asked:?}");
    assert!(asked[2].is("PUT", "/actors/Counter/a/method/Echo"), "{asked:?}");
    for request in &asked[..2] {
        assert_eq!(request.header("dapr-app-id"), Some("app"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("dapr-api-token"), None);
    }
    assert!(lab.app.matching(|seen| seen.path.contains("healthz")).is_empty());
}

#[tokio::test]
async fn without_a_pubsub_component_nobody_asks_for_subscriptions() {
    let lab = Lab::with(App::echo(), &[STORE], |_| {}).await;
    lab.invoke("a", "Echo", "1").await.unwrap();
    assert!(lab.app.matching(|seen| seen.path == "/dapr/subscribe").is_empty());
}

#[tokio::test]
async fn a_taken_port_is_an_error_or_a_free_one_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let addr = taken.local_addr().unwrap();
    let app = App::echo().listen().await;

    let mut strict = config(app, &[STORE], folder.path());
    strict.grpc_addr = addr;
    let error = Sidecar::start(strict).await.unwrap_err();
    assert!(matches!(error, StartError::PortTaken { api: "gRPC", .. }), "{error}");
    assert!(error.to_string().contains(&addr.to_string()), "{error}");

    let mut free = config(app, &[STORE], folder.path());
    free.grpc_addr = addr;
    free.free_port_if_taken = true;
    let sidecar = Sidecar::start(free).await.unwrap();
    assert_ne!(sidecar.grpc_addr(), addr);
    sidecar.shutdown().await;
}

#[tokio::test]
async fn components_that_cannot_be_had_are_named_with_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::echo().listen().await;
    let redis = STORE.replace("state.sqlite", "state.redis");

    let error = Sidecar::start(config(app, &[&redis], folder.path())).await.unwrap_err();
    let text = error.to_string();
    for part in ["test.yaml", "statestore", "state.redis/v1", "state.sqlite/v1", "pubsub.in-memory/v1"] {
        assert!(text.contains(part), "{text}");
    }

    let ignored = redis.replace("spec:", "spec:\n  ignoreErrors: true");
    let sidecar = Sidecar::start(config(app, &[&ignored], folder.path())).await.unwrap();
    assert_eq!(sidecar.store_path(), None);

    let scoped = format!("{redis}scopes: [other-app]\n");
    Sidecar::start(config(app, &[&scoped], folder.path())).await.unwrap();
}

#[tokio::test]
async fn two_actor_state_stores_are_refused_in_daprds_words_and_the_first_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::echo().listen().await;
    let second = STORE.replace("statestore", "second").replace("state.db", "b.db");
    let error = Sidecar::start(config(app, &[STORE, &second], folder.path())).await.unwrap_err();
    assert_eq!(error.to_string(), "detected duplicate actor state store: statestore and second");
    Sidecar::start(config(app, &[STORE], folder.path())).await.unwrap();
}

#[tokio::test]
async fn a_folder_of_component_files_is_read_and_a_missing_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("store.yaml"), STORE).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not YAML").unwrap();
    let resources = Resources::from_dir(folder.path()).unwrap();
    let app = App::echo().listen().await;
    let mut config = config(app, &[], folder.path());
    config.resources = resources;
    let sidecar = Sidecar::start(config).await.unwrap();
    assert_eq!(sidecar.store_path(), Some(folder.path().join("state.db")));

    let error = Resources::from_dir(&folder.path().join("nowhere")).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[tokio::test]
async fn the_component_files_of_this_repository_are_valid() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../components/local");
    let resources = Resources::from_dir(&folder).unwrap();
    let data = tempfile::tempdir().unwrap();
    let app = App::echo().listen().await;
    let mut config = config(app, &[], data.path());
    config.resources = resources;
    let sidecar = Sidecar::start(config).await.unwrap();
    assert_eq!(sidecar.store_path(), Some(data.path().join("faultlab.db")));
}

#[tokio::test]
async fn an_idle_timeout_that_is_none_means_that_nothing_is_hosted() {
    let lab = Lab::start(App::echo().idle("soon")).await;
    let error = lab.invoke("a", "Echo", "1").await.unwrap_err();
    assert_eq!(error.code(), tonic::Code::FailedPrecondition);
}
