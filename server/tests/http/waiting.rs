//! Messages that wait for their turns: others are answered meanwhile, none is lost, and what there is no room for is told so.

use reqwest::StatusCode;
use serde_json::{Value, json};
use server::labs::LINE;
use tempfile::TempDir;
use tokio::{task::JoinSet, time::timeout};

use crate::support::{Lab, PATIENCE};

const BUSY: [&str; 3] = ["busy0", "busy1", "busy2"];

/// Sends a message, for a task of its own; its status and body.
fn sending(lab: &Lab, actor: &str, content: &str) -> impl Future<Output = (StatusCode, Value)> + use<> {
    let post = lab.client.post(format!("{}/chat/{actor}", lab.origin));
    let post = post.json(&json!({"role": "user", "content": content}));
    async move {
        let answer = post.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_messages_wait_other_labs_are_answered_and_each_of_them_is_stored() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    lab.switch_off("other").await;
    let mut sent = JoinSet::new();
    for actor in BUSY {
        lab.switch_off(actor).await;
        let (status, _) = lab.put_json(&format!("/api/lab/{actor}/hold"), json!({"on": true})).await;
        assert_eq!(status, StatusCode::OK);
        let mut stream = lab.follow(&format!("/events/{actor}"), None).await;
        for n in 0..LINE {
            sent.spawn(sending(&lab, actor, &n.to_string()));
        }
        for _ in 0..LINE {
            stream.until("turn_queued").await;
        }
    }
    // Each line is as long as it may be, and says so.
    let (status, refused) = lab.say(BUSY[0], "One too many").await;
    assert_eq!((status, &refused["error"]["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("too_many_waiting")));
    let words = refused["error"]["message"].as_str().unwrap();
    assert!(words.contains("100 calls wait") && words.contains("try again"), "{words}");

    // Another lab needs its turn, its state and its event for it.
    let (status, answer) = timeout(PATIENCE, lab.say("other", "Hi there")).await.expect("it does not wait");
    assert_eq!((status, &answer["response"]["content"]), (StatusCode::OK, &json!("Got your message: Hi there")));
    // And a page shows what is stored.
    let (_, panels) = timeout(PATIENCE, lab.get_json("/api/lab/busy0")).await.expect("nor does this");
    assert!(panels["history"]["Ok"].is_array(), "{panels}");

    for actor in BUSY {
        lab.put_json(&format!("/api/lab/{actor}/hold"), json!({"on": false})).await;
    }
    while let Some(answer) = sent.join_next().await {
        let (status, answer) = answer.unwrap();
        assert_eq!(status, StatusCode::OK, "{answer}");
    }
    let (status, answer) = lab.say(BUSY[0], "One too many").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    for actor in BUSY {
        let (_, timeline) = lab.get_json(&format!("/api/lab/{actor}/timeline")).await;
        let stored = timeline["events"].as_array().unwrap().iter().filter(|event| event["type"] == "reply_ready");
        assert_eq!(stored.count(), LINE + usize::from(actor == BUSY[0]), "{actor}");
    }
    lab.stop().await;
}
