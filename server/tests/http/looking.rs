//! Looking at labs is no use of them.

use futures::{StreamExt, stream};
use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;

use crate::support::Lab;

#[tokio::test]
async fn a_thousand_looks_at_labs_that_nobody_uses_leave_a_learner_s_lab_whole() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    assert_eq!(lab.say("user1", "Hi there").await.0, StatusCode::OK);
    let events = async || lab.get_json("/api/lab/user1/timeline").await.1["events"].as_array().unwrap().clone();
    let checks = async || lab.get_json("/api/lab/user1/checks").await.1;
    let (told, proven) = (events().await, checks().await);
    assert!(proven.as_array().unwrap().iter().any(|check| check["state"] == "passed"));

    let looks = ["timeline", "checks", "fault", "policy", "hold"];
    let looking = (0..1_100).map(|n| format!("/api/lab/other{n}/{}", looks[n % looks.len()]));
    let statuses = stream::iter(looking).map(async |path| lab.get(&path).await.status()).buffer_unordered(16);
    assert!(statuses.all(async |status| status == StatusCode::OK).await);
    drop(lab.follow("/events/other1", None).await);

    assert_eq!(events().await[..told.len()], told, "more may have been told since, and nothing is gone");
    assert_eq!(checks().await, proven);
    let (_, unknown) = lab.get_json("/api/lab/other1/timeline").await;
    assert_eq!(unknown["events"], json!([]));
    let page = lab.get("/lab/user1").await.text().await.unwrap();
    assert!(!page.contains("/lab/other"), "and the page offers none of them");
    lab.stop().await;
}
