//! Whole turns over a store in memory, on paused time: holds are exact and cost nothing.

use std::sync::Arc;

use model::{
    error::LabError,
    fault::FaultSetting,
    message::Message,
    operation::Operation,
    policy::RetryPolicy,
    timeline::{Outcome, Turn},
};
use tokio::{task::JoinHandle, time::sleep};

use super::*;
use crate::{
    actor::{Answer, Call, memory::MemoryLab},
    timeline::Coming,
};

/// A lab whose attempts are held, and the steps of its timeline as they come.
struct Bench {
    lab: Arc<MemoryLab>,
    steps: Coming,
    began: Instant,
}

impl Bench {
    fn new() -> Self {
        let lab = Arc::new(MemoryLab::new(RetryPolicy::LESSON));
        lab.controls.set_hold(&lab.actor, true);
        let steps = lab.timelines.follow(&lab.actor, None).live;
        Self { lab, steps, began: Instant::now() }
    }

    fn send(&self) -> JoinHandle<Result<Message, LabError>> {
        let lab = Arc::clone(&self.lab);
        tokio::spawn(async move { lab.send("Hi there", "id-1").await })
    }

    async fn until(&mut self, wanted: impl Fn(&Step) -> bool) -> Step {
        loop {
            let event = self.steps.next().await.unwrap();
            if wanted(&event.step) {
                return event.step.clone();
            }
        }
    }

    async fn held(&mut self) -> HeldAttempt {
        self.until(|step| matches!(step, Step::AttemptHeld { .. })).await;
        self.lab.controls.hold_status(&self.lab.actor).held.unwrap()
    }

    fn turn(&self) -> Turn {
        self.lab.turns().remove(0)
    }

    /// The attempts that were held, and what let each go.
    fn holds(&self) -> Vec<(Operation, u8, ReleasedBy)> {
        self.turn().holds.iter().map(|hold| (hold.operation, hold.attempt, hold.released.unwrap().1)).collect()
    }

    fn seconds(&self) -> u64 {
        self.began.elapsed().as_secs()
    }
}

#[tokio::test(start_paused = true)]
async fn each_attempt_of_a_message_waits_until_it_is_released() {
    let mut bench = Bench::new();
    let sent = bench.send();
    for (operation, attempt) in
        [(Operation::Load, 1), (Operation::Load, 2), (Operation::Save, 1), (Operation::Publish, 1)]
    {
        let held = bench.held().await;
        assert_eq!((held.turn, held.operation, held.attempt), (1, operation, attempt));
        sleep(Duration::from_secs(3)).await;
        let begun = bench.turn().attempts.iter().any(|a| a.operation == operation && a.attempt == attempt);
        assert!(!begun, "it has not begun");
        assert_eq!(bench.lab.controls.release(&bench.lab.actor), Some(held));
        assert_eq!(bench.lab.controls.release(&bench.lab.actor), None, "one press lets one attempt go");
    }
    sent.await.unwrap().unwrap();
    assert_eq!(bench.seconds(), 4 * 3 + 1, "the retry's own wait comes before its hold");
    let recovered = bench.lab.events().into_iter().find_map(|event| match event.step {
        Step::Recovered { lost_us, .. } => Some(lost_us / 1_000_000),
        _ => None,
    });
    assert_eq!(recovered, Some(4), "lost from the first attempt's start, which is after its hold");
    assert!(bench.turn().holds.iter().all(|hold| hold.released.unwrap().1 == ReleasedBy::Person));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_nobody_releases_goes_in_time_for_the_turn_to_end() {
    let mut bench = Bench::new();
    let sent = bench.send();
    let held = bench.held().await;
    let in_ms = held.due_at.saturating_sub(now_ms());
    assert!((35_900..=36_000).contains(&in_ms), "45 s, less 5 s and two waits of each of two operations: {in_ms}");
    sent.await.unwrap().unwrap();
    // The second load comes a wait after the first went, at 37 s, which is just when it would go: it is not held.
    let by = ReleasedBy::Limit;
    assert_eq!(bench.holds(), [(Operation::Load, 1, by), (Operation::Save, 1, by), (Operation::Publish, 1, by)]);
    assert_eq!(bench.seconds(), 40, "5 s are left for the store's own time");
    assert!(matches!(bench.turn().outcome, Outcome::Completed { .. }));
}

#[tokio::test(start_paused = true)]
async fn switched_off_a_held_attempt_goes_at_once_and_no_other_is_held() {
    let mut bench = Bench::new();
    let sent = bench.send();
    bench.held().await;
    let status = bench.lab.controls.set_hold(&bench.lab.actor, false);
    assert_eq!(status, HoldStatus { on: false, held: None });
    sent.await.unwrap().unwrap();
    assert_eq!(bench.holds(), [(Operation::Load, 1, ReleasedBy::Switch)]);
    assert_eq!(bench.seconds(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_policy_moves_the_end_of_a_hold() {
    let mut bench = Bench::new();
    let sent = bench.send();
    let before = bench.held().await;
    sleep(Duration::from_secs(10)).await;
    let (controls, actor) = (&bench.lab.controls, &bench.lab.actor);
    controls.set_policy(actor, RetryPolicy { attempts: 5, delay_ms: 3_000, ..RetryPolicy::LESSON }).unwrap();
    let moved = controls.hold_status(actor).held.unwrap();
    assert_eq!(moved.max, 5);
    // Eight waits of 3 s instead of four of 1 s. The wall clock has not moved by those 10 s.
    assert!((before.due_at - moved.due_at).abs_diff(30_000) < 100, "{before:?} {moved:?}");
    bench.until(|step| matches!(step, Step::AttemptReleased { by: ReleasedBy::Limit, .. })).await;
    assert_eq!(bench.seconds(), 16);
    controls_off(&bench);
    sent.await.unwrap().unwrap();
}

fn controls_off(bench: &Bench) {
    bench.lab.controls.set_hold(&bench.lab.actor, false);
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_is_switched_off_meanwhile_gives_a_hold_its_time_back() {
    let mut bench = Bench::new();
    let late = r#"[{"operation":"load","kind":"delay","ms":4000,"span":"until_off"}]"#;
    let late = FaultSetting::on(serde_json::from_str(late).unwrap());
    bench.lab.controls.set_fault(&bench.lab.actor, late).unwrap();
    let sent = bench.send();
    let before = bench.held().await;
    bench.lab.controls.set_fault(&bench.lab.actor, FaultSetting::OFF).unwrap();
    let moved = bench.lab.controls.hold_status(&bench.lab.actor).held.unwrap();
    assert!((moved.due_at - before.due_at).abs_diff(12_000) < 100, "{before:?} {moved:?}");
    controls_off(&bench);
    sent.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn reading_and_resetting_are_not_held_and_a_reset_switches_holding_off() {
    let bench = Bench::new();
    assert_eq!(bench.lab.call(Call::GetConversationHistory).await.unwrap(), Answer::History(Vec::new()));
    assert_eq!(bench.lab.call(Call::ResetConversation).await.unwrap(), Answer::Reset);
    assert_eq!(bench.seconds(), 0);
    assert!(!bench.lab.controls.hold_status(&bench.lab.actor).on);
    assert_eq!(bench.lab.events().last().unwrap().step, Step::HoldChanged { on: false });
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_process_waits_for_nobody() {
    let mut bench = Bench::new();
    let sent = bench.send();
    bench.held().await;
    bench.lab.controls.end_holds();
    sent.await.unwrap().unwrap();
    assert_eq!(bench.seconds(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_lengthens_the_prediction_and_nothing_is_recorded_twice() {
    let bench = Bench::new();
    let (controls, actor) = (&bench.lab.controls, &bench.lab.actor);
    assert!(controls.predict(actor, model::lesson::prediction::Stored::default()).held);
    controls.set_hold(actor, true);
    let changed = bench.lab.events().iter().filter(|event| matches!(event.step, Step::HoldChanged { .. })).count();
    assert_eq!(changed, 1);
    assert_eq!(controls.release(actor), None, "nothing is held");
}
