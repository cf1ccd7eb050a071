//! Attempts that wait until somebody releases them.

use std::time::Duration;

use model::{
    message::Message,
    operation::Operation,
    timeline::{ReleasedBy, Step, turns},
};
use tempfile::TempDir;

use crate::support::{Bench, both, user1};

/// The attempt that is held after the event of this number, and the number of its own.
async fn held_after(bench: &Bench, seq: u64) -> (Operation, u8, u64) {
    let held = bench.until_after(seq, |step| matches!(step, Step::AttemptHeld { .. })).await;
    let Step::AttemptHeld { operation, attempt, .. } = held.step else { unreachable!() };
    (operation, attempt, held.seq)
}

fn releases(bench: &Bench) -> Vec<(Operation, u8, ReleasedBy)> {
    let holds = turns(&bench.events()).remove(0).holds;
    holds.into_iter().map(|hold| (hold.operation, hold.attempt, hold.released.unwrap().1)).collect()
}

#[tokio::test]
async fn a_message_comes_through_release_by_release() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    bench.backend().set_hold(&user1(), true);
    let due = [(Operation::Load, 1), (Operation::Load, 2), (Operation::Save, 1), (Operation::Publish, 1)];
    let releasing = async {
        let mut seq = 0;
        for due in due {
            let (operation, attempt, at) = held_after(&bench, seq).await;
            assert_eq!((operation, attempt), due);
            assert!(bench.rows().is_empty() || operation == Operation::Publish, "nothing is stored before the save");
            let released = bench.backend().release(&user1()).unwrap();
            assert_eq!((released.operation, released.attempt), due);
            seq = at;
        }
    };
    let (sent, ()) = tokio::join!(bench.send("Hi there"), releasing);
    assert_eq!(sent.unwrap(), Message::reply_to("Hi there"));
    assert_eq!(releases(&bench), due.map(|(operation, attempt)| (operation, attempt, ReleasedBy::Person)));
    assert_eq!(bench.history().await, both("Hi there"), "reading is not held");
    bench.stop().await;
}

#[tokio::test]
async fn what_nobody_releases_goes_by_itself_and_the_turn_ends_within_its_limit() {
    let data = TempDir::new().unwrap();
    let limit = Duration::from_millis(5_900);
    let bench = Bench::start_with(data.path(), |settings| settings.turn_limit = limit, Default::default()).await;
    bench.backend().set_hold(&user1(), true);
    let held = bench.until(|step| matches!(step, Step::AttemptHeld { .. }));
    let (sent, held) = tokio::join!(bench.send("Hi there"), held);
    assert_eq!(sent.unwrap(), Message::reply_to("Hi there"));
    let Step::AttemptHeld { due_at, .. } = held.step else { unreachable!() };
    let went = bench.until(|step| matches!(step, Step::AttemptReleased { .. })).await;
    assert!(went.at + 20 >= due_at, "not before it is said: {} and {due_at}", went.at);
    assert!(releases(&bench).iter().all(|(.., by)| *by == ReleasedBy::Limit));
    let turn = turns(&bench.events()).remove(0);
    assert!(turn.ended_at.unwrap() - turn.started_at.unwrap() < 5_900);
    bench.stop().await;
}

#[tokio::test]
async fn a_reset_waits_for_nobody() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    bench.backend().set_hold(&user1(), true);
    let held_then_reset = async {
        bench.until(|step| matches!(step, Step::AttemptHeld { .. })).await;
        bench.backend().reset(&user1()).await.unwrap();
    };
    let (sent, ()) = tokio::join!(bench.send("Hi there"), held_then_reset);
    assert_eq!(sent.unwrap(), Message::reply_to("Hi there"), "the turn before it goes on");
    assert!(!bench.backend().hold(&user1()).on);
    assert!(bench.rows().is_empty());
    bench.send("Again").await.unwrap();
    bench.stop().await;
}
