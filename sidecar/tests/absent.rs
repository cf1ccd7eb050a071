//! Parts of Dapr that the embedded sidecar does not have say so.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::time::Duration;

use dapr::dapr::proto::runtime::v1::{
    ConversationRequestAlpha2, GetConfigurationRequest, InvokeBindingRequest, ScheduleJobRequest, StartWorkflowRequest,
    SubscribeConfigurationRequest, TryLockRequest,
};
use http::StatusCode;
use support::{App, Lab, PUBSUB, STORE};
use tonic::client::Grpc;
use tonic::{Code, Status};
use tonic_prost::ProstCodec;

const WORDS: &str = "an app that needs it runs on Dapr's own daprd";

fn check(part: &str, status: &Status) {
    assert_eq!(status.code(), Code::Unimplemented, "{part}: {status}");
    assert!(status.message().contains(part) && status.message().contains(WORDS), "{part}: {status}");
}

#[tokio::test]
async fn each_part_is_named_over_grpc() {
    let lab = Lab::start(App::echo()).await;
    let mut client = lab.grpc.clone();
    check("configuration", &client.get_configuration(GetConfigurationRequest::default()).await.unwrap_err());
    let subscribed = client.subscribe_configuration(SubscribeConfigurationRequest::default()).await;
    check("configuration", &subscribed.err().unwrap());
    check("lock", &client.try_lock_alpha1(TryLockRequest::default()).await.unwrap_err());
    check("bindings", &client.invoke_binding(InvokeBindingRequest::default()).await.unwrap_err());
    #[expect(deprecated, reason = "callers that were built for it still use it")]
    let scheduled = client.schedule_job_alpha1(ScheduleJobRequest::default()).await;
    check("jobs", &scheduled.unwrap_err());
    check("workflows", &client.start_workflow_beta1(StartWorkflowRequest::default()).await.unwrap_err());
    check("conversation", &client.converse_alpha2(ConversationRequestAlpha2::default()).await.unwrap_err());
}

#[tokio::test]
async fn each_part_is_named_over_http() {
    let lab = Lab::start(App::echo()).await;
    for (path, part) in [
        ("/v1.0/configuration/store", "configuration"),
        ("/v1.0-alpha1/lock/store", "lock"),
        ("/v1.0/bindings/b", "bindings"),
        ("/v1.0-alpha1/jobs/j", "jobs"),
        ("/v1.0/workflows/dapr/w/start", "workflows"),
        ("/v1.0-alpha2/conversation/c/converse", "conversation"),
    ] {
        let answer = lab.http.post(lab.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_IMPLEMENTED, "{path}");
        let text = answer.text().await.unwrap();
        assert!(text.contains("ERR_NOT_IMPLEMENTED") && text.contains(part) && text.contains(WORDS), "{text}");
    }
}

/// Calls a method of the service of Dapr's workflow engines, with an empty message.
async fn engine(lab: &Lab, method: &'static str) -> Result<(), Status> {
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{}", lab.sidecar.grpc_addr())).unwrap();
    let mut client = Grpc::new(channel.connect().await.unwrap());
    client.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static(method);
    let codec = ProstCodec::<(), ()>::default();
    let answered = client.unary(tonic::Request::new(()), path, codec);
    tokio::time::timeout(Duration::from_secs(5), answered).await.expect("at once").map(|_| ())
}

#[tokio::test]
async fn a_workflow_engine_is_greeted_and_told_that_there_is_no_work() {
    let lab = Lab::start(App::echo()).await;
    engine(&lab, "/TaskHubSidecarService/Hello").await.unwrap();
    for method in ["/TaskHubSidecarService/GetWorkItems", "/TaskHubSidecarService/StartInstance"] {
        check("workflows", &engine(&lab, method).await.unwrap_err());
    }
    let other = engine(&lab, "/some.Service/Method").await.unwrap_err();
    assert_eq!((other.code(), other.message()), (Code::Unimplemented, "unknown service some.Service"));
}

#[tokio::test]
async fn a_component_of_such_a_part_is_left_out_and_the_rest_goes_on() {
    let lock = "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: lock}\nspec: {type: lock.redis, version: v1}\n";
    let lab = Lab::with(App::echo(), &[STORE, lock, PUBSUB], |_| {}).await;
    assert_eq!(lab.invoke("a", "Do", "1").await.unwrap(), b"1");
    let body: serde_json::Value = reqwest::get(lab.url("/v1.0/metadata")).await.unwrap().json().await.unwrap();
    let names: Vec<_> = body["components"].as_array().unwrap().iter().map(|c| c["name"].clone()).collect();
    assert_eq!(names, ["statestore", "bus"]);
}
