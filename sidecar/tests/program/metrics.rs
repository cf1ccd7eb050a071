//! What Prometheus reads.

use dapr::dapr::proto::runtime::v1::ExecuteActorStateTransactionRequest;
use http::StatusCode;

use crate::program::{Program, Setup, client, free_addr};
use crate::support::{App, TYPE, invoke, upsert};

const CONFIGURATION: &str = "kind: Configuration\nspec: {metrics: {enabled: true, recordErrorCodes: true}}";

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_counted_by_their_codes_over_both_apis_if_a_configuration_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(App::echo().listen().await).await;
    let metrics = free_addr().await;
    std::fs::write(folder.path().join("config.yaml"), CONFIGURATION).unwrap();
    let _program = Program::with(folder.path(), &setup, |command| {
        command.args(["--metrics-port", &metrics.port().to_string(), "--enable-metrics", "--config", "config.yaml"]);
    });
    let mut grpc = client(setup.grpc).await;
    let http = reqwest::Client::new();
    let url = format!("http://{metrics}/metrics");
    let read = || async { http.get(&url).send().await.unwrap().text().await.unwrap() };
    invoke(grpc.clone(), TYPE, "another", "Do", "").await.unwrap();
    let before = read().await;
    assert!(before.contains("\ngo_goroutines ") && !before.contains("dapr_error_code_total{"), "{before}");

    let request = ExecuteActorStateTransactionRequest {
        actor_type: TYPE.into(),
        actor_id: "a".into(),
        operations: vec![upsert("k", "v")],
    };
    grpc.execute_actor_state_transaction(request).await.unwrap_err();
    let state = format!("http://{}/v1.0/actors/{TYPE}/a/state", setup.http);
    let body = r#"[{"operation":"upsert","request":{"key":"k","value":"v"}}]"#;
    assert_eq!(http.put(&state).body(body).send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert_eq!(http.put(&state).body("{").send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    let after = read().await;
    for line in [
        "# TYPE dapr_error_code_total counter",
        r#"dapr_error_code_total{app_id="app",category="actor",error_code="ERR_ACTOR_INSTANCE_MISSING"} 2"#,
        r#"dapr_error_code_total{app_id="app",category="common",error_code="ERR_MALFORMED_REQUEST"} 1"#,
    ] {
        assert!(after.lines().any(|told| told == line), "{line}: {after}");
    }
    let page = http.get(&url).header("origin", "https://evil.example").send().await.unwrap();
    assert_eq!(page.status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_it_none_are_counted_and_a_port_that_is_taken_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(App::echo().listen().await).await;
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = |addr: std::net::SocketAddr| addr.port().to_string();
    let program = Program::with(folder.path(), &setup, |command| {
        command.args(["--metrics-port", &port(taken.local_addr().unwrap()), "--enable-metrics"]);
    });
    let (success, log) = program.ended();
    assert!(!success && log.contains("the metrics port") && log.contains("is taken"), "{log}");

    let metrics = free_addr().await;
    let _program = Program::with(folder.path(), &setup, |command| {
        command.args(["--metrics-port", &port(metrics), "--enable-metrics"]);
    });
    client(setup.grpc).await;
    let http = reqwest::Client::new();
    let absent = http.put(format!("http://{}/v1.0/actors/{TYPE}/a/state", setup.http)).body("[").send().await.unwrap();
    assert_eq!(absent.status(), StatusCode::BAD_REQUEST);
    let text = http.get(format!("http://{metrics}/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(!text.contains("dapr_error_code_total"), "{text}");
}
