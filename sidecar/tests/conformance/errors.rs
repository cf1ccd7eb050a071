//! How failures reach the caller (facts §2.5–2.7, checklist 14–21).

use crate::runtime::{Lab, Runtime, Setup};
use crate::support::{App, invoke};
use axum::response::IntoResponse;
use http::StatusCode;
use std::time::{Duration, Instant};
use tonic::Code;

behaviours![
    a_500_is_internal_with_the_apps_own_words,
    a_404_means_that_there_is_no_such_method,
    no_2xx_but_200_is_a_success,
    a_redirect_is_not_followed,
    over_http_a_failure_has_its_error_code,
    an_actors_own_error_on_a_200_is_handed_over_as_an_answer,
    a_type_that_nobody_hosts_is_looked_for_for_five_seconds,
    an_app_that_is_gone_is_reported_in_the_words_of_gos_client,
];

/// An app that answers every method with a status and a body.
fn failing(status: u16, body: &'static str) -> App {
    App::answering(move |_| async move { (StatusCode::from_u16(status).unwrap(), body).into_response() })
}

/// The gRPC error of one call, after checking that the app was called once.
async fn error_of(runtime: Runtime, status: u16, body: &'static str) -> tonic::Status {
    let lab = runtime.start(failing(status, body)).await;
    let error = lab.invoke("a", "Do", "").await.unwrap_err();
    assert_eq!(lab.app.matching(|seen| seen.method == "PUT").len(), 1, "never retried");
    error
}

pub async fn a_500_is_internal_with_the_apps_own_words(runtime: Runtime) {
    let error = error_of(runtime, 500, "custom error").await;
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(error.message(), "error invoke actor method: error from actor service: (500) custom error");
}

pub async fn a_404_means_that_there_is_no_such_method(runtime: Runtime) {
    let error = error_of(runtime, 404, "whatever").await;
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(error.message(), "error invoke actor method: actor method not found: actors/Counter/a/method/Do");
}

pub async fn no_2xx_but_200_is_a_success(runtime: Runtime) {
    for status in [201, 202, 204] {
        let error = error_of(runtime, status, "").await;
        assert_eq!(error.code(), Code::Internal);
        assert_eq!(error.message(), format!("error invoke actor method: error from actor service: ({status}) "));
    }
}

pub async fn a_redirect_is_not_followed(runtime: Runtime) {
    let app = App::answering(|_| async { (StatusCode::FOUND, [("location", "/elsewhere")], "").into_response() });
    let lab = runtime.start(app).await;
    let error = lab.invoke("a", "Do", "").await.unwrap_err();
    assert!(error.message().contains("(302)"), "{error}");
    assert!(lab.app.matching(|seen| seen.path == "/elsewhere").is_empty());
}

pub async fn over_http_a_failure_has_its_error_code(runtime: Runtime) {
    let lab = runtime.start(failing(500, "custom error")).await;
    let url = lab.url("/v1.0/actors/Counter/a/method/Do");
    let answer = lab.http.put(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "errorCode": "ERR_ACTOR_INVOKE_METHOD",
            "message": "error invoke actor method: error from actor service: (500) custom error",
        })
    );
}

pub async fn an_actors_own_error_on_a_200_is_handed_over_as_an_answer(runtime: Runtime) {
    let app = App::answering(|_| async { ([("X-DaprErrorResponseHeader", "true")], "own error").into_response() });
    let lab = runtime.start(app).await;
    assert_eq!(lab.invoke("a", "Do", "").await.unwrap(), b"own error");
    let url = lab.url("/v1.0/actors/Counter/a/method/Do");
    let answer = lab.http.put(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.headers().contains_key("x-daprerrorresponseheader"));
    assert_eq!(answer.text().await.unwrap(), "own error");
}

pub async fn a_type_that_nobody_hosts_is_looked_for_for_five_seconds(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    assert_no_address(&lab, "Nobody").await;
}

pub async fn an_app_that_is_gone_is_reported_in_the_words_of_gos_client(runtime: Runtime) {
    let app = App::echo();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let serving = app.clone();
    // Everything of this app lives in a runtime of its own, so that it can die as a whole.
    let apps = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let listener = listener.into_std().unwrap();
    apps.block_on_in_background(serving, listener);
    let lab = runtime.launch(app, addr, Setup::default()).await;
    lab.ready().await;
    apps.shutdown_background();

    let expected = format!(
        "error invoke actor method: Put \"http://{addr}/actors/Counter/a/method/Do\": dial tcp \
         {addr}: connect: connection refused"
    );
    // The connection of the start-up may still be pooled: the call that meets its end says so.
    crate::support::until("connection refused", || async {
        let error = lab.invoke("a", "Do", "").await.unwrap_err();
        assert_eq!(error.code(), Code::Internal);
        error.message() == expected
    })
    .await;
}

/// Calls an actor of a type that is hosted nowhere.
pub async fn assert_no_address(lab: &Lab, kind: &str) {
    let started = Instant::now();
    let error = invoke(lab.grpc.clone(), kind, "a", "Do", "").await.unwrap_err();
    let took = started.elapsed();
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert_eq!(
        error.message(),
        format!(
            "failed to lookup actor: api error: code = FailedPrecondition desc = did not find \
             address for actor '{kind}/a'"
        )
    );
    let expected = Duration::from_millis(4900)..Duration::from_secs(7);
    assert!(expected.contains(&took), "took {took:?}");
}

trait InBackground {
    fn block_on_in_background(&self, app: App, listener: std::net::TcpListener);
}

impl InBackground for tokio::runtime::Runtime {
    fn block_on_in_background(&self, app: App, listener: std::net::TcpListener) {
        let _entered = self.enter();
        app.serve(tokio::net::TcpListener::from_std(listener).unwrap());
    }
}
