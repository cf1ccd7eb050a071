//! What is stored outlives the process.

use model::{message::Message, timeline::Step};
use tempfile::TempDir;

use crate::support::{Bench, both, user1};

#[tokio::test]
async fn a_restart_keeps_the_history_and_knows_repeats() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    bench.send_as("first", "id-1").await.unwrap();
    bench.stop().await;

    let bench = Bench::start(data.path()).await;
    assert_eq!(bench.history().await, both("first"));
    assert_eq!(bench.send_as("first", "id-1").await.unwrap(), Message::reply_to("first"));
    bench.send_as("second", "id-2").await.unwrap();
    assert_eq!(bench.history().await, [both("first"), both("second")].concat());
    let panels = bench.backend().panels(&user1()).await;
    assert_eq!(panels.before, both("first"), "what was there before the timeline begins");
    bench.stop().await;
}

#[tokio::test]
async fn a_stop_deactivates_the_actors_after_their_turns() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    let timelines = bench.lab.timelines();
    bench.send("one").await.unwrap();
    bench.stop().await;
    let events = timelines.snapshot(&user1()).events;
    assert_eq!(events.iter().filter(|event| event.step == Step::Deactivated).count(), 1);
}
