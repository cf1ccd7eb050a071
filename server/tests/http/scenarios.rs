//! Scenarios over HTTP.

use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;

use crate::support::Lab;

#[tokio::test]
async fn scenarios_are_listed_run_and_reported() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let (status, scenarios) = lab.get_json("/api/scenarios").await;
    assert_eq!(status, StatusCode::OK);
    let offered = scenarios.as_array().unwrap();
    let named = |name: &str| offered.iter().find(|scenario| scenario["name"] == name).unwrap();
    assert_eq!(named("delivered-twice")["missing"], json!(null));
    assert!(named("redis-outage")["missing"].as_str().unwrap().contains("--dapr"));

    assert_eq!(lab.get_json("/api/lab/user1/scenario").await.0, StatusCode::NOT_FOUND, "none has run");
    let (status, report) = lab.post_json("/api/lab/user1/scenario", json!({"name": "delivered-twice"})).await;
    assert_eq!((status, &report["differences"]), (StatusCode::OK, &json!([])), "{report}");
    let (ended, due) = (&report["ended"], &named("delivered-twice")["ends"]);
    assert_eq!((&ended["turns"], &ended["messages"]), (&due["turns"], &due["messages"]));
    assert_eq!(lab.get_json("/api/lab/user1/scenario").await.1, report);
    lab.stop().await;
}

#[tokio::test]
async fn a_scenario_that_is_not_one_is_refused_by_its_field() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    for (body, field) in [
        (json!({"name": "rain"}), "name"),
        (json!({}), "name"),
        (json!({"name": "lesson", "speed": 2}), "speed"),
        (json!({"name": "redis-outage"}), "name"),
    ] {
        let (status, error) = lab.post_json("/api/lab/user1/scenario", body.clone()).await;
        assert_eq!((status, &error["error"]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{body}");
    }
    let (_, timeline) = lab.get_json("/api/lab/user1/timeline").await;
    assert_eq!(timeline["events"], json!([]), "nothing was done");
    lab.stop().await;
}
