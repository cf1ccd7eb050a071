//! An actor's state through both APIs (facts §3, checklist 29–36).
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use serde_json::json;
use sidecar::{StoreCall, StoreFault, StoreObserver, StoreOperation};
use support::{App, Gate, Lab, PUBSUB, STORE, TYPE, delete, upsert};
use tonic::Code;

/// A lab whose actor `a` is active.
async fn active() -> Lab {
    let lab = Lab::start(App::echo()).await;
    lab.invoke("a", "Do", "").await.unwrap();
    lab
}

#[tokio::test]
async fn reading_an_actor_that_was_never_called_is_an_empty_answer() {
    let lab = Lab::start(App::echo()).await;
    assert_eq!(lab.get_state("never", "k").await.unwrap(), b"");
    let answer = lab.http.get(lab.url("/v1.0/actors/Counter/never/state/k")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn writing_needs_an_active_actor() {
    let lab = Lab::start(App::echo()).await;
    let error = lab.change_state("a", vec![upsert("k", "v")]).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(error.message(), "actor instance is missing");

    let url = lab.url("/v1.0/actors/Counter/a/state");
    let answer = lab.http.put(url).body("[]").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(answer.text().await.unwrap().contains("ERR_ACTOR_INSTANCE_MISSING"));
}

#[tokio::test]
async fn an_actor_counts_as_active_even_if_its_method_failed() {
    let lab = Lab::start(App::answering(|_| async {
        axum::response::IntoResponse::into_response(StatusCode::INTERNAL_SERVER_ERROR)
    }))
    .await;
    assert!(lab.invoke("a", "Do", "").await.is_err());
    lab.change_state("a", vec![upsert("k", "v")]).await.unwrap();
}

#[tokio::test]
async fn what_was_written_is_read_and_what_was_deleted_is_gone() {
    let lab = active().await;
    lab.change_state("a", vec![upsert("k1", "v1"), upsert("k2", "\u{0}\u{1}")]).await.unwrap();
    assert_eq!(lab.get_state("a", "k1").await.unwrap(), b"v1");
    assert_eq!(lab.get_state("a", "k2").await.unwrap(), b"\x00\x01");
    lab.change_state("a", vec![upsert("k1", "newer"), delete("k2"), delete("never")]).await.unwrap();
    assert_eq!(lab.get_state("a", "k1").await.unwrap(), b"newer");
    assert_eq!(lab.get_state("a", "k2").await.unwrap(), b"");
    lab.change_state("a", vec![]).await.unwrap();
    assert_eq!(lab.get_state("b", "k1").await.unwrap(), b"", "another actor's");
}

#[tokio::test]
async fn a_transaction_with_one_bad_operation_writes_nothing() {
    let lab = active().await;
    let mut strange = upsert("k2", "v");
    strange.operation_type = "increment".into();
    let error = lab.change_state("a", vec![upsert("k1", "v"), strange]).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
    assert_eq!(error.message(), "operation type increment not supported");

    let error = lab.change_state("a", vec![upsert("k1", "v"), upsert("", "v")]).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(error.message(), "error saving actor transaction state: missing key");

    let mut expiring = upsert("k2", "v");
    expiring.metadata.insert("ttlInSeconds".into(), "1".into());
    let error = lab.change_state("a", vec![upsert("k1", "v"), expiring]).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(
        error.message(),
        "error saving actor transaction state: ttlInSeconds is not supported without the \
         \"ActorStateTTL\" feature enabled"
    );
    assert_eq!(lab.get_state("a", "k1").await.unwrap(), b"");
}

#[tokio::test]
async fn the_http_api_keeps_json_and_gives_it_back() {
    let lab = active().await;
    let url = lab.url("/v1.0/actors/Counter/a/state");
    let operations = json!([
        {"operation": "upsert", "request": {"key": "list", "value": [1, {"b": "<&>", "a": null}]}},
        {"operation": "upsert", "request": {"key": "text", "value": "t"}},
        {"operation": "delete", "request": {"key": "never"}},
    ]);
    let answer = lab.http.post(&url).json(&operations).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);

    let answer = lab.http.get(format!("{url}/list")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.text().await.unwrap(), r#"[1,{"a":null,"b":"\u003c\u0026\u003e"}]"#, "as Go writes JSON");
    assert_eq!(lab.get_state("a", "text").await.unwrap(), b"\"t\"");

    let answer = lab.http.put(&url).body("no JSON").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(answer.text().await.unwrap().contains("ERR_MALFORMED_REQUEST"));
}

#[tokio::test]
async fn state_outlives_a_deactivation_and_a_restart() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let documents = [STORE, PUBSUB];
    let app = App::echo().idle("100ms");
    let lab = Lab::in_folder(app, &documents, Arc::clone(&folder), |_| {}).await.unwrap();
    lab.invoke("a", "Do", "").await.unwrap();
    lab.change_state("a", vec![upsert("k", "v")]).await.unwrap();
    lab.app.wait_deactivated("a", 1).await;
    assert_eq!(lab.get_state("a", "k").await.unwrap(), b"v");
    lab.sidecar.shutdown().await;

    let lab = Lab::in_folder(App::echo(), &documents, folder, |_| {}).await.unwrap();
    assert_eq!(lab.get_state("a", "k").await.unwrap(), b"v");
}

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

/// Fails, holds or passes store calls, and notes what it observes.
#[derive(Default)]
struct Probe {
    fails: Mutex<Option<&'static str>>,
    gate: Mutex<Option<Gate>>,
    entered: tokio::sync::Notify,
    observed: Mutex<Vec<(StoreCall, Result<(), String>)>>,
}

#[async_trait]
impl StoreFault for Probe {
    async fn before(&self, _: &StoreCall) -> Result<(), String> {
        self.entered.notify_one();
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.pass().await;
        }
        match *self.fails.lock().unwrap() {
            Some(text) => Err(text.to_owned()),
            None => Ok(()),
        }
    }
}

impl StoreObserver for Probe {
    fn observed(&self, call: &StoreCall, outcome: &Result<(), String>, _: Duration) {
        self.observed.lock().unwrap().push((call.clone(), outcome.clone()));
    }
}

async fn probed(probe: &Arc<Probe>) -> Lab {
    let (fault, observer) = (Arc::clone(probe), Arc::clone(probe));
    let lab = Lab::with(App::echo(), &[STORE], move |config| {
        config.ports.fault = Some(fault);
        config.ports.observer = Some(observer);
    })
    .await;
    lab.invoke("a", "Do", "").await.unwrap();
    lab
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
    let call = |operation, keys: &[&str]| StoreCall {
        operation,
        actor_type: TYPE.into(),
        actor_id: "a".into(),
        keys: keys.iter().map(|&key| key.to_owned()).collect(),
    };
    let failed: Result<(), String> = Err("the disk is gone".into());
    assert_eq!(
        observed,
        [
            (call(StoreOperation::Transaction, &["k"]), failed.clone()),
            (call(StoreOperation::Get, &["k"]), failed.clone()),
            (call(StoreOperation::Get, &["k"]), failed),
            (call(StoreOperation::Get, &["k"]), Ok(())),
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
    gate.open(1);
    lab.change_state("a", vec![upsert("other", "v")]).await.unwrap();
    assert_eq!(lab.get_state("a", "k").await.unwrap(), b"newer");
}
