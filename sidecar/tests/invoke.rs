//! What the app receives of a call and the caller of an answer (facts §2, checklist 7–13).
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use dapr::dapr::proto::runtime::v1::SaveStateRequest;
use http::StatusCode;
use support::{App, Lab};
use tonic::Code;

#[tokio::test]
async fn what_this_sidecar_does_not_have_says_so_by_its_name() {
    let lab = Lab::start(App::echo()).await;
    let error = lab.grpc.clone().save_state(SaveStateRequest::default()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
    assert!(error.message().contains("SaveState"), "{error}");

    let url = lab.url("/v1.0/state/statestore");
    let answer = lab.http.post(url).body("{}").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_IMPLEMENTED);
    assert!(answer.text().await.unwrap().contains("/v1.0/state/statestore"));
}
