//! When an actor is let go (facts §4, checklist 37–41).
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::time::Duration;

use axum::response::IntoResponse;
use http::Method;
use support::{App, Gate, Lab, STORE, TYPE, gated, invoke, upsert};
use tonic::Code;

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

#[tokio::test]
async fn an_actor_that_has_to_wait_before_it_takes_leave_may_be_called_meanwhile() {
    let app = App::answering(|seen| async move {
        if seen.method == Method::DELETE {
            std::future::pending::<()>().await;
        }
        seen.body.into_response()
    });
    let lab = Lab::with(app.idle("0s"), &[STORE], |config| config.deactivation_limit = Duration::from_secs(3600)).await;
    for n in 0..32 {
        lab.invoke(&format!("leaving{n}"), "Do", "").await.unwrap();
    }
    lab.app.wait(32, |seen| seen.method == Method::DELETE).await;
    for _ in 0..50 {
        lab.invoke("a", "Do", "").await.unwrap();
    }
    assert_eq!(lab.app.matching(|seen| seen.method == Method::DELETE).len(), 32);
}

#[tokio::test]
async fn an_actor_is_put_out_of_memory_on_demand_after_its_turn() {
    let gate = Gate::closed();
    let lab = Lab::start(gated(&gate).idle("1h")).await;
    let actor = sidecar::observation::Actor::new(TYPE, "a");
    assert!(!lab.sidecar.deactivate(&actor).await, "it never was there");
    let client = lab.grpc.clone();
    let running = tokio::spawn(async move { invoke(client, TYPE, "a", "Do", "turn").await });
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    let asked = lab.sidecar.deactivate(&actor);
    tokio::pin!(asked);
    assert!(futures::poll!(&mut asked).is_pending());
    gate.open(1);
    assert!(asked.await);
    running.await.unwrap().unwrap();
    lab.app.wait_deactivated("a", 1).await;
    gate.open(1);
    lab.invoke("a", "Do", "").await.unwrap();
}
