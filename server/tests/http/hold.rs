//! Holding attempts, over HTTP and in the event stream.

use std::time::Instant;

use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::support::{Lab, PATIENCE};

/// Sends a message in the background.
fn say(lab: &Lab) -> JoinHandle<reqwest::Response> {
    let request = lab.client.post(format!("{}/chat/user1", lab.origin));
    let request = request.json(&json!({"role": "user", "content": "Hi there"}));
    tokio::spawn(async move { request.send().await.unwrap() })
}

async fn post(lab: &Lab, path: &str) -> (StatusCode, Value) {
    let response = lab.client.post(format!("{}{path}", lab.origin)).send().await.unwrap();
    (response.status(), response.json().await.unwrap_or_default())
}

#[tokio::test]
async fn attempts_are_held_released_and_told_to_whoever_follows() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    assert_eq!(lab.get_json("/api/lab/user1/hold").await.1, json!({"on": false, "held": null}));
    let mut stream = lab.follow("/events/user1", None).await;
    let (status, hold) = lab.put_json("/api/lab/user1/hold", json!({"on": true})).await;
    assert_eq!((status, hold), (StatusCode::OK, json!({"on": true, "held": null})));
    assert_eq!(lab.get_json("/api/lab/user1").await.1["hold"], json!(true));
    assert_eq!(lab.get_json("/api/lab/user2/hold").await.1["on"], json!(false), "each lab has its own");
    assert_eq!(post(&lab, "/api/lab/user1/release").await, (StatusCode::OK, json!({"released": null})));

    let sent = say(&lab);
    for (operation, attempt) in [("load", 1), ("load", 2), ("save", 1), ("publish", 1)] {
        let held = stream.until("attempt_held").await.pop().unwrap().data;
        assert_eq!((&held["operation"], &held["attempt"]), (&json!(operation), &json!(attempt)));
        assert!(held["due_at"].as_u64() > held["at"].as_u64(), "{held}");
        let (_, hold) = lab.get_json("/api/lab/user1/hold").await;
        for field in ["turn", "operation", "attempt", "max", "due_at"] {
            assert_eq!(hold["held"][field], held[field], "{field}");
        }
        let (status, released) = post(&lab, "/api/lab/user1/release").await;
        assert_eq!((status, &released["released"]), (StatusCode::OK, &hold["held"]));
        let told = stream.until("attempt_released").await.pop().unwrap().data;
        assert_eq!((&told["attempt"], &told["by"]), (&json!(attempt), &json!("person")));
    }
    assert_eq!(sent.await.unwrap().status(), StatusCode::OK);
    let (_, prediction) = lab.get_json("/api/lab/user1/prediction").await;
    assert_eq!(prediction["held"], json!(true));
    assert_eq!(prediction["sentence"], "Every attempt succeeds as soon as it is released.");
    let (_, timeline) = lab.get_json("/api/lab/user1/timeline").await;
    let types = timeline["events"].as_array().unwrap().iter().filter(|event| event["type"] == "attempt_held");
    assert_eq!(types.count(), 4, "who comes later reads it too");
    lab.stop().await;
}

#[tokio::test]
async fn switched_off_or_reset_nothing_is_held_any_more() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    lab.put_json("/api/lab/user1/hold", json!({"on": true})).await;
    let mut stream = lab.follow("/events/user1", None).await;
    let sent = say(&lab);
    stream.until("attempt_held").await;
    let (_, hold) = lab.put_json("/api/lab/user1/hold", json!({"on": false})).await;
    assert_eq!(hold, json!({"on": false, "held": null}));
    let told = stream.until("attempt_released").await.pop().unwrap().data;
    assert_eq!(told["by"], "switch");
    assert_eq!(sent.await.unwrap().status(), StatusCode::OK);

    lab.put_json("/api/lab/user1/hold", json!({"on": true})).await;
    let sent = say(&lab);
    stream.until("attempt_held").await;
    assert_eq!(post(&lab, "/api/lab/user1/reset").await.0, StatusCode::NO_CONTENT);
    assert_eq!(sent.await.unwrap().status(), StatusCode::OK);
    assert_eq!(lab.get_json("/api/lab/user1/hold").await.1["on"], json!(false));
    lab.stop().await;
}

#[tokio::test]
async fn a_plain_form_holds_and_releases() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let form = async |function: &'static str, body: &'static str| {
        let request = lab.client.post(format!("{}/api/{function}", lab.origin));
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        request.send().await.unwrap().status()
    };
    assert_eq!(form("set_hold", "actor=user1&on=on").await, StatusCode::OK);
    let mut stream = lab.follow("/events/user1", None).await;
    let sent = say(&lab);
    for _ in 0..4 {
        stream.until("attempt_held").await;
        // The button is in the same form as the box: it leaves that as it is.
        assert_eq!(form("release", "actor=user1&on=on").await, StatusCode::OK);
    }
    assert_eq!(sent.await.unwrap().status(), StatusCode::OK);
    assert_eq!(lab.get_json("/api/lab/user1/hold").await.1["on"], json!(true));
    assert_eq!(form("set_hold", "actor=user1").await, StatusCode::OK);
    assert_eq!(lab.get_json("/api/lab/user1/hold").await.1["on"], json!(false));
    lab.stop().await;
}

#[tokio::test]
async fn what_is_no_setting_is_refused_by_name_and_the_rest_is_described() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let (status, error) = lab.put_json("/api/lab/user1/hold", json!({"on": "yes"})).await;
    assert_eq!((status, &error["error"]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("on")));
    let (status, _) = lab.put_json("/api/lab/a%20b/hold", json!({"on": true})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (_, api) = lab.get_json("/openapi.json").await;
    assert!(api["paths"]["/api/lab/{actor_id}/hold"]["put"].is_object());
    assert!(api["paths"]["/api/lab/{actor_id}/release"]["post"].is_object());
    lab.stop().await;
}

#[tokio::test]
async fn a_shutdown_waits_for_nobody_to_release_an_attempt() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    lab.put_json("/api/lab/user1/hold", json!({"on": true})).await;
    let mut stream = lab.follow("/events/user1", None).await;
    let sent = say(&lab);
    stream.until("attempt_held").await;
    let began = Instant::now();
    lab.stop().await;
    assert!(began.elapsed() < PATIENCE);
    assert_eq!(sent.await.unwrap().status(), StatusCode::OK, "its turn came to its end");
}
