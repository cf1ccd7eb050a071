//! Switch, policy and prediction over HTTP.

use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::Lab;

const LESSON_POLICY: &str = r#"{"attempts":3,"delay_ms":1000,"backoff":"constant","max_delay_ms":10000,
    "jitter_percent":0,"seed":1,"attempt_timeout_ms":6800}"#;

#[tokio::test]
async fn the_switch_says_what_it_is_set_to_and_how_far_it_has_come() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let lesson = json!({"operation": "load", "kind": "error", "span": "first", "attempts": 1, "layer": "actor"});
    let (status, fault) = lab.get_json("/api/lab/user1/fault").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(fault, json!({"on": true, "plan": [lesson], "counts": [{"left": 1, "met": 0}]}));
    let late = json!({"operation": "load", "kind": "delay", "ms": 5, "span": "until_off", "layer": "store"});
    let flaky = json!({"operation": "save", "kind": "flaky", "percent": 50, "seed": 7, "span": "next", "attempts": 2,
        "layer": "actor"});
    let set = json!({"on": true, "plan": [late, flaky]});
    let (status, fault) = lab.put_json("/api/lab/user1/fault", set).await;
    assert_eq!(status, StatusCode::OK, "{fault}");
    assert_eq!(fault["plan"], json!([late, flaky]), "it reads as it was written");
    assert_eq!(fault["counts"], json!([{"left": null, "met": 0}, {"left": 2, "met": 0}]));
    assert_eq!(lab.get_json("/api/lab/user1").await.1["layers"], json!(["actor", "store"]));
    lab.stop().await;
}

#[tokio::test]
async fn the_policy_is_set_read_recorded_and_reset_with_the_lab() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let lesson: Value = serde_json::from_str(LESSON_POLICY).unwrap();
    assert_eq!(lab.get_json("/api/lab/user1/policy").await.1, lesson);
    let (status, set) = lab.put_json("/api/lab/user1/policy", json!({"attempts": 5, "delay_ms": 10})).await;
    assert_eq!((status, &set["attempts"], &set["attempt_timeout_ms"]), (StatusCode::OK, &json!(5), &json!(6800)));
    assert_eq!(lab.get_json("/api/lab/user1/policy").await.1, set);
    assert_eq!(lab.get_json("/api/lab/user1").await.1["policy"], set);
    assert_eq!(lab.get_json("/api/lab/user2/policy").await.1, lesson, "each lab has its own");
    let (_, timeline) = lab.get_json("/api/lab/user1/timeline").await;
    let changed = &timeline["events"][0];
    assert_eq!((&changed["type"], &changed["policy"]), (&json!("policy_changed"), &set));
    let reset = lab.client.post(format!("{}/api/lab/user1/reset", lab.origin)).send().await.unwrap();
    assert_eq!(reset.status(), StatusCode::NO_CONTENT);
    assert_eq!(lab.get_json("/api/lab/user1/policy").await.1, lesson);
    lab.stop().await;
}

#[tokio::test]
async fn the_prediction_tells_each_attempt_and_comes_true() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let (_, first) = lab.get_json("/api/lab/user1/prediction").await;
    assert_eq!((&first["outcome"], &first["min_ms"], &first["messages"]), (&json!("stored"), &json!(1000), &json!(2)));
    assert_eq!(first["sentence"], "The first load fails. Attempt 2 of 3 succeeds, after 1.0 s.");
    let kinds: Vec<_> = first["steps"].as_array().unwrap().iter().map(|step| step["step"].clone()).collect();
    assert_eq!(kinds, ["attempt", "wait", "attempt", "attempt", "attempt"]);
    let hit = &first["steps"][0]["hit"];
    assert_eq!(hit["end"], json!({"layer": "actor", "hangs": false}));

    lab.put_json("/api/lab/user1/policy", json!({"attempts": 2, "delay_ms": 20})).await;
    lab.put_json("/api/lab/user1/fault", json!({"on": true, "plan": [{"operation": "save", "attempts": 2}]})).await;
    let (_, next) = lab.get_json("/api/lab/user1/prediction").await;
    assert_eq!((&next["outcome"], &next["min_ms"]), (&json!("not_stored"), &json!(20)));
    let (status, _) = lab.say("user1", "lost").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    lab.switch_off("user1").await;
    let said = lab.client.post(format!("{}/chat/user1", lab.origin)).header("idempotency-key", "m-1");
    assert_eq!(said.json(&json!({"content": "kept"})).send().await.unwrap().status(), StatusCode::OK);
    let (_, again) = lab.get_json("/api/lab/user1/prediction?message_id=m-1").await;
    assert_eq!((&again["outcome"], &again["messages"]), (&json!("repeated"), &json!(2)));
    let (status, body) = lab.get_json("/api/lab/user1/prediction?message_id=a%20b").await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_request")));
    lab.stop().await;
}

#[tokio::test]
async fn everything_is_in_the_api_description() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let (_, api) = lab.get_json("/openapi.json").await;
    for path in ["fault", "policy", "prediction"] {
        assert!(api["paths"][format!("/api/lab/{{actor_id}}/{path}")]["get"].is_object(), "{path}");
    }
    let fault = &api["components"]["schemas"]["Fault"];
    assert_eq!(fault["properties"]["ms"]["maximum"], 10_000, "{fault}");
    assert_eq!(fault["required"], json!(null), "what has to be there depends on the layer");
    let wire = &api["components"]["schemas"]["WireSetting"];
    assert!(wire.to_string().contains("#/components/schemas/Fault"), "one vocabulary: {wire}");
    let policy = &api["components"]["schemas"]["RetryPolicy"];
    assert_eq!(policy["properties"]["attempts"]["maximum"], 10, "{policy}");
    lab.stop().await;
}
