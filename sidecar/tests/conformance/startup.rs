//! From the opened ports to the hosted actors (facts §1, checklist 1–5).

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use http::StatusCode;

use crate::runtime::{Runtime, Setup};
use crate::support::App;

behaviours![
    the_ports_answer_before_the_app_listens_and_a_call_waits_for_it,
    the_app_is_asked_for_its_config_once_and_then_for_its_subscriptions,
    without_a_pubsub_component_nobody_asks_for_subscriptions,
    an_idle_timeout_that_is_none_means_that_nothing_is_hosted,
];

/// A port that is bound but not listening, so that nobody else gets it.
fn reserved() -> (tokio::net::TcpSocket, SocketAddr) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

pub async fn the_ports_answer_before_the_app_listens_and_a_call_waits_for_it(runtime: Runtime) {
    let (socket, addr) = reserved();
    let app = App::echo();
    let lab = runtime.launch(app.clone(), addr, Setup::default()).await;

    let health = |path: &str| lab.http.get(lab.url(path)).send();
    let outbound = health("/v1.0/healthz/outbound").await.unwrap();
    assert_eq!(outbound.status(), StatusCode::NO_CONTENT);
    let whole = health("/v1.0/healthz").await.unwrap();
    assert_eq!(whole.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(whole.text().await.unwrap().contains("ERR_HEALTH_NOT_READY"));

    let mut early = lab.spawn("a", "early");
    let held = tokio::time::timeout(Duration::from_millis(300), &mut early).await;
    assert!(held.is_err(), "the call must wait for the app");

    app.serve(socket.listen(16).unwrap());
    assert_eq!(early.await.unwrap().unwrap(), b"early");
    assert_eq!(health("/v1.0/healthz").await.unwrap().status(), StatusCode::NO_CONTENT);
}

pub async fn the_app_is_asked_for_its_config_once_and_then_for_its_subscriptions(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    lab.invoke("a", "Echo", "1").await.unwrap();
    let asked: Vec<_> = lab.app.seen().into_iter().take(3).collect();
    assert!(asked[0].is("GET", "/dapr/config"), "{asked:?}");
    assert!(asked[1].is("GET", "/dapr/subscribe"), "{asked:?}");
    assert!(asked[2].is("PUT", "/actors/Counter/a/method/Echo"), "{asked:?}");
    for request in &asked[..2] {
        assert_eq!(request.header("dapr-app-id"), Some("app"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("dapr-api-token"), None);
    }
    assert!(lab.app.matching(|seen| seen.path.contains("healthz")).is_empty());
}

pub async fn without_a_pubsub_component_nobody_asks_for_subscriptions(runtime: Runtime) {
    let lab = runtime.with(App::echo(), Setup { pubsub: false, ..Setup::default() }).await;
    lab.invoke("a", "Echo", "1").await.unwrap();
    assert!(lab.app.matching(|seen| seen.path == "/dapr/subscribe").is_empty());
}

pub async fn an_idle_timeout_that_is_none_means_that_nothing_is_hosted(runtime: Runtime) {
    let lab = runtime.start(App::echo().idle("soon")).await;
    let error = lab.invoke("a", "Echo", "1").await.unwrap_err();
    assert_eq!(error.code(), tonic::Code::FailedPrecondition);
}
