//! An app whose health is asked for: what it hosts and what is delivered to it go and come with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::response::IntoResponse;
use dapr::dapr::proto::runtime::v1::GetMetadataRequest;
use dapr::dapr::proto::runtime::v1::actor_runtime::ActorRuntimeStatus;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tonic::Code;

use crate::pubsub::{delivered, subscription};
use crate::runtime::{Lab, Runtime, Setup};
use crate::support::{App, Gate, until};

behaviours![
    an_app_is_asked_for_nothing_but_its_health_until_it_is_well,
    while_an_app_is_unwell_its_methods_are_refused_and_calls_of_its_actors_wait,
    a_turn_that_runs_when_the_app_becomes_unwell_is_given_up,
    what_is_published_while_an_app_is_unwell_is_delivered_when_it_is_well,
    the_metadata_tell_how_the_app_is_asked,
];

/// An app, and whether it is well.
fn app(well: bool) -> (App, Arc<AtomicBool>) {
    gated(well, &Gate::closed(), "")
}

/// The same, in which a body waits.
fn gated(well: bool, gate: &Gate, waits: &'static str) -> (App, Arc<AtomicBool>) {
    let (gate, well) = (gate.clone(), Arc::new(AtomicBool::new(well)));
    let asked = Arc::clone(&well);
    let app = App::answering(move |seen| {
        let (gate, well) = (gate.clone(), asked.load(Ordering::SeqCst));
        async move {
            if seen.path == "/healthz" && !well {
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
            if !waits.is_empty() && seen.body == waits {
                gate.pass().await;
            }
            seen.body.into_response()
        }
    });
    (app, well)
}

fn setup() -> Setup {
    Setup { app_health: true, ..Setup::default() }
}

/// What an invocation of one of the app's own methods is answered with.
async fn invoked(lab: &Lab) -> (StatusCode, String) {
    let answer = lab.http.get(lab.url("/v1.0/invoke/app/method/m")).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

async fn is_refused(lab: &Lab) -> bool {
    let (status, body) = invoked(lab).await;
    status == StatusCode::INTERNAL_SERVER_ERROR && body.contains("app is not in a healthy state")
}

async fn becomes_unwell(lab: &Lab, well: &AtomicBool) {
    well.store(false, Ordering::SeqCst);
    until("the app counts as unwell", || is_refused(lab)).await;
    until("nothing is hosted", || async {
        let answer = lab.grpc.clone().get_metadata(GetMetadataRequest {}).await.unwrap();
        let runtime = answer.into_inner().actor_runtime.unwrap();
        runtime.active_actors.is_empty() && runtime.runtime_status() == ActorRuntimeStatus::Initializing
    })
    .await;
}

pub async fn an_app_is_asked_for_nothing_but_its_health_until_it_is_well(runtime: Runtime) {
    let (app, well) = app(false);
    let addr = app.listen().await;
    let lab = runtime.launch(app, addr, setup()).await;
    let probes = lab.app.wait(2, |seen| seen.is("GET", "/healthz")).await;
    assert_eq!((probes[0].header("dapr-api-token"), probes[0].header("dapr-app-id")), (None, None));
    let mut early = lab.spawn("a", "early");
    let held = tokio::time::timeout(Duration::from_millis(300), &mut early).await;
    assert!(held.is_err(), "the call must wait for the app's health");
    assert!(is_refused(&lab).await);
    let health = lab.http.get(lab.url("/v1.0/healthz")).send().await.unwrap();
    assert_eq!(health.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(lab.app.matching(|seen| seen.path != "/healthz").is_empty(), "{:?}", lab.app.seen());

    well.store(true, Ordering::SeqCst);
    assert_eq!(early.await.unwrap().unwrap(), b"early");
    let asked = lab.app.matching(|seen| seen.path != "/healthz");
    let asked: Vec<_> = asked.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(asked, ["/dapr/config", "/dapr/subscribe", "/actors/Counter/a/method/Do"]);
}

pub async fn while_an_app_is_unwell_its_methods_are_refused_and_calls_of_its_actors_wait(runtime: Runtime) {
    let (app, well) = app(true);
    let lab = runtime.with(app, setup()).await;
    until("the app's method is invoked", || async { invoked(&lab).await.0 == StatusCode::OK }).await;
    assert_eq!(lab.invoke("a", "Do", "1").await.unwrap(), b"1");
    assert_eq!(lab.active().await, 1);

    becomes_unwell(&lab, &well).await;
    let mut waiting = lab.spawn("a", "2");
    let held = tokio::time::timeout(Duration::from_millis(300), &mut waiting).await;
    assert!(held.is_err(), "the call must wait until the app is well");
    assert_eq!(lab.http.get(lab.url("/v1.0/healthz")).send().await.unwrap().status(), StatusCode::NO_CONTENT);

    well.store(true, Ordering::SeqCst);
    assert_eq!(waiting.await.unwrap().unwrap(), b"2");
    assert_eq!(lab.active().await, 1);
    until("the app's method is invoked again", || async { invoked(&lab).await.0 == StatusCode::OK }).await;
    assert!(lab.app.matching(|seen| seen.method == Method::DELETE).is_empty(), "who is unwell is not told");
    assert_eq!(lab.app.matching(|seen| seen.path == "/dapr/config").len(), 1);
}

pub async fn a_turn_that_runs_when_the_app_becomes_unwell_is_given_up(runtime: Runtime) {
    let gate = Gate::closed();
    let (app, well) = gated(true, &gate, "long");
    let lab = runtime.with(app, setup()).await;
    let long = lab.spawn("a", "long");
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    becomes_unwell(&lab, &well).await;
    let error = long.await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::Internal, "{error}");
    well.store(true, Ordering::SeqCst);
    // The app has not answered the first, and yet there is a turn for another.
    assert_eq!(lab.invoke("a", "Do", "next").await.unwrap(), b"next");
    gate.open(1);
}

pub async fn what_is_published_while_an_app_is_unwell_is_delivered_when_it_is_well(runtime: Runtime) {
    const BUS: &str = "
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: bus}
spec:
  type: pubsub.redis
  version: v1
  metadata:
  - {name: redisHost, value: '{redis}'}
  - {name: processingTimeout, value: 1s}
  - {name: redeliverInterval, value: 1s}
";
    if !Runtime::has_redis() {
        return;
    }
    let (app, well) = app(true);
    let documents = Setup::documents(&[BUS, &subscription("t", "  routes: {default: /in}\n")]);
    let setup = Setup { pubsub: false, redis: true, app_health: true, ..documents };
    let lab = runtime.with(app, setup).await;
    // The call waits for what is subscribed.
    lab.invoke("a", "Do", "1").await.unwrap();
    let publish = |number: i32| {
        let data = json!({ "n": number }).to_string();
        let lab = &lab;
        async move { lab.publish("t", "application/json", data.as_bytes(), &[]).await.unwrap() }
    };
    publish(1).await;
    delivered(&lab, "/in", 1).await;
    becomes_unwell(&lab, &well).await;
    publish(2).await;
    assert!(is_refused(&lab).await);
    assert_eq!(lab.app.matching(|seen| seen.is("POST", "/in")).len(), 1);
    well.store(true, Ordering::SeqCst);
    let seen = delivered(&lab, "/in", 2).await;
    let numbers: Vec<_> = seen.iter().map(|seen| seen.json()["data"]["n"].clone()).collect();
    assert_eq!(numbers, [1, 2].map(Value::from));
}

pub async fn the_metadata_tell_how_the_app_is_asked(runtime: Runtime) {
    let (app, _) = app(true);
    let lab = runtime.with(app, setup()).await;
    let answer = lab.http.get(lab.url("/v1.0/metadata")).send().await.unwrap();
    let metadata: Value = answer.json().await.unwrap();
    assert_eq!(
        metadata["appConnectionProperties"]["health"],
        json!({
            "healthCheckPath": "/healthz",
            "healthProbeInterval": "1s",
            "healthProbeTimeout": "500ms",
            "healthThreshold": 1,
        })
    );
}
