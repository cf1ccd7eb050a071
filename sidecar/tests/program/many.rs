//! Many active actors with few file handles: each is told that it is deactivated, when it idles and at the end.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use axum::response::IntoResponse;
use futures::StreamExt as _;
use http::Method;
use tokio::sync::watch;

use crate::program::{Program, Setup, client};
use crate::support::{App, DEADLINE, TYPE, invoke};

/// An app that counts the actors that took leave.
fn counting(idle: &str) -> (App, watch::Receiver<usize>) {
    let (left, counted) = watch::channel(0);
    let gone: Arc<Mutex<HashSet<String>>> = Arc::default();
    let app = App::answering(move |seen| {
        if seen.method == Method::DELETE {
            let mut gone = gone.lock().unwrap();
            assert!(gone.insert(seen.path), "once each");
            left.send_replace(gone.len());
        }
        async move { seen.body.into_response() }
    });
    (app.idle(idle), counted)
}

async fn activate(setup: &Setup<'_>, actors: usize) {
    let client = client(setup.grpc).await;
    let calls = (0..actors).map(|n| {
        let client = client.clone();
        async move { invoke(client, TYPE, &n.to_string(), "Do", "").await.unwrap() }
    });
    futures::stream::iter(calls).buffer_unordered(64).for_each(|_| async {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_thousand_actors_are_all_told_of_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (app, left) = counting("1h");
    let setup = Setup { handles: 1024, ..Setup::new(app.listen().await).await };
    let program = Program::start(folder.path(), &setup);
    activate(&setup, 3_000).await;
    program.ask_to_end();
    let (success, log) = tokio::task::spawn_blocking(move || program.ended()).await.unwrap();
    assert!(success && !log.contains("Failed to halt"), "{log}");
    assert_eq!(*left.borrow(), 3_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_actors_that_idle_at_once_are_all_told_and_calls_go_on_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let (app, mut left) = counting("1s");
    let setup = Setup { handles: 1024, ..Setup::new(app.listen().await).await };
    let program = Program::start(folder.path(), &setup);
    activate(&setup, 20_000).await;
    let all = tokio::time::timeout(6 * DEADLINE, left.wait_for(|left| *left == 20_000)).await.is_ok();
    assert!(all, "{} of 20,000, {}", *left.borrow(), program.log());
    invoke(client(setup.grpc).await, TYPE, "another", "Do", "").await.unwrap();
    assert!(!program.log().contains("Failed to halt"), "{}", program.log());
}
