//! The sidecar's private door.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::application::Settings;
use sidecar::Ports;
use tempfile::TempDir;

use crate::support::{APP_TOKEN, Bench, user1};

const MESSAGE: &str = r#"{"role":"user","content":"Hi"}"#;

#[tokio::test]
async fn nobody_comes_in_without_the_token() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    for token in [None, Some("wrong"), Some("")] {
        for (method, path) in [
            (Method::PUT, "/actors/ChatAgent/user1/method/ProcessMessage"),
            (Method::DELETE, "/actors/ChatAgent/user1"),
            (Method::GET, "/dapr/subscribe"),
            (Method::POST, "/subscribe"),
        ] {
            let (status, _) = bench.call_app(method, path, token, MESSAGE).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{path} with {token:?}");
        }
    }
    assert!(bench.events().is_empty());
    // The lesson's two look-ups are open: what they say is no secret.
    let (status, _) = bench.call_app(Method::GET, "/dapr/config", None, "").await;
    assert_eq!(status, StatusCode::OK);
    let (status, health) = bench.call_app(Method::GET, "/healthz", None, "").await;
    assert_eq!((status, health.as_str()), (StatusCode::OK, r#"{"status":"ok"}"#));
    bench.stop().await;
}

#[tokio::test]
async fn no_page_and_no_foreign_name_comes_in_though_there_is_no_token() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start_with(data.path(), |settings| settings.app_api_token = None, Ports::default()).await;
    let registered = bench.lab.timelines().registered_at();
    assert!(registered.is_some(), "the sidecar comes in");
    bench.send("Hi there").await.unwrap();
    let before = bench.events();
    let event = json!({"id": "planted", "data": {
        "actor_id": "user1", "history_key": "history-user1", "actor_type": "ChatAgent",
        "event_type": "ConversationUpdated", "input": {"role": "user", "content": "never sent"},
        "output": {"role": "assistant", "content": "never said"},
    }});
    let client = reqwest::Client::new();
    for (name, value) in [
        ("host", "evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "http://evil.example"),
        ("origin", "null"),
    ] {
        for (method, path) in [
            (Method::GET, "/dapr/config"),
            (Method::GET, "/dapr/subscribe"),
            (Method::GET, "/healthz"),
            (Method::POST, "/subscribe"),
            (Method::PUT, "/actors/ChatAgent/user1/method/ProcessMessage"),
            (Method::DELETE, "/actors/ChatAgent/user1"),
        ] {
            let request = client.request(method, format!("http://{}{path}", bench.app)).header(name, value);
            let answer = request.body(event.to_string()).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path} with {name}: {value}");
            let error: Value = answer.json().await.unwrap();
            assert_eq!(error["code"], "forbidden");
        }
    }
    assert_eq!((bench.events(), bench.lab.timelines().registered_at()), (before, registered));
    // A sidecar that reaches the app by a name needs that to be named.
    let data = TempDir::new().unwrap();
    let named = |settings: &mut Settings| settings.allow_hosts = vec!["app".into()];
    let named = Bench::start_with(data.path(), named, Ports::default()).await;
    let config = client.get(format!("http://{}/dapr/config", named.app)).header("host", "app:8001");
    assert_eq!(config.send().await.unwrap().status(), StatusCode::OK);
    named.stop().await;
    bench.stop().await;
}

#[tokio::test]
async fn bad_ids_types_methods_and_bodies_are_refused_with_a_reason() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    let refused = async |path: &str, body: &str| {
        let (status, text) = bench.call_app(Method::PUT, path, Some(APP_TOKEN), body).await;
        let error: Value = serde_json::from_str(&text).unwrap();
        assert!(!error["message"].as_str().unwrap().is_empty());
        (status.as_u16(), error["code"].as_str().unwrap().to_owned())
    };
    let long = format!("/actors/ChatAgent/{}/method/ProcessMessage", "x".repeat(65));
    assert_eq!(
        refused("/actors/ChatAgent/a%2Fb/method/ProcessMessage", MESSAGE).await,
        (400, "invalid_actor_id".into())
    );
    assert_eq!(refused(&long, MESSAGE).await, (400, "invalid_actor_id".into()));
    assert_eq!(refused("/actors/Other/user1/method/ProcessMessage", MESSAGE).await, (404, "not_found".into()));
    assert_eq!(refused("/actors/ChatAgent/user1/method/Nope", MESSAGE).await, (404, "not_found".into()));
    let path = "/actors/ChatAgent/user1/method/ProcessMessage";
    let over = json!({"role": "user", "content": "x".repeat(16 * 1024 + 1)}).to_string();
    for body in ["", "nonsense", "{}", r#"{"role":"user","content":7}"#, r#"{"role":"user","content":" "}"#] {
        assert_eq!(refused(path, body).await, (400, "invalid_request".into()), "{body}");
    }
    assert_eq!(refused(path, r#"{"role":"assistant","content":"Hi"}"#).await, (400, "invalid_request".into()));
    assert_eq!(refused(path, &over).await, (400, "too_large".into()));
    assert!(bench.events().is_empty(), "what is refused is no turn");
    bench.stop().await;
}

#[tokio::test]
async fn it_tells_what_is_hosted() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    let (_, config) = bench.call_app(Method::GET, "/dapr/config", Some(APP_TOKEN), "").await;
    assert_eq!(
        serde_json::from_str::<Value>(&config).unwrap(),
        json!({
            "entities": ["ChatAgent"],
            "actorIdleTimeout": "60s",
            "drainOngoingCallTimeout": "50s",
            "drainRebalancedActors": true
        })
    );
    let (_, subscriptions) = bench.call_app(Method::GET, "/dapr/subscribe", Some(APP_TOKEN), "").await;
    assert_eq!(subscriptions, "[]");
    let (status, _) = bench.call_app(Method::DELETE, "/actors/ChatAgent/unknown", Some(APP_TOKEN), "").await;
    assert_eq!(status, StatusCode::OK, "who is not in memory is out of it");
    bench.stop().await;
}

#[tokio::test]
async fn what_is_no_event_of_ours_is_dropped() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    let deliver = async |body: &str| bench.call_app(Method::POST, "/subscribe", Some(APP_TOKEN), body).await.1;
    for body in ["", "nonsense", r#"{"id":"1"}"#, r#"{"id":"1","data":"text"}"#] {
        assert_eq!(deliver(body).await, r#"{"status":"DROP"}"#, "{body}");
    }
    let event = json!({
        "id": "from elsewhere",
        "data": {
            "actor_id": "user1",
            "history_key": "history-user1",
            "actor_type": "ChatAgent",
            "event_type": "ConversationUpdated",
            "input": {"role": "user", "content": "Hi"},
            "output": {"role": "assistant", "content": "Got your message: Hi"}
        }
    });
    assert_eq!(deliver(&event.to_string()).await, r#"{"status":"SUCCESS"}"#);
    let line = "Received event: User user1 sent 'Hi', got 'Got your message: Hi'".to_owned();
    assert_eq!(bench.log(), [line]);
    assert_eq!(bench.lab.timelines().snapshot(&user1()).events[0].step.turn(), None, "no turn of ours published it");
    bench.stop().await;
}
