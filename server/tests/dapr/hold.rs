//! Attempts that wait before they begin, with a real daprd waiting for their turn.

use std::time::Duration;

use model::{
    operation::Operation,
    policy::worst::TURN_LIMIT_MS,
    timeline::{ReleasedBy, Step, turns},
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{outages::history, rig::Rig};

/// The lesson's message: its first load fails, and the second succeeds.
const ATTEMPTS: [(Operation, u8); 4] =
    [(Operation::Load, 1), (Operation::Load, 2), (Operation::Save, 1), (Operation::Publish, 1)];

async fn hold(rig: &Rig) {
    let url = rig.url("/api/lab/user1/hold");
    let answer = rig.client.put(url).json(&json!({"on": true})).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

/// What let each attempt of the first turn go that was held.
async fn releases(rig: &Rig) -> Vec<(Operation, u8, ReleasedBy)> {
    let holds = turns(&rig.events("user1").await).remove(0).holds;
    holds.into_iter().map(|hold| (hold.operation, hold.attempt, hold.released.unwrap().1)).collect()
}

#[tokio::test]
async fn a_message_comes_through_daprd_release_by_release_and_recovers() {
    let Some(rig) = Rig::start().await else { return };
    hold(&rig).await;
    let sent = tokio::spawn(rig.saying("user1", "Hi there", "id-1"));
    for (operation, attempt) in ATTEMPTS {
        let held = |step: &Step| matches!(step, Step::AttemptHeld { operation: o, attempt: a, .. } if (*o, *a) == (operation, attempt));
        rig.until("user1", held).await;
        let stored = rig.cli(&["EXISTS", "daca-ai-app||ChatAgent||user1||history-user1"]).await;
        let due = if operation == Operation::Publish { "1" } else { "0" };
        assert_eq!(stored, due, "while {operation:?} is held");
        let (_, body) = rig.post("/api/lab/user1/release").await;
        assert_eq!(
            (&body["released"]["operation"], &body["released"]["attempt"]),
            (&json!(operation), &json!(attempt))
        );
    }
    let answer = sent.await.unwrap().unwrap();
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, "Got your message: Hi there"), "{answer:?}");
    assert_eq!(releases(&rig).await, ATTEMPTS.map(|(operation, attempt)| (operation, attempt, ReleasedBy::Person)));
    rig.until("user1", |step| matches!(step, Step::Recovered { operation: Operation::Load, attempt: 2, .. })).await;
    assert_eq!(rig.history("user1").await, history(&["Hi there"]), "reading is not held");
}

#[tokio::test]
async fn what_nobody_releases_goes_by_itself_before_daprd_loses_its_patience() {
    let Some(rig) = Rig::start().await else { return };
    hold(&rig).await;
    let answer = rig.saying("user1", "Hi there", "id-1").await.unwrap();
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let limit = Duration::from_millis(TURN_LIMIT_MS);
    // It was held for as long as the rest of the turn left time for it, and no longer.
    assert!(answer.took < limit && answer.took > limit * 2 / 3, "{:?}", answer.took);
    let releases = releases(&rig).await;
    assert!(!releases.is_empty() && releases.iter().all(|(.., by)| *by == ReleasedBy::Limit), "{releases:?}");
    assert_eq!(turns(&rig.events("user1").await).len(), 1, "daprd has called the actor once");
    let (_, hold) = rig.get("/api/lab/user1/hold").await;
    assert_eq!(hold, json!({"on": true, "held": Value::Null}));
    assert_eq!(rig.history("user1").await, history(&["Hi there"]));
}
