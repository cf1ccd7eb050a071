//! What the sidecar tells about itself (facts §7, checklist 51–52).
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use dapr::dapr::proto::runtime::v1::actor_runtime::ActorRuntimeStatus;
use dapr::dapr::proto::runtime::v1::{GetMetadataRequest, SetMetadataRequest, ShutdownRequest};
use http::StatusCode;
use serde_json::{Value, json};
use sidecar::Sidecar;
use support::{App, Lab, PUBSUB, STORE, config, connect};

async fn over_http(lab: &Lab) -> Value {
    let answer = lab.http.get(lab.url("/v1.0/metadata")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn the_actor_runtime_is_initializing_until_the_app_has_been_asked() {
    let folder = tempfile::tempdir().unwrap();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let addr = socket.local_addr().unwrap();
    let sidecar = Sidecar::start(config(addr, &[STORE], folder.path())).await.unwrap();
    let mut client = connect(&sidecar).await;
    let before = client.get_metadata(GetMetadataRequest {}).await.unwrap().into_inner();
    let runtime = before.actor_runtime.unwrap();
    assert_eq!(runtime.runtime_status(), ActorRuntimeStatus::Initializing);
    assert!(!runtime.host_ready);

    App::echo().serve(socket.listen(8).unwrap());
    sidecar.ready().await;
    let after = client.get_metadata(GetMetadataRequest {}).await.unwrap().into_inner();
    let runtime = after.actor_runtime.unwrap();
    assert_eq!(runtime.runtime_status(), ActorRuntimeStatus::Running);
    assert!(runtime.host_ready);
    assert_eq!(runtime.active_actors[0].count, 0, "a hosted type is listed with none active");
}

#[tokio::test]
async fn the_http_answer_has_daprds_shape() {
    let subscription = r#"
apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: {name: s}
spec:
  pubsubname: bus
  topic: t
  routes:
    rules:
    - {match: event.type == "x", path: /x}
    default: /rest
  deadLetterTopic: poison
"#;
    let lab = Lab::with(App::echo(), &[STORE, PUBSUB, subscription], |_| {}).await;
    let port = lab.app.seen()[0].header("host").map(str::to_owned);
    let mut body = over_http(&lab).await;
    let version = body["runtimeVersion"].take();
    assert!(version.as_str().unwrap().starts_with("1.18."), "{version}");
    assert_eq!(body["extended"]["daprRuntimeVersion"].take(), version);
    let app = body["appConnectionProperties"].take();
    assert_eq!(app["protocol"], "http");
    assert_eq!(app["channelAddress"], "127.0.0.1");
    assert!(port.unwrap().ends_with(&app["port"].to_string()));
    assert_eq!(
        body,
        json!({
            "id": "app",
            "runtimeVersion": null,
            "actors": [{"type": "Counter"}],
            "components": [
                {"name": "statestore", "type": "state.sqlite", "version": "v1",
                 "capabilities": ["ETAG", "TRANSACTIONAL", "TTL", "KEYS_LIKE", "ACTOR"]},
                {"name": "bus", "type": "pubsub.in-memory", "version": "v1",
                 "capabilities": ["SUBSCRIBE_WILDCARDS"]},
            ],
            "extended": {"daprRuntimeVersion": null},
            "subscriptions": [{
                "pubsubname": "bus", "topic": "t", "deadLetterTopic": "poison",
                "type": "DECLARATIVE",
                "rules": [{"match": "event.type == \"x\"", "path": "/x"}, {"path": "/rest"}],
            }],
            "appConnectionProperties": null,
            "actorRuntime": {
                "runtimeStatus": "RUNNING",
                "activeActors": [{"type": "Counter"}],
                "hostReady": true,
                "placement": "placement: connected",
            },
        })
    );

    lab.invoke("a", "Do", "").await.unwrap();
    let body = over_http(&lab).await;
    assert_eq!(body["actors"], json!([{"type": "Counter", "count": 1}]));
}

#[tokio::test]
async fn what_callers_note_down_is_shown_over_both_apis() {
    let lab = Lab::start(App::echo()).await;
    let request = SetMetadataRequest { key: "over-grpc".into(), value: "1".into() };
    lab.grpc.clone().set_metadata(request).await.unwrap();
    let url = lab.url("/v1.0/metadata/over-http");
    let answer = lab.http.put(url).body("2").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let body = over_http(&lab).await;
    assert_eq!(body["extended"]["over-grpc"], "1");
    assert_eq!(body["extended"]["over-http"], "2");
    let over_grpc = lab.grpc.clone().get_metadata(GetMetadataRequest {}).await.unwrap();
    assert_eq!(over_grpc.into_inner().extended_metadata["over-http"], "2");
}

#[tokio::test]
async fn a_health_check_can_ask_for_the_app_id() {
    let lab = Lab::start(App::echo()).await;
    let get = |path: &str| lab.http.get(lab.url(path)).send();
    let right = get("/v1.0/healthz?appid=app").await.unwrap();
    assert_eq!(right.status(), StatusCode::NO_CONTENT);
    let wrong = get("/v1.0/healthz?appid=other").await.unwrap();
    assert_eq!(wrong.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body: Value = wrong.json().await.unwrap();
    assert_eq!(body["errorCode"], "ERR_HEALTH_APPID_NOT_MATCH");
}

#[tokio::test]
async fn a_shutdown_can_be_asked_for() {
    let lab = Lab::start(App::echo()).await;
    lab.invoke("a", "Do", "").await.unwrap();
    lab.grpc.clone().shutdown(ShutdownRequest {}).await.unwrap();
    lab.sidecar.shutdown_requested().await;
    lab.sidecar.shutdown().await;
    lab.app.wait_deactivated("a", 1).await;
}
