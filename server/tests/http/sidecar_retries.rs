//! The sidecar's own retries over HTTP.

use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;

use crate::support::Lab;

#[tokio::test]
async fn the_sidecar_s_retries_are_switched_recorded_and_seen_call_by_call() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let (status, retries) = lab.get_json("/api/sidecar-retries").await;
    assert_eq!((status, &retries["on"]), (StatusCode::OK, &json!(false)), "a new lab's retries are the application's");
    assert!(retries["document"].as_str().unwrap().contains("kind: Resiliency"));

    lab.switch_off("user1").await;
    lab.say("user1", "Unseen").await;
    let (status, retries) = lab.put_json("/api/sidecar-retries", json!({"on": true})).await;
    assert_eq!((status, &retries["on"]), (StatusCode::OK, &json!(true)));
    lab.say("user1", "Seen").await;
    // The panels' reads are no part of a turn.
    lab.get_json("/api/lab/user1").await;
    let (_, timeline) = lab.get_json("/api/lab/user1/timeline").await;
    let events = timeline["events"].as_array().unwrap();
    let calls: Vec<_> = events.iter().filter(|event| event["type"] == "store_call").collect();
    assert_eq!(calls.len(), 3, "two keys are read and one transaction written: {calls:#?}");
    assert!(calls.iter().all(|event| event["turn"] == 2 && event["call"]["outcome"] == "ok"), "{calls:#?}");
    assert_eq!(events.iter().filter(|event| event["type"] == "sidecar_retries_changed").count(), 1);

    let (status, error) = lab.put_json("/api/sidecar-retries", json!({"on": 3})).await;
    assert_eq!((status, &error["error"]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("on")));
    lab.stop().await;
}
