//! The gRPC API for a client in the same process: what the port answers, without the port.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use dapr::dapr::proto::runtime::v1::{
    ExecuteActorStateTransactionRequest, GetActorStateRequest, GetMetadataRequest, InvokeActorRequest,
    dapr_client::DaprClient,
};
use sidecar::Api;
use support::{App, Gate, Lab, TYPE, gated, upsert};
use tonic::{Code, Request, Status};

fn client(lab: &Lab) -> DaprClient<Api> {
    DaprClient::new(lab.sidecar.api())
}

async fn invoke(mut client: DaprClient<Api>, id: &str) -> Result<Vec<u8>, Status> {
    let request = InvokeActorRequest {
        actor_type: TYPE.into(),
        actor_id: id.into(),
        method: "Do".into(),
        data: b"hello".to_vec(),
        ..InvokeActorRequest::default()
    };
    Ok(client.invoke_actor(request).await?.into_inner().data)
}

#[tokio::test]
async fn both_ways_in_lead_to_the_same_actors_and_the_same_state() {
    let lab = Lab::start(App::echo()).await;
    let within = invoke(client(&lab), "a").await.unwrap();
    assert_eq!(within, lab.invoke("a", "Do", "hello").await.unwrap());
    lab.change_state("a", vec![upsert("k", "v")]).await.unwrap();
    let request = GetActorStateRequest { actor_type: TYPE.into(), actor_id: "a".into(), key: "k".into() };
    assert_eq!(client(&lab).get_actor_state(request).await.unwrap().into_inner().data, b"v");
}

#[tokio::test]
async fn a_refusal_is_the_ports_word_for_word() {
    let lab = Lab::with(App::echo(), &[support::STORE], |config| {
        config.dapr_api_token = Some("api-secret".into());
        config.max_body_bytes = 1_000;
    })
    .await;
    let refused = client(&lab).get_metadata(GetMetadataRequest {}).await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::Unauthenticated, "Unauthorized"));

    let large = InvokeActorRequest { data: vec![0; 2_000], ..InvokeActorRequest::default() };
    let mut large = Request::new(large);
    large.metadata_mut().insert("dapr-api-token", "api-secret".parse().unwrap());
    let refused = client(&lab).invoke_actor(large).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    assert!(refused.message().starts_with("grpc: received message larger than max"), "{refused:?}");
}

#[tokio::test]
async fn a_call_that_is_dropped_is_ended_and_lets_the_next_one_in() {
    let gate = Gate::closed();
    let app = gated(&gate);
    let lab = Lab::start(app.clone()).await;
    let first = tokio::spawn(invoke(client(&lab), "a"));
    app.wait(1, |seen| seen.is("PUT", "/actors/Counter/a/method/Do")).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let second = tokio::spawn(invoke(client(&lab), "a"));
    gate.open(2);
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn after_the_end_a_call_is_told_so() {
    let lab = Lab::start(App::echo()).await;
    let mut client = client(&lab);
    invoke(client.clone(), "a").await.unwrap();
    lab.sidecar.shutdown().await;
    let refused = invoke(client.clone(), "a").await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::Unavailable, "actor runtime is closed"));
    let late = ExecuteActorStateTransactionRequest {
        actor_type: TYPE.into(),
        actor_id: "a".into(),
        operations: vec![upsert("k", "v")],
    };
    let refused = client.execute_actor_state_transaction(late).await.unwrap_err();
    assert_eq!(refused.message(), "actor instance is missing");
}
