//! The lesson through real Dapr.

use model::message::Message;
use reqwest::StatusCode;
use serde_json::json;
use tokio::process::Command;

use crate::rig::Rig;

#[tokio::test]
async fn the_five_checks_pass_on_real_dapr() {
    let Some(rig) = Rig::start().await else { return };
    let answer = rig.say("user1", "one").await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, "Got your message: one"), "{answer:?}");
    rig.history("user1").await;
    let (status, _) = rig.post("/api/lab/user1/compare").await;
    assert_eq!(status, StatusCode::OK);
    for content in ["two", "three"] {
        rig.post("/api/lab/user1/fault/arm").await;
        assert_eq!(rig.say("user1", content).await.status, StatusCode::OK);
    }
    rig.history("user1").await;
    let (_, checks) = rig.get("/api/lab/user1/checks").await;
    let passed = checks.as_array().unwrap().iter().filter(|check| check["state"] == json!("passed")).count();
    assert_eq!(passed, 5, "{checks:#}");
    rig.until("user1", |step| matches!(step, model::timeline::Step::EventDelivered { .. })).await;
}

#[tokio::test]
async fn the_page_names_what_it_runs_on_and_the_store_panel_shows_what_redis_holds() {
    let Some(rig) = Rig::start().await else { return };
    rig.say("user1", "it's \"quoted\"").await;
    let page = rig.client.get(rig.url("/")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("daprd 1."), "{page}");
    assert!(page.contains("state.redis"));

    let (_, panels) = rig.get("/api/lab/user1").await;
    let stored = &panels["stored"]["Ok"];
    assert_eq!(stored["key"], "daca-ai-app||ChatAgent||user1||history-user1");
    assert_eq!(stored["etag"], "1");
    let value = stored["value"].as_str().unwrap();
    let history: Vec<Message> = serde_json::from_str(value).unwrap();
    assert_eq!(history[0].content, "it's \"quoted\"");

    let shell = stored["command"].as_str().unwrap().replace("redis-cli", rig.programs.redis_cli.to_str().unwrap());
    let shown = Command::new("sh").args(["-c", &shell]).output().await.unwrap();
    assert_eq!(String::from_utf8(shown.stdout).unwrap().trim_end(), value, "{shell}");
}
