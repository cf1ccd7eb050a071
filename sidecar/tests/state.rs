//! An actor's state through both APIs (facts §3, checklist 29–36).
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::sync::{Arc, Mutex};

use dapr::dapr::proto::runtime::v1::GetActorStateRequest;
use http::StatusCode;
use serde_json::json;
use sidecar::faults::{Fault, FaultPlan, Gate};
use sidecar::observation::{Event, EventKind, Observer, Outcome, StateCall, StateOperation};
use support::{App, Lab, STORE, TYPE, delete, upsert};
use tonic::Code;

#[tokio::test]
async fn the_in_memory_store_is_a_store_like_the_other() {
    let memory = STORE.replace("state.sqlite", "state.in-memory");
    let lab = Lab::with(App::echo(), &[&memory], |_| {}).await;
    assert_eq!(lab.sidecar.store_path(), None);
    lab.invoke("a", "Do", "").await.unwrap();
    lab.change_state("a", vec![upsert("k1", "v1"), upsert("k2", "v2")]).await.unwrap();
    lab.change_state("a", vec![delete("k1")]).await.unwrap();
    assert_eq!(lab.get_state("a", "k1").await.unwrap(), b"");
    assert_eq!(lab.get_state("a", "k2").await.unwrap(), b"v2");
}

#[tokio::test]
async fn a_transaction_has_a_thousand_changes_at_most_over_either_api() {
    let lab = Lab::start(App::echo()).await;
    lab.invoke("a", "Do", "").await.unwrap();
    let url = lab.url("/v1.0/actors/Counter/a/state");
    let http = async |count: usize| {
        let change = |n| json!({"operation": "upsert", "request": {"key": format!("h{n}"), "value": n}});
        lab.http.put(&url).json(&(0..count).map(change).collect::<Vec<_>>()).send().await.unwrap()
    };
    let grpc = async |count: usize| {
        let changes = (0..count).map(|n| upsert(&format!("g{n}"), "1")).collect();
        lab.change_state("a", changes).await
    };
    let (refused, told) = (http(1_001).await, grpc(1_001).await.unwrap_err());
    assert_eq!((refused.status(), told.code()), (StatusCode::BAD_REQUEST, Code::InvalidArgument));
    let error: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(error["message"], told.message());
    assert!(told.message().contains("1000 items at most"), "{told}");
    for key in ["g0", "h0"] {
        assert_eq!(lab.get_state("a", key).await.unwrap(), b"", "nothing of it is stored");
    }
    assert_eq!(http(1_000).await.status(), StatusCode::NO_CONTENT);
    grpc(1_000).await.unwrap();
    assert_eq!(lab.get_state("a", "g999").await.unwrap(), b"1");
}

#[tokio::test]
async fn whoever_stands_at_the_store_is_told_the_baggage_of_a_request() {
    let probe = Arc::new(Probe::default());
    let lab = probed(&probe).await;
    let mut client = support::connect(&lab.sidecar).await;
    let request = GetActorStateRequest { actor_type: TYPE.into(), actor_id: "a".into(), key: "k".into() };
    let mut request = tonic::Request::new(request);
    request.metadata_mut().append("baggage", "user=1".parse().unwrap());
    request.metadata_mut().append("baggage", "test=2".parse().unwrap());
    client.get_actor_state(request).await.unwrap();
    let read = lab.http.get(lab.url("/v1.0/actors/Counter/a/state/k")).header("baggage", "over=http");
    assert_eq!(read.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    let write = lab.http.put(lab.url("/v1.0/actors/Counter/a/state")).header("baggage", "over=http").body("[]");
    assert_eq!(write.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    let baggage: Vec<_> =
        probe.observed.lock().unwrap().iter().map(|(call, _)| call.baggage.clone().unwrap_or_default()).collect();
    assert_eq!(baggage, ["user=1,test=2", "over=http", "over=http"]);
}

#[tokio::test]
async fn a_store_that_fails_is_reported_in_daprds_words_and_a_failed_read_is_no_empty_answer() {
    let probe = Arc::new(Probe::default());
    let lab = probed(&probe).await;
    *probe.fails.lock().unwrap() = Some("the disk is gone");
    let error = lab.change_state("a", vec![upsert("k", "v")]).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(error.message(), "error saving actor transaction state: the disk is gone");
    let error = lab.get_state("a", "k").await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(error.message(), "error getting actor state: the disk is gone");
    let answer = lab.http.get(lab.url("/v1.0/actors/Counter/a/state/k")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.text().await.unwrap().contains("ERR_ACTOR_STATE_GET"));

    *probe.fails.lock().unwrap() = None;
    assert_eq!(lab.get_state("a", "k").await.unwrap(), b"", "the failed write never happened");

    let observed = probe.observed.lock().unwrap().clone();
    let ends: Vec<_> = observed
        .iter()
        .map(|(call, outcome)| {
            let keys: Vec<_> = call.key_names().collect();
            assert_eq!((call.actor().unwrap().to_string(), &keys[..]), ("Counter/a".to_owned(), &["k"][..]));
            (call.operation, outcome.clone())
        })
        .collect();
    let failed = Outcome::Failed("the disk is gone".into());
    assert_eq!(
        ends,
        [
            (StateOperation::Transaction, failed.clone()),
            (StateOperation::Get, failed.clone()),
            (StateOperation::Get, failed),
            (StateOperation::Get, Outcome::Succeeded),
        ]
    );
}

#[tokio::test]
async fn a_held_up_write_whose_caller_gave_up_never_lands() {
    let probe = Arc::new(Probe::default());
    let lab = probed(&probe).await;
    let gate = Gate::closed();
    *probe.gate.lock().unwrap() = Some(gate.clone());
    let request = dapr::dapr::proto::runtime::v1::ExecuteActorStateTransactionRequest {
        actor_type: TYPE.into(),
        actor_id: "a".into(),
        operations: vec![upsert("k", "late")],
    };
    let mut client = lab.grpc.clone();
    let held = tokio::spawn(async move { client.execute_actor_state_transaction(request).await });
    probe.entered.notified().await;
    held.abort();
    assert!(held.await.unwrap_err().is_cancelled());
    // The abort reaches the sidecar as a message on the same connection, before this one.
    *probe.gate.lock().unwrap() = None;
    lab.change_state("a", vec![upsert("k", "newer")]).await.unwrap();
    gate.open();
    lab.change_state("a", vec![upsert("other", "v")]).await.unwrap();
    assert_eq!(lab.get_state("a", "k").await.unwrap(), b"newer");
}

/// Fails, holds or passes store calls, and notes what it observes.
#[derive(Default)]
struct Probe {
    fails: Mutex<Option<&'static str>>,
    gate: Mutex<Option<Gate>>,
    entered: tokio::sync::Notify,
    observed: Mutex<Vec<(StateCall, Outcome)>>,
}

impl FaultPlan for Probe {
    fn state_call(&self, _: &StateCall) -> Option<Fault> {
        self.entered.notify_one();
        let held = self.gate.lock().unwrap().as_ref().map(Fault::hold);
        held.or_else(|| self.fails.lock().unwrap().map(Fault::fail))
    }
}

impl Observer for Probe {
    fn observed(&self, event: &Event) {
        if let EventKind::StateCallEnded { call, outcome, .. } = &event.kind
            && call.operation != StateOperation::List
        {
            self.observed.lock().unwrap().push((StateCall::clone(call), outcome.clone()));
        }
    }
}

async fn probed(probe: &Arc<Probe>) -> Lab {
    let (fault, observer) = (Arc::clone(probe), Arc::clone(probe));
    let lab = Lab::with(App::echo(), &[STORE], move |config| {
        config.ports.faults = Some(fault);
        config.ports.observers.push(observer);
    })
    .await;
    lab.invoke("a", "Do", "").await.unwrap();
    lab
}
