//! What really breaks: Redis, daprd, placement, and Faultlab itself. Each time what the caller gets is true, the lab
//! comes back by itself, no acknowledged message is lost, and none is there twice.

use model::{
    message::{Message, keep_last},
    operation::{Cause, Layer, Operation},
    timeline::Step,
};
use reqwest::StatusCode;

use crate::rig::{Answer, Rig};

/// The history after these messages.
pub fn history(contents: &[&str]) -> Vec<Message> {
    let mut history = Vec::new();
    for content in contents {
        history.extend([Message::user(*content), Message::reply_to(content)]);
        keep_last(&mut history);
    }
    history
}

/// Whether a turn waits for its second attempt.
pub fn waits(number: u64, tried: Operation) -> impl Fn(&Step) -> bool {
    move |step| matches!(step, Step::RetryScheduled { turn, operation, attempt: 2, .. } if *turn == number && *operation == tried)
}

/// Whether the caller got an error of this kind that says this.
#[track_caller]
fn assert_failed(answer: &Answer, code: &str, words: &[&str]) {
    assert_eq!(
        (answer.status, &answer.body["error"]["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &code.into()),
        "{answer:?}"
    );
    for words in words {
        assert!(answer.text().contains(words), "{words:?} in {answer:?}");
    }
}

#[tokio::test]
async fn a_message_arrives_when_redis_comes_back_within_the_attempts() {
    let Some(mut rig) = Rig::start().await else { return };
    let sent = tokio::spawn(rig.saying("user1", "Hi", "id-1"));
    rig.until("user1", waits(1, Operation::Load)).await;
    rig.stop_redis().await;
    let failed = rig.until("user1", |step| matches!(step, Step::AttemptFailed { attempt: 2, .. })).await;
    let Step::AttemptFailed { error, cause, transient, .. } = failed.step else { unreachable!() };
    assert_eq!((cause, transient), (Cause { simulated: false, layer: Layer::Store }, true), "{error}");
    assert!(error.contains("error getting actor state: "), "{error}");
    rig.start_redis().await;
    let answer = sent.await.unwrap().unwrap();
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(rig.saying("user1", "Hi", "id-1").await.unwrap().status, StatusCode::OK, "known, and not done again");
    assert_eq!(rig.history("user1").await, history(&["Hi"]));
}

#[tokio::test]
async fn a_save_that_finds_redis_gone_is_stored_once_when_it_is_back() {
    let Some(mut rig) = Rig::start().await else { return };
    rig.switch_off("user1").await;
    assert_eq!(rig.say("user1", "before").await.status, StatusCode::OK);
    rig.set_fault("user1", "save").await;
    let sent = tokio::spawn(rig.saying("user1", "Hi", "id-1"));
    rig.until("user1", waits(2, Operation::Save)).await;
    rig.stop_redis().await;
    let failed = rig.until("user1", |step| matches!(step, Step::AttemptFailed { attempt: 2, .. })).await;
    let Step::AttemptFailed { operation, error, cause, .. } = failed.step else { unreachable!() };
    assert_eq!((operation, cause), (Operation::Save, Cause { simulated: false, layer: Layer::Store }), "{error}");
    assert!(error.contains("error saving actor transaction state: "), "{error}");
    rig.start_redis().await;
    let answer = sent.await.unwrap().unwrap();
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(rig.saying("user1", "Hi", "id-1").await.unwrap().status, StatusCode::OK, "known, and not done again");
    assert_eq!(rig.history("user1").await, history(&["before", "Hi"]));
}

#[tokio::test]
async fn a_redis_that_stays_away_is_said_to_be_away_and_the_lab_comes_back_by_itself() {
    let Some(mut rig) = Rig::start().await else { return };
    rig.switch_off("user1").await;
    assert_eq!(rig.say("user1", "before").await.status, StatusCode::OK);
    rig.stop_redis().await;
    let answer = rig.saying("user1", "during", "id-1").await.unwrap();
    assert_failed(&answer, "retries_exhausted", &["after 3 attempts", "connection refused", "Nothing was stored"]);
    // daprd's own waits: a Redis that is gone refuses at once.
    assert!(answer.text().contains("as the sidecar tries again by itself before it reports a failure"), "{answer:?}");
    let (status, body) = rig.get("/chat/user1/history").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "an error, and not the lesson's empty history: {body}");
    let (_, panels) = rig.get("/api/lab/user1").await;
    let stored = panels["stored"]["Err"]["message"].as_str().unwrap();
    assert!(stored.contains("Cannot read the Redis"), "{stored}");
    let shown = &panels["history"]["Err"];
    assert_eq!(shown["code"], "store_unreachable", "{panels}");
    assert!(shown["message"].as_str().unwrap().contains("Start"), "{shown}");
    rig.start_redis().await;
    rig.comes_back("user1", "after").await;
    for _ in 0..2 {
        assert_eq!(rig.saying("user1", "during", "id-1").await.unwrap().status, StatusCode::OK);
    }
    assert_eq!(rig.history("user1").await, history(&["before", "after", "during"]));
}

#[tokio::test]
async fn daprd_killed_in_mid_turn_loses_no_acknowledged_message_and_doubles_none() {
    let Some(mut rig) = Rig::start().await else { return };
    rig.switch_off("user1").await;
    assert_eq!(rig.say("user1", "before").await.status, StatusCode::OK);
    rig.arm("user1").await;
    let sent = tokio::spawn(rig.saying("user1", "during", "id-1"));
    rig.until("user1", waits(2, Operation::Load)).await;
    rig.daprd.kill().await;
    let during = sent.await.unwrap().unwrap();
    assert_failed(&during, "outcome_unknown", &["went away during the call", "send the same message again"]);
    assert_failed(
        &rig.say("user1", "nobody there").await,
        "sidecar_unreachable",
        &["No Dapr sidecar answers", "Start it"],
    );
    rig.until("user1", |step| matches!(step, Step::TurnFailed { turn: 2, .. })).await;
    let (_, panels) = rig.get("/api/lab/user1").await;
    let shown = &panels["history"]["Err"];
    assert_eq!(shown["code"], "sidecar_unreachable", "{panels}");
    assert!(shown["message"].as_str().unwrap().contains("Start it"), "{shown}");
    rig.restart_daprd().await;
    for _ in 0..2 {
        let again = rig.saying("user1", "during", "id-1").await.unwrap();
        assert_eq!(again.status, StatusCode::OK, "the first call after the restart is answered: {again:?}");
    }
    assert_eq!(rig.history("user1").await, history(&["before", "during"]));
}

#[tokio::test]
async fn placement_killed_in_mid_turn_is_said_to_be_away_instead_of_nothing() {
    let Some(mut rig) = Rig::start().await else { return };
    assert_eq!(rig.say("user1", "before").await.status, StatusCode::OK);
    rig.arm("user1").await;
    let sent = tokio::spawn(rig.saying("user1", "during", "id-1"));
    rig.until("user1", waits(2, Operation::Load)).await;
    rig.placement.kill().await;
    let during = sent.await.unwrap().unwrap();
    assert_failed(&during, "retries_exhausted", &["Nothing was stored"]);
    let away = rig.saying("user1", "without placement", "id-2").await.unwrap();
    assert_failed(&away, "sidecar_unreachable", &["lost its placement service", "Start placement"]);
    let (_, panels) = rig.get("/api/lab/user1").await;
    let shown = panels["history"]["Err"]["message"].as_str().unwrap();
    assert!(shown.contains("lost its placement service") && shown.contains("Start placement"), "{panels}");
    rig.restart_placement();
    rig.comes_back("user1", "after").await;
    for (content, id) in [("during", "id-1"), ("without placement", "id-2"), ("without placement", "id-2")] {
        let again = rig.saying("user1", content, id).await.unwrap();
        assert_eq!(again.status, StatusCode::OK, "{again:?}");
    }
    assert_eq!(rig.history("user1").await, history(&["before", "after", "during", "without placement"]));
}

#[tokio::test]
async fn faultlab_killed_in_mid_turn_comes_back_and_the_message_is_there_once() {
    let Some(mut rig) = Rig::start().await else { return };
    assert_eq!(rig.say("user1", "before").await.status, StatusCode::OK);
    rig.arm("user1").await;
    let sent = tokio::spawn(rig.saying("user1", "during", "id-1"));
    rig.until("user1", waits(2, Operation::Load)).await;
    rig.faultlab.kill().await;
    assert!(sent.await.unwrap().is_none(), "nobody is there to answer");
    rig.restart_faultlab().await;
    for _ in 0..2 {
        let again = rig.saying("user1", "during", "id-1").await.unwrap();
        assert_eq!(again.status, StatusCode::OK, "{again:?}");
    }
    assert_eq!(rig.history("user1").await, history(&["before", "during"]));
}
