//! Who may call whom (facts §8, checklist 6 and 53).
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use dapr::dapr::proto::runtime::v1::{GetMetadataRequest, InvokeActorRequest};
use http::StatusCode;
use support::{App, Lab, PUBSUB, STORE, TYPE};
use tonic::{Code, Request};
use tonic_types::StatusExt;

async fn guarded() -> Lab {
    Lab::with(App::echo(), &[STORE, PUBSUB], |config| {
        config.dapr_api_token = Some("api-secret".into());
        config.app_api_token = Some("app-secret".into());
    })
    .await
}

fn with_token<T>(message: T, token: &'static str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("dapr-api-token", token.parse().unwrap());
    request
}

#[tokio::test]
async fn a_grpc_call_without_the_token_is_refused_with_the_details_that_sdks_read() {
    let lab = guarded().await;
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

#[tokio::test]
async fn an_http_call_without_the_token_is_refused_and_health_checks_are_not() {
    let lab = guarded().await;
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

#[tokio::test]
async fn every_callback_shows_the_apps_token_and_none_hands_the_callers_on() {
    let lab = guarded().await;
    let invoke =
        InvokeActorRequest { actor_type: TYPE.into(), actor_id: "a".into(), method: "Do".into(), ..Default::default() };
    lab.grpc.clone().invoke_actor(with_token(invoke, "api-secret")).await.unwrap();
    let url = lab.url("/v1.0/actors/Counter/b/method/Do");
    let answer = lab.http.put(url).header("dapr-api-token", "api-secret").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    lab.sidecar.shutdown().await;

    let seen = lab.app.wait(6, |_| true).await;
    assert_eq!(seen.len(), 6, "config, subscribe, two calls, two deactivations: {seen:#?}");
    for request in seen {
        assert_eq!(request.header("dapr-api-token"), Some("app-secret"), "{request:?}");
        let twice = request.headers.get_all("dapr-api-token").iter().count();
        assert_eq!(twice, 1);
    }
}
