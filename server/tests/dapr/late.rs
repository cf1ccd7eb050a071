//! Saves that were under way when Faultlab was killed, while daprd, which was carrying them out, lives on; and when daprd
//! was.

use std::time::{Duration, Instant};

use model::{message::Message, operation::Operation, timeline::Step};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::interval;

use crate::{
    outages::{history, waits},
    rig::Rig,
};

/// For longer than this daprd's Redis client tries no command again: four times 3 s without an answer, and its waits.
const TRIES: Duration = Duration::from_secs(14);

/// The first try of a save, which its client has given up without an answer: it is about to try again, on a new
/// connection.
fn was_given_up(step: &Step) -> bool {
    matches!(step, Step::StoreCall { call, .. } if call.command.starts_with("MULTI") && !call.ok())
}

/// How many transactions Redis has carried out.
async fn transactions(rig: &Rig) -> u64 {
    let stats = rig.cli(&["INFO", "commandstats"]).await;
    let calls =
        stats.lines().find_map(|line| line.strip_prefix("cmdstat_exec:calls=")?.split(',').next()?.parse().ok());
    calls.unwrap_or_default()
}

/// How often a message is in a history.
fn times(history: &[Message], content: &str) -> usize {
    history.iter().filter(|message| **message == Message::user(content)).count()
}

/// A message that is stored, and the save of another that waits for its second attempt.
async fn about_to_save(rig: &Rig) -> tokio::task::JoinHandle<Option<crate::rig::Answer>> {
    rig.switch_off("user1").await;
    assert_eq!(rig.say("user1", "before").await.status, StatusCode::OK);
    rig.set_fault("user1", "save").await;
    let sent = tokio::spawn(rig.saying("user1", "late", "id-late"));
    rig.until("user1", waits(2, Operation::Save)).await;
    sent
}

#[tokio::test]
async fn a_save_that_the_wire_held_when_faultlab_was_killed_never_arrives() {
    let Some(mut rig) = Rig::start().await else { return };
    let sent = about_to_save(&rig).await;
    rig.wire(json!({"kind": "stall"})).await;
    rig.until("user1", was_given_up).await;
    rig.faultlab.kill().await;
    assert!(sent.await.unwrap().is_none(), "nobody is there to answer");
    let (killed, mut stored) = (Instant::now(), transactions(&rig).await);
    assert_eq!(stored, 1, "the message before it");

    // The next one has a wire that works, and speaks at once: whatever daprd still tried would come through.
    rig.restart_faultlab().await;
    rig.switch_off("user1").await;
    let mut said = Vec::new();
    let mut pace = interval(Duration::from_millis(200));
    while killed.elapsed() < TRIES {
        pace.tick().await;
        said.push(format!("after {}", said.len()));
        let answer = rig.say("user1", said.last().unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        stored += 1;
    }
    assert_eq!(transactions(&rig).await, stored, "every transaction was a message's that was acknowledged");
    let mut said: Vec<_> = said.iter().map(String::as_str).collect();
    assert_eq!(rig.history("user1").await, history(&said));

    for _ in 0..2 {
        assert_eq!(rig.saying("user1", "late", "id-late").await.unwrap().status, StatusCode::OK);
    }
    said.push("late");
    assert_eq!(rig.history("user1").await, history(&said));
}

#[tokio::test]
async fn a_save_that_redis_carries_out_after_faultlab_was_killed_is_there_whole_and_overwrites_nothing() {
    let Some(mut rig) = Rig::start().await else { return };
    let sent = about_to_save(&rig).await;
    // What is sent to it from now on waits in the system, and stays there when its sender is gone.
    rig.redis.freeze();
    rig.until("user1", was_given_up).await;
    rig.faultlab.kill().await;
    assert!(sent.await.unwrap().is_none(), "nobody is there to answer");

    rig.restart_faultlab().await;
    rig.switch_off("user1").await;
    let after = tokio::spawn(rig.saying("user1", "after", "id-after"));
    rig.until("user1", |step| matches!(step, Step::AttemptStarted { operation: Operation::Load, .. })).await;
    rig.redis.thaw();
    let after = after.await.unwrap().unwrap();
    assert_eq!(after.status, StatusCode::OK, "{after:?}");

    let found = rig.history("user1").await;
    let whole = [history(&["before", "late", "after"]), history(&["before", "after"])];
    assert!(whole.contains(&found), "{found:?}");
    for _ in 0..2 {
        assert_eq!(rig.saying("user1", "late", "id-late").await.unwrap().status, StatusCode::OK);
    }
    let found = rig.history("user1").await;
    assert_eq!((times(&found, "late"), times(&found, "after")), (1, 1), "{found:?}");
}

#[tokio::test]
async fn a_save_that_the_wire_held_when_daprd_was_killed_never_arrives() {
    let Some(mut rig) = Rig::start().await else { return };
    let sent = about_to_save(&rig).await;
    rig.wire(json!({"kind": "stall"})).await;
    rig.until("user1", was_given_up).await;
    rig.daprd.kill().await;
    let answer = sent.await.unwrap().unwrap();
    assert_eq!(answer.body["error"]["code"], "outcome_unknown", "{answer:?}");
    rig.until("user1", |step| matches!(step, Step::TurnFailed { turn: 2, .. })).await;

    rig.wire(Value::Null).await;
    rig.restart_daprd().await;
    assert_eq!(rig.say("user1", "after").await.status, StatusCode::OK);
    for _ in 0..2 {
        assert_eq!(rig.saying("user1", "late", "id-late").await.unwrap().status, StatusCode::OK);
    }
    assert_eq!(rig.history("user1").await, history(&["before", "after", "late"]));
    assert_eq!(transactions(&rig).await, 3);
}
