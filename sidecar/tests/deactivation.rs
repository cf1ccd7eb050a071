//! When an actor is let go (facts §4, checklist 37–41).
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use axum::response::IntoResponse;
use http::Method;
use support::{App, Gate, Lab, TYPE, invoke, upsert};
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
