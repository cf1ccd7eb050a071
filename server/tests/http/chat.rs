//! The lesson's two routes, and the lab as JSON.

use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;

use crate::support::Lab;

#[tokio::test]
async fn the_lesson_s_two_curl_lines_give_the_lesson_s_output() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let answer = lab.say("user1", "Hi there").await;
    let reply = json!({"role": "assistant", "content": "Got your message: Hi there"});
    assert_eq!(answer, (StatusCode::OK, json!({"response": reply})));
    let history = lab.get_json("/chat/user1/history").await;
    let kept = json!([{"role": "user", "content": "Hi there"}, reply]);
    assert_eq!(history, (StatusCode::OK, json!({"history": kept})));
    lab.stop().await;
}

#[tokio::test]
async fn the_five_checks_pass_by_curl_and_none_passes_before_its_evidence() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let passed = async |lab: &Lab| {
        let (_, checks) = lab.get_json("/api/lab/user1/checks").await;
        let passed = |check: &&serde_json::Value| check["state"] == "passed";
        checks.as_array().unwrap().iter().filter(passed).map(|c| c["number"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert!(passed(&lab).await.is_empty());
    // Looking at an untouched lab proves nothing.
    lab.get("/chat/user1/history").await;
    lab.post_json("/api/lab/user1/compare", json!({})).await;
    assert!(passed(&lab).await.is_empty());

    lab.say("user1", "Hi there").await;
    assert_eq!(passed(&lab).await, [1, 3]);
    lab.get("/chat/user1/history").await;
    assert_eq!(passed(&lab).await, [1, 2, 3]);
    let (status, stored) = lab.post_json("/api/lab/user1/compare", json!({})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(stored["key"], "daca-ai-app||ChatAgent||user1||history-user1");
    assert_eq!(passed(&lab).await, [1, 2, 3, 4]);
    lab.post_json("/api/lab/user1/fault/arm", json!({})).await;
    lab.say("user1", "Again").await;
    lab.say("user1", "Still there?").await;
    assert_eq!(passed(&lab).await, [1, 2, 3, 4]);
    lab.get("/chat/user1/history").await;
    assert_eq!(passed(&lab).await, [1, 2, 3, 4, 5]);

    let (status, _) = lab.post_json("/api/lab/user1/reset", json!({})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(passed(&lab).await.is_empty());
    assert_eq!(lab.get_json("/chat/user1/history").await.1, json!({"history": []}));
    lab.stop().await;
}

#[tokio::test]
async fn exhausted_retries_are_a_503_that_says_so_and_store_nothing() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let plan = json!({"on": true, "plan": [{"operation": "save", "attempts": 3}]});
    assert_eq!(lab.put_json("/api/lab/user1/fault", plan).await.0, StatusCode::OK);
    let (status, body) = lab.say("user1", "Hi there").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body["error"]["code"], "retries_exhausted");
    assert!(body["error"]["message"].as_str().unwrap().contains("Simulated state store failure"));
    assert_eq!(lab.get_json("/chat/user1/history").await.1, json!({"history": []}));
    // The plan is used up, so the same message goes through.
    assert_eq!(lab.say("user1", "Hi there").await.0, StatusCode::OK);
    lab.stop().await;
}

#[tokio::test]
async fn a_message_sent_again_with_its_key_is_not_stored_twice() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    lab.switch_off("user1").await;
    let send = || {
        let request = lab.client.post(format!("{}/chat/user1", lab.origin)).header("idempotency-key", "one");
        request.json(&json!({"role": "user", "content": "Hi there"})).send()
    };
    let first: serde_json::Value = send().await.unwrap().json().await.unwrap();
    let second: serde_json::Value = send().await.unwrap().json().await.unwrap();
    assert_eq!(first, second);
    let (_, history) = lab.get_json("/chat/user1/history").await;
    assert_eq!(history["history"].as_array().unwrap().len(), 2);
    lab.stop().await;
}

#[tokio::test]
async fn another_message_with_a_key_that_is_taken_is_refused_with_what_to_do() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    lab.switch_off("user1").await;
    let send = async |content: &str| {
        let request = lab.client.post(format!("{}/chat/user1", lab.origin)).header("idempotency-key", "one");
        let answer = request.json(&json!({"content": content})).send().await.unwrap();
        (answer.status(), answer.json::<serde_json::Value>().await.unwrap())
    };
    assert_eq!(send("Hi there").await.0, StatusCode::OK);
    let (status, refused) = send("Something else").await;
    assert_eq!((status, &refused["error"]["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("id_reused")));
    let words = refused["error"]["message"].as_str().unwrap();
    assert!(
        words.contains("Idempotency-Key") && words.contains("not stored: send it with an id of its own"),
        "{words}"
    );
    let (_, history) = lab.get_json("/chat/user1/history").await;
    assert_eq!(history["history"].as_array().unwrap().len(), 2, "nothing was stored");
    lab.stop().await;
}
