//! When an actor is let go (facts §4, checklist 37–41).
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::time::{Duration, Instant};

use axum::response::IntoResponse;
use dapr::dapr::proto::runtime::v1::GetMetadataRequest;
use http::{Method, StatusCode};
use support::{App, Gate, Lab, TYPE, gated, invoke, upsert};
use tonic::Code;

async fn active(lab: &Lab) -> i32 {
    let answer = lab.grpc.clone().get_metadata(GetMetadataRequest {}).await.unwrap();
    let actors = answer.into_inner().actor_runtime.unwrap().active_actors;
    actors.iter().find(|actor| actor.r#type == TYPE).unwrap().count
}

#[tokio::test]
async fn an_actor_that_nobody_calls_is_deactivated_after_its_idle_time_and_comes_back() {
    let lab = Lab::start(App::echo().idle("300ms")).await;
    let started = Instant::now();
    lab.invoke("a", "Do", "1").await.unwrap();
    assert_eq!(active(&lab).await, 1);
    lab.app.wait_deactivated("a", 1).await;
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(300), "after {took:?}");
    let seen = lab.app.matching(|seen| seen.method == Method::DELETE).remove(0);
    assert_eq!(seen.header("content-type"), Some("application/x-protobuf"));
    assert!(seen.body.is_empty());
    support::until("no actor is active", || async { active(&lab).await == 0 }).await;

    lab.invoke("a", "Do", "2").await.unwrap();
    assert_eq!(active(&lab).await, 1);
    lab.app.wait_deactivated("a", 2).await;
}

#[tokio::test]
async fn a_call_in_between_postpones_it() {
    let lab = Lab::start(App::echo().idle("600ms")).await;
    let started = Instant::now();
    lab.invoke("a", "Do", "1").await.unwrap();
    tokio::time::sleep(Duration::from_millis(350)).await;
    lab.invoke("a", "Do", "2").await.unwrap();
    lab.app.wait_deactivated("a", 1).await;
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(950), "after {took:?}");
}

#[tokio::test]
async fn a_turn_longer_than_the_idle_time_is_left_alone() {
    let gate = Gate::closed();
    let lab = Lab::start(gated(&gate).idle("50ms")).await;
    let (client, lab_app) = (lab.grpc.clone(), lab.app.clone());
    let long = tokio::spawn(async move { invoke(client, TYPE, "a", "Do", "long").await });
    lab_app.wait(1, |seen| seen.method == Method::PUT).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(lab.app.matching(|seen| seen.method == Method::DELETE).is_empty());
    gate.open(1);
    assert_eq!(long.await.unwrap().unwrap(), b"long");
    lab.app.wait_deactivated("a", 1).await;
}

#[tokio::test]
async fn a_call_during_a_deactivation_waits_for_it_and_activates_the_actor_anew() {
    let gate = Gate::closed();
    let hold = gate.clone();
    let app = App::answering(move |seen| {
        let hold = hold.clone();
        async move {
            if seen.method == Method::DELETE {
                hold.pass().await;
            }
            seen.body.into_response()
        }
    });
    let lab = Lab::start(app.idle("100ms")).await;
    lab.invoke("a", "Do", "1").await.unwrap();
    lab.app.wait_deactivated("a", 1).await;
    assert_eq!(active(&lab).await, 0);

    let client = lab.grpc.clone();
    let mut call = tokio::spawn(async move { invoke(client, TYPE, "a", "Do", "2").await });
    let held = tokio::time::timeout(Duration::from_millis(200), &mut call).await;
    assert!(held.is_err(), "the DELETE is still under way");
    let other = tokio::time::timeout(Duration::from_secs(5), lab.invoke("b", "Do", "b")).await;
    assert!(other.unwrap().is_ok(), "other actors of the type are not held up");
    gate.open(10);
    assert_eq!(call.await.unwrap().unwrap(), b"2");
    lab.app.wait_deactivated("a", 2).await;
}

#[tokio::test]
async fn an_app_that_refuses_to_deactivate_does_not_wedge_the_actor() {
    let app = App::answering(|seen| async move {
        match seen.method {
            Method::DELETE => StatusCode::NOT_FOUND.into_response(),
            _ => seen.body.into_response(),
        }
    });
    let lab = Lab::start(app.idle("100ms")).await;
    for times in 1..=2 {
        lab.invoke("a", "Do", "x").await.unwrap();
        lab.app.wait_deactivated("a", times).await;
        support::until("inactive", || async { active(&lab).await == 0 }).await;
    }
}

#[tokio::test]
async fn state_cannot_be_changed_while_the_actor_is_being_deactivated() {
    let gate = Gate::closed();
    let hold = gate.clone();
    let app = App::answering(move |seen| {
        let hold = hold.clone();
        async move {
            if seen.method == Method::DELETE {
                hold.pass().await;
            }
            seen.body.into_response()
        }
    });
    let lab = Lab::start(app.idle("100ms")).await;
    lab.invoke("a", "Do", "1").await.unwrap();
    lab.app.wait_deactivated("a", 1).await;
    let error = lab.change_state("a", vec![upsert("k", "v")]).await.unwrap_err();
    assert_eq!(error.message(), "actor instance is missing");
    gate.open(1);
}

#[tokio::test]
async fn the_end_of_the_sidecar_deactivates_every_actor() {
    let lab = Lab::start(App::echo()).await;
    for id in ["a", "b", "c"] {
        lab.invoke(id, "Do", "x").await.unwrap();
    }
    lab.sidecar.shutdown().await;
    let mut gone: Vec<_> = lab.app.matching(|seen| seen.method == Method::DELETE);
    gone.sort_by(|a, b| a.path.cmp(&b.path));
    let paths: Vec<_> = gone.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/actors/Counter/a", "/actors/Counter/b", "/actors/Counter/c"]);
}

#[tokio::test]
async fn the_end_waits_for_a_running_turn_which_can_still_save_and_refuses_new_calls() {
    let gate = Gate::closed();
    let hold = gate.clone();
    let app = App::answering(move |seen| {
        let hold = hold.clone();
        async move {
            if &seen.body[..] == b"turn" {
                hold.pass().await;
            }
            seen.body.into_response()
        }
    });
    let lab = Lab::start(app.idle("1h")).await;
    let client = lab.grpc.clone();
    let running = tokio::spawn(async move { invoke(client, TYPE, "a", "Do", "turn").await });
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    let (grpc, app) = (lab.grpc.clone(), lab.app.clone());
    let state = lab.grpc.clone();
    let ending = tokio::spawn(lab.sidecar.shutdown());

    support::until("new calls are refused", || async {
        let call = invoke(grpc.clone(), TYPE, "b", "Do", "").await;
        call.is_err_and(|error| error.code() == Code::Unavailable)
    })
    .await;
    let request = dapr::dapr::proto::runtime::v1::ExecuteActorStateTransactionRequest {
        actor_type: TYPE.into(),
        actor_id: "a".into(),
        operations: vec![upsert("k", "v")],
    };
    state.clone().execute_actor_state_transaction(request).await.unwrap();
    assert!(app.matching(|seen| seen.is("DELETE", "/actors/Counter/a")).is_empty());
    gate.open(1);
    assert_eq!(running.await.unwrap().unwrap(), b"turn");
    ending.await.unwrap();
    app.wait_deactivated("a", 1).await;
}
