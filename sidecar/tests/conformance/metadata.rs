//! What the sidecar tells about itself (facts §7, checklist 51–52).

use crate::runtime::{Lab, Runtime, Setup};
use crate::support::App;
use dapr::dapr::proto::runtime::v1::actor_runtime::ActorRuntimeStatus;
use dapr::dapr::proto::runtime::v1::{GetMetadataRequest, SetMetadataRequest};
use http::StatusCode;
use serde_json::{Value, json};

behaviours![
    the_actor_runtime_is_initializing_until_the_app_has_been_asked,
    the_http_answer_has_daprds_shape,
    what_callers_note_down_is_shown_over_both_apis,
    a_health_check_can_ask_for_the_app_id,
];

async fn over_http(lab: &Lab) -> Value {
    let answer = lab.http.get(lab.url("/v1.0/metadata")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

pub async fn the_actor_runtime_is_initializing_until_the_app_has_been_asked(runtime: Runtime) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let addr = socket.local_addr().unwrap();
    let app = App::echo();
    let lab = runtime.launch(app.clone(), addr, Setup::default()).await;
    let mut client = lab.grpc.clone();
    let before = client.get_metadata(GetMetadataRequest {}).await.unwrap().into_inner();
    let runtime = before.actor_runtime.unwrap();
    assert_eq!(runtime.runtime_status(), ActorRuntimeStatus::Initializing);
    assert!(!runtime.host_ready);

    app.serve(socket.listen(8).unwrap());
    lab.ready().await;
    let after = client.get_metadata(GetMetadataRequest {}).await.unwrap().into_inner();
    let runtime = after.actor_runtime.unwrap();
    assert_eq!(runtime.runtime_status(), ActorRuntimeStatus::Running);
    assert!(runtime.host_ready);
    assert_eq!(runtime.active_actors[0].count, 0, "a hosted type is listed with none active");
}

pub async fn the_http_answer_has_daprds_shape(runtime: Runtime) {
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
    let lab = runtime.with(App::echo(), Setup::documents(&[subscription])).await;
    let port = lab.app.seen()[0].header("host").map(str::to_owned);
    let mut body = over_http(&lab).await;
    let version = body["runtimeVersion"].take();
    assert!(version.as_str().unwrap().starts_with("1.18."), "{version}");
    assert_eq!(body["extended"]["daprRuntimeVersion"].take(), version);
    let app = body["appConnectionProperties"].take();
    assert_eq!(app["protocol"], "http");
    assert_eq!(app["channelAddress"], "127.0.0.1");
    assert!(port.unwrap().ends_with(&app["port"].to_string()));
    body.as_object_mut().unwrap().remove("enabledFeatures");
    let components = body["components"].take();
    let component = |at: usize, name: &str, kind: &str| {
        assert_eq!(components[at]["name"], name, "{components}");
        assert!(components[at]["type"].as_str().unwrap().starts_with(kind), "{components}");
        assert_eq!(components[at]["version"], "v1", "{components}");
    };
    component(0, "statestore", "state.");
    component(1, "bus", "pubsub.");
    let abilities = components[0]["capabilities"].as_array().unwrap();
    for ability in ["ETAG", "TRANSACTIONAL", "TTL", "KEYS_LIKE", "ACTOR"] {
        assert!(abilities.contains(&json!(ability)), "{components}");
    }
    assert_eq!(
        body,
        json!({
            "id": "app",
            "runtimeVersion": null,
            "actors": [{"type": "Counter"}],
            "components": null,
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

pub async fn what_callers_note_down_is_shown_over_both_apis(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
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

pub async fn a_health_check_can_ask_for_the_app_id(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    let get = |path: &str| lab.http.get(lab.url(path)).send();
    let right = get("/v1.0/healthz?appid=app").await.unwrap();
    assert_eq!(right.status(), StatusCode::NO_CONTENT);
    let wrong = get("/v1.0/healthz?appid=other").await.unwrap();
    assert_eq!(wrong.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body: Value = wrong.json().await.unwrap();
    assert_eq!(body["errorCode"], "ERR_HEALTH_APPID_NOT_MATCH");
}
