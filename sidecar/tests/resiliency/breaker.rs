//! Circuit breakers, around the store and around actors.

use std::time::Duration;

use axum::response::IntoResponse;
use http::StatusCode;
use sidecar::observation::{AttemptOutcome, RetryEnd};

use crate::rig::{DOWN, Log, Rig, policies};
use crate::support::{App, Lab, PUBSUB, STORE, TYPE, until};

fn fuse(name: &str, outbound: &str, timeout: &str) -> String {
    policies(
        "fused",
        &format!(
            "  policies:\n    retries: {{again: {{duration: 5ms, maxRetries: 9}}}}\n    circuitBreakers: {{{name}: \
             {{maxRequests: 1, timeout: {timeout}, trip: consecutiveFailures >= 2}}}}\n  targets: {{components: \
             {{statestore: {{outbound: {{{outbound}}}}}}}}}"
        ),
    )
}

#[tokio::test]
async fn it_opens_refuses_without_a_call_lets_one_pass_after_its_time_and_closes() {
    let log = Log::listen();
    let rig = Rig::new([]);
    let lab = rig.lab(&[&fuse("main", "circuitBreaker: main", "1s")]).await;
    rig.fail(Some(DOWN));
    for _ in 0..2 {
        let error = lab.get_state("a", "k").await.unwrap_err();
        assert_eq!(error.message(), format!("error getting actor state: {DOWN}"));
    }
    let error = lab.get_state("a", "k").await.unwrap_err();
    assert_eq!(error.message(), "error getting actor state: circuit breaker is open");
    assert_eq!(rig.arrived(), 2, "an open breaker keeps calls from the store");
    assert_eq!(rig.outcomes()[2], AttemptOutcome::Refused("circuit breaker is open".into()));

    rig.fail(None);
    until("the breaker lets a call pass", || async { lab.get_state("a", "k").await.is_ok() }).await;
    lab.get_state("a", "k").await.unwrap();
    assert_eq!(rig.arrived(), 4);
    let changes = ["closed to open", "open to half-open", "half-open to closed"];
    assert_eq!(rig.changes(), changes.map(|change| format!("main-statestore: {change}")));
    assert_eq!(
        log.with("Circuit breaker \"main-statestore\""),
        changes.map(|change| format!("INFO Circuit breaker \"main-statestore\" changed state from {change}"))
    );
}

#[tokio::test]
async fn a_failure_while_half_open_opens_it_again() {
    let rig = Rig::new([]);
    let lab = rig.lab(&[&fuse("again", "circuitBreaker: again", "100ms")]).await;
    rig.fail(Some(DOWN));
    until("the store was asked a third time", || async {
        assert!(lab.get_state("a", "k").await.is_err());
        rig.arrived() == 3
    })
    .await;
    let changes = ["closed to open", "open to half-open", "half-open to open"];
    assert_eq!(rig.changes(), changes.map(|change| format!("again-statestore: {change}")));
}

#[tokio::test]
async fn a_refusal_is_not_retried() {
    let rig = Rig::new([]);
    let lab = rig.lab(&[&fuse("inner", "circuitBreaker: inner, retry: again", "1m")]).await;
    rig.fail(Some(DOWN));
    let error = lab.get_state("a", "k").await.unwrap_err();
    assert_eq!(error.message(), "error getting actor state: circuit breaker is open");
    assert_eq!(rig.arrived(), 2);
    assert_eq!(rig.ends(), [(3, RetryEnd::NotRetried)]);
}

/// An app whose actors fail if their id begins with `bad`, behind a breaker of this scope.
async fn actors(rig: &std::sync::Arc<Rig>, scope: &str) -> Lab {
    let app = App::answering(|seen| async move {
        let bad = seen.path.contains("/bad");
        if bad { StatusCode::INTERNAL_SERVER_ERROR.into_response() } else { StatusCode::OK.into_response() }
    });
    let file = policies(
        "actors",
        &format!(
            "  policies: {{circuitBreakers: {{fuse: {{timeout: 1m, trip: totalFailures >= 2}}}}}}\n  targets: \
             {{actors: {{{TYPE}: {{circuitBreaker: fuse, circuitBreakerScope: {scope}, circuitBreakerCacheSize: \
             10}}}}}}"
        ),
    );
    Lab::with(app, &[STORE, PUBSUB, &file], |config| rig.plug(config)).await
}

#[tokio::test]
async fn an_actor_types_breaker_is_open_for_every_actor_of_it() {
    let rig = Rig::new([]);
    let lab = actors(&rig, "type").await;
    for _ in 0..2 {
        lab.invoke("bad", "Do", "").await.unwrap_err();
    }
    let error = lab.invoke("good", "Do", "").await.unwrap_err();
    assert_eq!(error.message(), "error invoke actor method: circuit breaker is open");
    assert_eq!(lab.app.matching(|seen| seen.method == "PUT").len(), 2);
    assert_eq!(rig.changes(), [format!("{TYPE}: closed to open")]);
}

#[tokio::test]
async fn an_actors_own_breaker_leaves_the_others_alone() {
    let rig = Rig::new([]);
    let lab = actors(&rig, "id").await;
    for _ in 0..2 {
        lab.invoke("bad1", "Do", "").await.unwrap_err();
    }
    lab.invoke("good", "Do", "").await.unwrap();
    let error = lab.invoke("bad2", "Do", "").await.unwrap_err();
    assert!(error.message().contains("(500)"), "{error}");
    let error = lab.invoke("bad1", "Do", "").await.unwrap_err();
    assert_eq!(error.message(), "error invoke actor method: circuit breaker is open");
    assert_eq!(rig.changes(), [format!("{TYPE}-bad1: closed to open")]);
}

#[tokio::test]
async fn a_caller_who_leaves_a_half_open_breaker_does_not_keep_its_place() {
    let gate = sidecar::faults::Gate::closed();
    let fates = [crate::rig::Fate::Fails(DOWN), crate::rig::Fate::Fails(DOWN), crate::rig::Fate::Hangs(gate)];
    let rig = Rig::new(fates);
    let lab = rig.lab(&[&fuse("left", "circuitBreaker: left", "100ms")]).await;
    for _ in 0..2 {
        lab.get_state("a", "k").await.unwrap_err();
    }
    let trial = async {
        while lab.get_state("a", "k").await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        () = trial => panic!("the trial hangs"),
        () = rig.until("the trial is at the store", |rig| rig.arrived() == 3) => {}
    }
    rig.until("its place is free", |rig| rig.changes().len() == 3).await;
    until("another may try", || async { lab.get_state("a", "k").await.is_ok() }).await;
}
