//! What is refused, with which status and words, and that nothing is changed by it.

use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::Lab;

fn code(body: &Value) -> &str {
    assert!(body["error"]["message"].as_str().is_some_and(|message| message.len() > 10), "no words in {body}");
    body["error"]["code"].as_str().unwrap()
}

/// That nothing was stored and no turn was taken.
async fn untouched(lab: &Lab, actor: &str) {
    let (_, timeline) = lab.get_json(&format!("/api/lab/{actor}/timeline")).await;
    assert_eq!(timeline["events"], json!([]));
    let (_, panels) = lab.get_json(&format!("/api/lab/{actor}")).await;
    assert_eq!(panels["history"]["Ok"], json!([]));
}

#[tokio::test]
async fn actor_ids_are_checked_at_every_door() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let long = "x".repeat(65);
    for id in ["a%20b", "a%2Fb", "a|b", "%C3%A9", "a%00b", &long] {
        for path in [format!("/chat/{id}/history"), format!("/events/{id}"), format!("/api/lab/{id}/checks")] {
            let (status, body) = lab.get_json(&path).await;
            assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "invalid_actor_id"), "{path}");
        }
        let (status, body) = lab.say(id, "Hi there").await;
        assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "invalid_actor_id"), "{id}");
    }
    // The two dot names never reach a path, they are folded away on the way; a form can hold them.
    for id in [".", ".."] {
        let form = format!("actor={id}&content=Hi&message_id=m1");
        let response = lab
            .client
            .post(format!("{}/api/send_message", lab.origin))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert!(response.text().await.unwrap().contains("taken for a folder"));
    }
    lab.stop().await;
}

#[tokio::test]
async fn messages_are_checked_before_a_turn_is_taken() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let big = json!({"role": "user", "content": "x".repeat(17 * 1024)}).to_string();
    let cases: [(&str, &str, StatusCode, &str); 11] = [
        ("application/json", "Hi there", StatusCode::BAD_REQUEST, "invalid_request"),
        ("application/json", "", StatusCode::BAD_REQUEST, "invalid_request"),
        ("application/json", "[]", StatusCode::BAD_REQUEST, "invalid_request"),
        ("application/json", r#"{"role":"user"}"#, StatusCode::BAD_REQUEST, "invalid_request"),
        ("application/json", r#"{"role":"user","content":""}"#, StatusCode::BAD_REQUEST, "invalid_request"),
        ("application/json", r#"{"role":"user","content":7}"#, StatusCode::BAD_REQUEST, "invalid_request"),
        ("application/json", r#"{"role":"assistant","content":"Hi"}"#, StatusCode::BAD_REQUEST, "invalid_request"),
        ("application/json", r#"{"role":"system","content":"Hi"}"#, StatusCode::BAD_REQUEST, "invalid_request"),
        ("application/json", &big, StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        ("text/plain", r#"{"content":"Hi"}"#, StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
        ("", r#"{"content":"Hi"}"#, StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
    ];
    for (kind, body, status, expected) in cases {
        let mut request = lab.client.post(format!("{}/chat/user1", lab.origin)).body(body.to_owned());
        if !kind.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{kind} {body:.60}");
        assert_eq!(code(&response.json().await.unwrap()), expected, "{kind} {body:.60}");
    }
    let bad_key = lab
        .client
        .post(format!("{}/chat/user1", lab.origin))
        .header("idempotency-key", "x".repeat(65))
        .json(&json!({"content": "Hi"}));
    assert_eq!(bad_key.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    let huge = lab.client.post(format!("{}/api/send_message", lab.origin)).body("x".repeat(100 * 1024));
    let huge = huge.send().await.unwrap();
    assert_eq!(huge.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(code(&huge.json().await.unwrap()), "too_large");
    untouched(&lab, "user1").await;
    lab.stop().await;
}

#[tokio::test]
async fn the_switch_takes_no_plan_that_it_cannot_keep() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let (_, before) = lab.get_json("/api/lab/user1/fault").await;
    for setting in [
        json!({"on": true, "plan": {"operation": "load", "attempts": 0}}),
        json!({"on": true, "plan": {"operation": "load", "attempts": 6}}),
        json!({"on": true, "plan": {"operation": "read", "attempts": 1}}),
        json!({"on": true, "plan": {"operation": "load", "attempts": 1, "probability": 0.5}}),
        json!({"on": true, "attempts": 1}),
        json!({"on": "yes"}),
        json!({}),
    ] {
        let (status, body) = lab.put_json("/api/lab/user1/fault", setting.clone()).await;
        assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "invalid_request"), "{setting}");
    }
    assert_eq!(lab.get_json("/api/lab/user1/fault").await.1, before);
    untouched(&lab, "user1").await;
    lab.stop().await;
}

#[tokio::test]
async fn unknown_paths_and_methods_are_said_in_one_shape() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    for path in ["/api/nope", "/chat", "/chat/user1/nope", "/events/", "/api/lab/user1/nope", "/dapr/subscribe"] {
        let (status, body) = lab.get_json(path).await;
        assert_eq!((status, code(&body)), (StatusCode::NOT_FOUND, "not_found"), "{path}");
    }
    let response = lab.client.delete(format!("{}/chat/user1", lab.origin)).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(code(&response.json().await.unwrap()), "method_not_allowed");
    let page = lab.get("/nope").await;
    assert_eq!(page.status(), StatusCode::NOT_FOUND);
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    lab.stop().await;
}

#[tokio::test]
async fn the_sidecar_s_private_door_is_not_on_the_public_listener() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let call = lab.client.put(format!("{}/actors/ChatAgent/user1/method/ProcessMessage", lab.origin));
    assert_eq!(call.body("{}").send().await.unwrap().status(), StatusCode::NOT_FOUND);
    let event = lab.client.post(format!("{}/subscribe", lab.origin)).body("{}").send().await.unwrap();
    assert_eq!(event.status(), StatusCode::NOT_FOUND);
    untouched(&lab, "user1").await;
    lab.stop().await;
}

#[tokio::test]
async fn other_sites_and_foreign_hosts_are_refused() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let send = |name: &'static str, value: &'static str| {
        let form = "actor=user1&content=Hi&message_id=m1";
        lab.client
            .post(format!("{}/api/send_message", lab.origin))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(name, value)
            .body(form)
            .send()
    };
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("host", "evil.example"),
    ] {
        let response = send(name, value).await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{name}: {value}");
        assert_eq!(code(&response.json().await.unwrap()), "forbidden");
    }
    let read = lab.client.get(format!("{}/chat/user1/history", lab.origin)).header("host", "evil.example:8000");
    assert_eq!(read.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    untouched(&lab, "user1").await;
    lab.stop().await;
}

#[tokio::test]
async fn a_sidecar_that_is_away_is_an_error_and_never_an_empty_list() {
    let data = TempDir::new().unwrap();
    // A port that was free a moment ago: nobody answers there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let lab = Lab::start_with(data.path(), |config| config.dapr.dapr_grpc_port = Some(port)).await;
    let (status, body) = lab.say("user1", "Hi there").await;
    assert_eq!((status, code(&body)), (StatusCode::SERVICE_UNAVAILABLE, "sidecar_unreachable"));
    let (status, body) = lab.get_json("/chat/user1/history").await;
    assert_eq!((status, code(&body)), (StatusCode::SERVICE_UNAVAILABLE, "sidecar_unreachable"));
    let (_, panels) = lab.get_json("/api/lab/user1").await;
    assert_eq!(panels["history"]["Err"]["code"], "sidecar_unreachable");
    let page = lab.get("/").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.text().await.unwrap().contains("sidecar"));
    lab.stop().await;
}
