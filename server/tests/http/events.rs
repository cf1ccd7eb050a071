//! The event stream: where it goes on, what it does when that is gone, and how it ends.

use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;

use crate::support::Lab;

#[tokio::test]
async fn a_first_connection_goes_on_after_the_page_s_last_event() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    lab.say("user1", "Hi there").await;
    let (_, timeline) = lab.get_json("/api/lab/user1/timeline").await;
    let known = timeline["events"].as_array().unwrap();
    let (epoch, _) = timeline["last"].as_str().unwrap().split_once('-').unwrap();
    let third = known[2]["seq"].as_u64().unwrap();

    let mut stream = lab.follow(&format!("/events/user1?after={epoch}-{third}"), None).await;
    for expected in &known[3..] {
        let frame = stream.next().await.unwrap();
        assert_eq!(frame.data["seq"], expected["seq"]);
        assert_eq!(frame.id, format!("{epoch}-{}", expected["seq"]));
    }
    lab.switch_off("user1").await;
    let live = stream.next().await.unwrap();
    assert_eq!(live.data["type"], "fault_changed");
    assert_eq!(live.event, None);
    lab.stop().await;
}

#[tokio::test]
async fn a_reconnection_resumes_without_a_gap_or_a_repeat() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let (_, timeline) = lab.get_json("/api/lab/user1/timeline").await;
    let start = timeline["last"].as_str().unwrap().to_owned();
    let path = format!("/events/user1?after={start}");
    let mut first = lab.follow(&path, None).await;
    lab.switch_off("user1").await;
    lab.say("user1", "one").await;
    let seen = first.until("turn_completed").await;
    let last = seen.last().unwrap().id.clone();
    drop(first);

    lab.say("user1", "two").await;
    // The header wins over the address that the browser still has.
    let mut second = lab.follow(&path, Some(&last)).await;
    let rest = second.until("turn_completed").await;
    let number = |id: &str| id.split_once('-').unwrap().1.parse::<u64>().unwrap();
    let numbers: Vec<u64> = seen.iter().chain(&rest).map(|frame| number(&frame.id)).collect();
    let first = number(&start) + 1;
    assert_eq!(numbers, (first..first + numbers.len() as u64).collect::<Vec<_>>());
    lab.stop().await;
}

#[tokio::test]
async fn what_cannot_be_resumed_is_said_with_a_snapshot() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    lab.switch_off("user1").await;
    lab.say("user1", "Hi there").await;
    let mut stream = lab.follow("/events/user1?after=1-4", None).await;
    let gap = stream.next().await.unwrap();
    assert_eq!(gap.event.as_deref(), Some("gap"));
    let (_, timeline) = lab.get_json("/api/lab/user1/timeline").await;
    assert_eq!(gap.data["last"], timeline["last"]);
    assert_eq!(gap.id, timeline["last"]);
    assert_eq!(gap.data["events"], timeline["events"]);
    lab.say("user1", "Again").await;
    let next = stream.next().await.unwrap();
    assert_eq!(next.data["type"], "turn_queued");
    lab.stop().await;
}

#[tokio::test]
async fn an_id_that_is_none_is_refused() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    for bad in ["x", "1", "1-", "-1", "1-x", "1-+1", "1-99999999999999999999999"] {
        let (status, body) = lab.get_json(&format!("/events/user1?after={bad}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{bad}");
        assert_eq!(body["error"]["code"], "invalid_request");
    }
    lab.stop().await;
}

#[tokio::test]
async fn a_shutdown_ends_an_open_stream_and_does_not_wait_for_it() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let mut stream = lab.follow("/events/user1", None).await;
    // A turn that waits for its retry when the stop comes is finished first.
    let turn = {
        let (client, origin) = (lab.client.clone(), lab.origin.clone());
        let message = json!({"role": "user", "content": "Hi there"});
        tokio::spawn(async move { client.post(format!("{origin}/chat/user1")).json(&message).send().await.unwrap() })
    };
    stream.until("retry_scheduled").await;
    lab.stop().await;
    assert_eq!(turn.await.unwrap().status(), StatusCode::OK);
    while stream.next().await.is_some() {}
}
