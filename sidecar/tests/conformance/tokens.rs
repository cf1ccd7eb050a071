//! Who may call whom (facts §8, checklist 6 and 53).

use crate::runtime::{Lab, Runtime, Setup};
use crate::support::{App, TYPE};
use dapr::dapr::proto::runtime::v1::{GetMetadataRequest, InvokeActorRequest};
use http::StatusCode;
use tonic::{Code, Request};
use tonic_types::StatusExt;

behaviours![
    a_grpc_call_without_the_token_is_refused_with_the_details_that_sdks_read,
    an_http_call_without_the_token_is_refused_and_health_checks_are_not,
    every_callback_shows_the_apps_token_and_none_hands_the_callers_on,
];

async fn guarded(runtime: Runtime) -> Lab {
    let tokens = Setup { dapr_api_token: Some("api-secret"), app_api_token: Some("app-secret"), ..Setup::default() };
    runtime.with(App::echo(), tokens).await
}

fn with_token<T>(message: T, token: &'static str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("dapr-api-token", token.parse().unwrap());
    request
}

pub async fn a_grpc_call_without_the_token_is_refused_with_the_details_that_sdks_read(runtime: Runtime) {
    let lab = guarded(runtime).await;
    let problem_of = |error: tonic::Status| {
        assert_eq!(error.code(), Code::Unauthenticated);
        assert_eq!(error.message(), "Unauthorized");
        let info = error.get_details_error_info().unwrap();
        assert_eq!(info.domain, "dapr.io");
        assert_eq!(info.metadata["http.code"], "401");
        info.metadata["http.error_message"].clone()
    };
    let missing = lab.grpc.clone().get_metadata(GetMetadataRequest {}).await.unwrap_err();
    assert_eq!(problem_of(missing), "missing api token in request metadata");
    let wrong = with_token(GetMetadataRequest {}, "guess");
    let wrong = lab.grpc.clone().get_metadata(wrong).await.unwrap_err();
    assert_eq!(problem_of(wrong), "authentication error: api token mismatch");
    let right = with_token(GetMetadataRequest {}, "api-secret");
    lab.grpc.clone().get_metadata(right).await.unwrap();
}

pub async fn an_http_call_without_the_token_is_refused_and_health_checks_are_not(runtime: Runtime) {
    let lab = guarded(runtime).await;
    let metadata = lab.http.get(lab.url("/v1.0/metadata"));
    let answer = metadata.try_clone().unwrap().send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(answer.text().await.unwrap(), "invalid api token\n");
    let answer = metadata.header("dapr-api-token", "api-secret").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    for path in ["/v1.0/healthz", "/v1.0/healthz/outbound"] {
        let answer = lab.http.get(lab.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{path}");
    }
}

pub async fn every_callback_shows_the_apps_token_and_none_hands_the_callers_on(runtime: Runtime) {
    let lab = guarded(runtime).await;
    let invoke =
        InvokeActorRequest { actor_type: TYPE.into(), actor_id: "a".into(), method: "Do".into(), ..Default::default() };
    lab.grpc.clone().invoke_actor(with_token(invoke, "api-secret")).await.unwrap();
    let url = lab.url("/v1.0/actors/Counter/b/method/Do");
    let answer = lab.http.put(url).header("dapr-api-token", "api-secret").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let app = lab.shutdown().await;

    let seen = app.wait(6, |_| true).await;
    assert_eq!(seen.len(), 6, "config, subscribe, two calls, two deactivations: {seen:#?}");
    for request in seen {
        assert_eq!(request.header("dapr-api-token"), Some("app-secret"), "{request:?}");
        let twice = request.headers.get_all("dapr-api-token").iter().count();
        assert_eq!(twice, 1);
    }
}
