//! A message that comes twice is applied once.

use model::{message::Message, timeline::Step};
use reqwest::{Method, StatusCode};
use tempfile::TempDir;

use crate::support::{APP_TOKEN, Bench, both};

#[tokio::test]
async fn a_repeat_gets_the_stored_reply_and_changes_nothing() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    bench.send_as("once", "id-1").await.unwrap();
    let rows = bench.rows();
    assert_eq!(bench.send_as("once", "id-1").await.unwrap(), Message::reply_to("once"));
    assert_eq!(bench.rows(), rows);
    let log = bench.log();
    assert!(log.contains(&"Message for history-user1 was stored before: its stored reply is given again".to_owned()));
    assert_eq!(log.iter().filter(|line| line.starts_with("Published")).count(), 1);
    assert_eq!(bench.history().await, both("once"));
    bench.stop().await;
}

#[tokio::test]
async fn a_call_that_the_sidecar_sends_again_is_applied_once() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    bench.send_as("once", "id-1").await.unwrap();
    // As daprd does after a rebalance: the same body, the same headers.
    let url = format!("http://{}/actors/ChatAgent/user1/method/ProcessMessage", bench.app);
    let call = reqwest::Client::new()
        .put(url)
        .header("dapr-api-token", APP_TOKEN)
        .header(server::invocation::MESSAGE_ID_HEADER, "id-1")
        .body(r#"{"role":"user","content":"once"}"#);
    let response = call.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.json::<Message>().await.unwrap(), Message::reply_to("once"));
    assert_eq!(bench.history().await, both("once"));
    let completed = |step: &Step| matches!(step, Step::TurnCompleted { turn: 2, repeated: true, .. });
    bench.until(completed).await;
    bench.stop().await;
}

#[tokio::test]
async fn without_an_id_each_call_is_a_message_of_its_own() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    // Only an actor that is in the sidecar's memory can save.
    bench.history().await;
    for _ in 0..2 {
        let path = "/actors/ChatAgent/user1/method/ProcessMessage";
        let body = r#"{"role":"user","content":"again"}"#;
        assert_eq!(bench.call_app(Method::PUT, path, Some(APP_TOKEN), body).await.0, StatusCode::OK);
    }
    assert_eq!(bench.history().await, [both("again"), both("again")].concat());
    bench.stop().await;
}
