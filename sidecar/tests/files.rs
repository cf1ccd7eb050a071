//! Resource files as people write them, and what the app answers, in the sidecar that reads them.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use axum::response::IntoResponse;
use http::StatusCode;
use sidecar::{Resources, Sidecar, StartError};
use support::{App, Lab, PUBSUB, STORE, TYPE, config};

async fn start(
    documents: &[&str],
    adjust: impl FnOnce(&mut sidecar::Config),
) -> (tempfile::TempDir, Result<Sidecar, StartError>) {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(App::echo().listen().await, documents, folder.path());
    adjust(&mut config);
    let sidecar = Sidecar::start(config).await;
    (folder, sidecar)
}

#[tokio::test]
async fn nothing_under_a_name_is_nothing() {
    let memory = "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: memory\nspec:\n  type: state.in-memory\n  \
                  version: v1\n  metadata:\nscopes:\n";
    let news = "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata:\n  name: news\nspec:\n  pubsubname: bus\n  topic: \
                news\n  routes:\n    rules:\n    - match:\n      path: /news\n    default:\n  metadata:\nscopes:\n";
    let lab = Lab::with(App::echo(), &[memory, PUBSUB, news], |_| {}).await;
    let answer = lab.http.post(lab.url("/v1.0/publish/bus/news")).body("x").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    lab.app.wait(1, |seen| seen.is("POST", "/news")).await;
}

#[tokio::test]
async fn a_component_as_go_writes_it_is_read_with_its_names_in_any_case() {
    let store = "
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: statestore, creationTimestamp: null}
spec:
  type: state.sqlite
  version: v1
  initTimeout: \"\"
  metadata:
  - {name: connectionString, value: a.db, secretKeyRef: {name: \"\", key: \"\"}, envRef: \"\"}
  - {NAME: actorStateStore, Value: true, secretKeyRef: {name: \"\", key: \"\"}}
";
    let (folder, sidecar) = start(&[store], |_| {}).await;
    assert_eq!(sidecar.unwrap().store_path(), Some(folder.path().join("a.db")));
}

#[tokio::test]
async fn places_in_values_are_filled_in() {
    let store = STORE.replace("state.db", "\"data/{appID}-{namespace}-{podName}.db\"");
    let (folder, sidecar) = start(&[&store], |config| {
        config.namespace = Some("prod".into());
        config.pod_name = Some("pod-1".into());
    })
    .await;
    assert_eq!(sidecar.unwrap().store_path(), Some(folder.path().join("data/app-prod.app-pod-1.db")));
    let (_, error) = start(&[&store], |_| {}).await;
    assert!(error.unwrap_err().to_string().contains("POD_NAME"));

    let unique = STORE.replace("state.db", "\"{uuid}.db\"");
    let (_first, one) = start(&[&unique], |_| {}).await;
    let (_second, other) = start(&[&unique], |_| {}).await;
    let name = |sidecar: &Sidecar| sidecar.store_path().unwrap().file_name().unwrap().to_owned();
    assert_ne!(name(&one.unwrap()), name(&other.unwrap()));
}

#[tokio::test]
async fn a_component_of_another_namespace_is_left_out_and_two_of_one_name_are_refused() {
    let dev = STORE.replace("{name: statestore}", "{name: statestore, namespace: dev}").replace("state.db", "dev.db");
    let prod = STORE.replace("{name: statestore}", "{name: statestore, namespace: prod}");
    let (folder, sidecar) = start(&[&dev, &prod], |config| config.namespace = Some("prod".into())).await;
    assert_eq!(sidecar.unwrap().store_path(), Some(folder.path().join("state.db")));
    let (_, error) = start(&[&dev, &prod], |_| {}).await;
    let text = error.unwrap_err().to_string();
    assert!(text.contains("duplicate definition of Component name statestore"), "{text}");
}

#[tokio::test]
async fn a_file_that_is_no_dapr_resource_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("store.yaml"), STORE).unwrap();
    std::fs::write(folder.path().join("docker-compose.yml"), "services:\n  app:\n    image: x\n").unwrap();
    std::fs::write(folder.path().join("list.yaml"), "- a\n- b\n").unwrap();
    std::fs::write(folder.path().join("deploy.yaml"), "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n")
        .unwrap();
    let mut config = config(App::echo().listen().await, &[], folder.path());
    config.resources = Resources::from_dir(folder.path()).unwrap();
    assert!(Sidecar::start(config).await.unwrap().store_path().is_some());
}

#[tokio::test]
async fn the_app_may_write_names_in_any_case() {
    let mut app = App::echo().subscribing(
        r#"[{"pubsubName":"bus","Topic":"t","Routes":{"Rules":[{"Match":"event.type == 'x'","Path":"/x"}],"default":"/y"},
            "DeadLetterTopic":"dead","metadata":null}]"#,
    );
    app.config = format!(r#"{{"Entities":["{TYPE}"],"ACTORIDLETIMEOUT":"1h","reentrancy":null}}"#);
    let lab = Lab::with(app, &[STORE, PUBSUB], |_| {}).await;
    lab.invoke("a", "Do", "").await.unwrap();
    let url = lab.url("/v1.0/publish/bus/t");
    lab.http.post(&url).body("text").send().await.unwrap();
    lab.http.post(format!("{url}?metadata.cloudevent.type=x")).body("text").send().await.unwrap();
    lab.app.wait(1, |seen| seen.is("POST", "/y")).await;
    lab.app.wait(1, |seen| seen.is("POST", "/x")).await;
}

#[tokio::test]
async fn an_id_or_a_topic_that_is_none_is_refused_and_more_slashes_change_nothing() {
    let lab = Lab::with(App::echo(), &[STORE, PUBSUB], |config| config.dapr_api_token = Some("t".into())).await;
    let send = async |method: &str, path: &str, token: bool| {
        let request = lab.http.request(method.parse().unwrap(), lab.url(path));
        let request = if token { request.header("dapr-api-token", "t") } else { request };
        request.send().await.unwrap().status()
    };
    assert!(send("PUT", "/v1.0/actors/Counter//method/m", true).await.as_u16() >= 400);
    assert!(send("POST", "/v1.0/publish/bus//", true).await.as_u16() >= 400);
    assert!(send("POST", "/v1.0/publish/bus/", true).await.as_u16() >= 400);
    assert!(lab.app.matching(|seen| seen.path.starts_with("/actors")).is_empty());
    assert_eq!(send("PUT", "//v1.0/actors/Counter/1//method/m/", true).await, StatusCode::OK);
    assert_eq!(send("GET", "/v1.0/metadata/", true).await, StatusCode::OK);
    assert_eq!(send("GET", "/v1.0/healthz/", false).await, StatusCode::NO_CONTENT);
    assert_eq!(send("GET", "/v1.0/metadata/", false).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn over_grpc_an_empty_id_is_refused_too() {
    let lab = Lab::start(App::echo()).await;
    let error = lab.invoke("", "Do", "").await.unwrap_err();
    assert_eq!((error.code(), error.message()), (tonic::Code::InvalidArgument, "invalid actorId: name is empty"));
}

#[tokio::test]
async fn digits_are_kept_as_they_were_written_and_the_trace_goes_along() {
    let app = App::answering(|_| async { StatusCode::OK.into_response() });
    let news = "apiVersion: dapr.io/v1alpha1\nkind: Subscription\nmetadata: {name: t}\nspec: {pubsubname: bus, topic: t, route: /t}\n";
    let lab = Lab::with(app, &[STORE, PUBSUB, news], |_| {}).await;
    let (url, parent) = (lab.url("/v1.0/publish/bus/t"), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let data = r#"{"n":123456789012345678901234567890,"d":1.10}"#;
    let event = format!(r#"{{"id":"1","specversion":"1.0","data":{data}}}"#);
    for (content_type, body) in [("application/json", data), ("application/cloudevents+json", &event)] {
        let request = lab.http.post(&url).header("content-type", content_type).header("traceparent", parent);
        let answer = request.header("tracestate", "a=1").body(body.to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }
    for seen in lab.app.wait(2, |seen| seen.is("POST", "/t")).await {
        let text = String::from_utf8(seen.body.to_vec()).unwrap();
        assert!(text.contains(r#""data":{"d":1.10,"n":123456789012345678901234567890}"#), "{text}");
        let event = seen.json();
        assert_eq!(
            (&event["traceid"], &event["traceparent"], &event["tracestate"]),
            (&parent.into(), &parent.into(), &"a=1".into())
        );
    }
}
