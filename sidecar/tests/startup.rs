//! From the opened ports to the hosted actors (facts §1, checklist 1–5).
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::net::Ipv4Addr;

use sidecar::{Resources, Sidecar, StartError};
use support::{App, STORE, config};
use tokio::net::TcpListener;

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
    let other = STORE.replace("state.sqlite", "state.mongodb");

    let error = Sidecar::start(config(app, &[&other], folder.path())).await.unwrap_err();
    let text = error.to_string();
    for part in ["test.yaml", "statestore", "state.mongodb/v1", "state.sqlite/v1", "pubsub.in-memory/v1"] {
        assert!(text.contains(part), "{text}");
    }

    let ignored = other.replace("spec:", "spec:\n  ignoreErrors: true");
    let sidecar = Sidecar::start(config(app, &[&ignored], folder.path())).await.unwrap();
    assert_eq!(sidecar.store_path(), None);

    let scoped = format!("{other}scopes: [other-app]\n");
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
