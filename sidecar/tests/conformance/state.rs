//! An actor's state through both APIs (facts §3, checklist 29–36).

use dapr::dapr::proto::runtime::v1::TransactionalActorStateOperation;
use http::StatusCode;
use serde_json::{Value, json};
use tonic::Code;

use crate::runtime::{Lab, Runtime, Setup};
use crate::support::{App, delete, until, upsert};

behaviours![
    reading_an_actor_that_was_never_called_is_an_empty_answer,
    writing_needs_an_active_actor,
    an_actor_counts_as_active_even_if_its_method_failed,
    what_was_written_is_read_and_what_was_deleted_is_gone,
    a_transaction_with_one_bad_operation_writes_nothing,
    the_http_api_keeps_json_and_gives_it_back,
    state_outlives_a_deactivation_and_a_restart,
    state_with_a_time_to_live_goes_when_it_is_over,
    every_key_in_the_store_names_the_app_the_type_and_the_actor,
    a_store_that_is_gone_is_an_error_in_words_and_never_an_empty_answer,
];

/// A lab whose actor `a` is active.
async fn active(runtime: Runtime) -> Lab {
    let lab = runtime.start(App::echo()).await;
    lab.invoke("a", "Do", "").await.unwrap();
    lab
}

pub async fn reading_an_actor_that_was_never_called_is_an_empty_answer(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    assert_eq!(lab.get_state("never", "k").await.unwrap(), b"");
    let answer = lab.http.get(lab.url("/v1.0/actors/Counter/never/state/k")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

pub async fn writing_needs_an_active_actor(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    let error = lab.change_state("a", vec![upsert("k", "v")]).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(error.message(), "actor instance is missing");

    let url = lab.url("/v1.0/actors/Counter/a/state");
    let answer = lab.http.put(url).body("[]").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(answer.text().await.unwrap().contains("ERR_ACTOR_INSTANCE_MISSING"));
}

pub async fn an_actor_counts_as_active_even_if_its_method_failed(runtime: Runtime) {
    let lab = runtime
        .start(App::answering(|_| async {
            axum::response::IntoResponse::into_response(StatusCode::INTERNAL_SERVER_ERROR)
        }))
        .await;
    assert!(lab.invoke("a", "Do", "").await.is_err());
    lab.change_state("a", vec![upsert("k", "v")]).await.unwrap();
}

pub async fn what_was_written_is_read_and_what_was_deleted_is_gone(runtime: Runtime) {
    let lab = active(runtime).await;
    lab.change_state("a", vec![upsert("k1", "v1"), upsert("k2", "\u{0}\u{1}")]).await.unwrap();
    assert_eq!(lab.get_state("a", "k1").await.unwrap(), b"v1");
    assert_eq!(lab.get_state("a", "k2").await.unwrap(), b"\x00\x01");
    lab.change_state("a", vec![upsert("k1", "newer"), delete("k2"), delete("never")]).await.unwrap();
    assert_eq!(lab.get_state("a", "k1").await.unwrap(), b"newer");
    assert_eq!(lab.get_state("a", "k2").await.unwrap(), b"");
    lab.change_state("a", vec![]).await.unwrap();
    assert_eq!(lab.get_state("b", "k1").await.unwrap(), b"", "another actor's");
}

pub async fn a_transaction_with_one_bad_operation_writes_nothing(runtime: Runtime) {
    let lab = active(runtime).await;
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

pub async fn the_http_api_keeps_json_and_gives_it_back(runtime: Runtime) {
    let lab = active(runtime).await;
    let url = lab.url("/v1.0/actors/Counter/a/state");
    let operations = json!([
        {"operation": "upsert", "request": {"key": "list", "value": [1, {"b": "é", "a": null}]}},
        {"operation": "upsert", "request": {"key": "text", "value": "t"}},
        {"operation": "delete", "request": {"key": "never"}},
    ]);
    let answer = lab.http.post(&url).json(&operations).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);

    let answer = lab.http.get(format!("{url}/list")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    // As a value: daprd writes the names of an object in any order.
    assert_eq!(answer.json::<Value>().await.unwrap(), json!([1, {"a": null, "b": "é"}]));
    assert_eq!(lab.get_state("a", "text").await.unwrap(), b"\"t\"");

    let answer = lab.http.put(&url).body("no JSON").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(answer.text().await.unwrap().contains("ERR_MALFORMED_REQUEST"));
}

pub async fn state_outlives_a_deactivation_and_a_restart(runtime: Runtime) {
    let lab = runtime.start(App::echo().idle("100ms")).await;
    lab.invoke("a", "Do", "").await.unwrap();
    lab.change_state("a", vec![upsert("k", "v")]).await.unwrap();
    lab.app.wait_deactivated("a", 1).await;
    assert_eq!(lab.get_state("a", "k").await.unwrap(), b"v");
    let lab = lab.restart().await;
    assert_eq!(lab.get_state("a", "k").await.unwrap(), b"v");
}

/// Writes `v` for so many seconds.
pub fn expiring(key: &str, ttl: &str) -> TransactionalActorStateOperation {
    let mut operation = upsert(key, "v");
    operation.metadata.insert("ttlInSeconds".into(), ttl.into());
    operation
}

pub async fn state_with_a_time_to_live_goes_when_it_is_over(runtime: Runtime) {
    let lab = runtime.with(App::echo(), Setup { actor_state_ttl: true, ..Setup::default() }).await;
    lab.invoke("a", "Do", "").await.unwrap();
    lab.change_state("a", vec![expiring("short", "2"), expiring("long", "3600")]).await.unwrap();
    assert_eq!(lab.get_state("a", "short").await.unwrap(), b"v");
    let url = lab.url("/v1.0/actors/Counter/a/state");
    let operations = json!([{"operation": "upsert",
        "request": {"key": "short over HTTP", "value": 1, "metadata": {"ttlInSeconds": "2"}}}]);
    let answer = lab.http.post(&url).json(&operations).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    for key in ["short", "short over HTTP"] {
        until("it is gone", || async { lab.get_state("a", key).await.unwrap().is_empty() }).await;
    }
    assert_eq!(lab.get_state("a", "long").await.unwrap(), b"v");
    let error = lab.change_state("a", vec![expiring("k", "soon")]).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert!(error.message().starts_with("error saving actor transaction state: "), "{error}");
    assert!(error.message().contains("ttl"), "{error}");
}

pub async fn every_key_in_the_store_names_the_app_the_type_and_the_actor(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    for id in ["a", "b c"] {
        lab.invoke(id, "Do", "").await.unwrap();
        lab.change_state(id, vec![upsert("history", "[]"), upsert("ids", "[]")]).await.unwrap();
    }
    let expected =
        ["app||Counter||a||history", "app||Counter||a||ids", "app||Counter||b c||history", "app||Counter||b c||ids"];
    assert_eq!(lab.stored_keys().await, expected);
}

pub async fn a_store_that_is_gone_is_an_error_in_words_and_never_an_empty_answer(runtime: Runtime) {
    let mut lab = active(runtime).await;
    lab.change_state("a", vec![upsert("k", "v")]).await.unwrap();
    lab.break_store().await;
    let error = lab.get_state("a", "k").await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert!(error.message().starts_with("error getting actor state: "), "{error}");
    let error = lab.change_state("a", vec![upsert("k", "late")]).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert!(error.message().starts_with("error saving actor transaction state: "), "{error}");
    let answer = lab.http.get(lab.url("/v1.0/actors/Counter/a/state/k")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.text().await.unwrap().contains("ERR_ACTOR_STATE_GET"));

    lab.mend_store().await;
    assert_eq!(lab.get_state("a", "k").await.unwrap(), b"v", "the failed write never happened");
}
