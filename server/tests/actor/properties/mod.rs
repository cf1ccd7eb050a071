//! For any plan, policy, stored history and way of releasing what is held, what a turn does is what was predicted of it,
//! and what is stored is what the acknowledged messages make it: in memory on paused time for many cases, and on the real
//! sidecar in real time for a sample.
//!
//! - [`cases`]: what is tried; [`subject`]: the labs in which it is

mod cases;
mod subject;

use std::time::Duration;

use futures::{StreamExt, stream};
use model::{
    error::{ErrorCode, LabError},
    fault::{FaultPlan, FaultSetting},
    lesson::prediction::{Forecast, PredictedStep},
    message::{HISTORY_LIMIT, Message, MessageId, keep_last},
    operation::Operation,
    policy::RetryPolicy,
    timeline::{Outcome, Turn, Wait, turns},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use server::actor::memory::MemoryLab;
use sidecar::Ports;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use self::{
    cases::{Between, Case, PAUSED, REAL, case},
    subject::{Real, Subject},
};
use crate::support::Bench;

/// How many labs are tried in memory; each sends up to four messages.
const CASES: u32 = 2_000;

/// How many of them on the real sidecar, and how many of those at the same time.
const REAL_CASES: usize = 48;
const AT_ONCE: usize = 8;

/// Sends a message while somebody releases what is held.
async fn send(lab: &impl Subject, content: &str, id: &MessageId, releases: Option<u64>) -> Result<Message, LabError> {
    let releasing = async {
        loop {
            sleep(Duration::from_millis(releases.unwrap_or(1_000_000))).await;
            lab.release();
        }
    };
    tokio::select! {
        answer = lab.send(content, id) => answer,
        () = releasing => unreachable!("it goes on for ever"),
    }
}

/// The steps of a turn, told like those of a prediction.
fn happened(turn: &Turn) -> Vec<(Operation, u8, &'static str)> {
    let mut steps = Vec::new();
    for attempt in &turn.attempts {
        let waited = |wait: &Wait| wait.operation == attempt.operation && wait.attempt == attempt.attempt;
        if turn.waits.iter().any(waited) {
            steps.push((attempt.operation, attempt.attempt, "wait"));
        }
        let end = if attempt.failed() { "fails" } else { "succeeds" };
        steps.push((attempt.operation, attempt.attempt, end));
    }
    steps
}

fn told(step: &PredictedStep) -> (Operation, u8, &'static str) {
    match *step {
        PredictedStep::Attempt { operation, attempt, fails, .. } => {
            (operation, attempt, if fails { "fails" } else { "succeeds" })
        }
        PredictedStep::Wait { operation, attempt, .. } => (operation, attempt, "wait"),
    }
}

fn forecast(answer: &Result<Message, LabError>, turn: &Turn) -> Forecast {
    match (answer, &turn.outcome) {
        (Ok(_), Outcome::Completed { repeated: true, .. }) => Forecast::Repeated,
        (Ok(_), _) => Forecast::Stored,
        (Err(error), _) if error.code == ErrorCode::OutcomeUnknown => Forecast::Unknown,
        (Err(_), _) => Forecast::NotStored,
    }
}

/// Runs a case in a lab that nobody has touched, and holds every message to its prediction.
async fn run<S: Subject>(lab: &S, case: &Case) -> Result<(), TestCaseError> {
    let history: Vec<Message> = (0..case.stored).map(|n| Message::user(format!("old {n}"))).collect();
    lab.put(history.clone()).await;
    lab.set_fault(FaultSetting::OFF).unwrap();
    // What cannot end within a turn's time is refused, and leaves what was set.
    let _ = lab.set_policy(case.policy);
    if let Ok(plan) = FaultPlan::new(case.plan.clone()) {
        let _ = lab.set_fault(FaultSetting::on(plan));
    }
    lab.hold(case.releases.is_some());
    let mut due = history;
    let mut last = 0;
    for (n, (between, again)) in case.messages.iter().enumerate() {
        match between {
            Between::Nothing => {}
            Between::Deactivate => lab.deactivate().await,
            Between::ArmAgain => lab.arm(),
            Between::SwitchOff => lab.set_fault(FaultSetting::OFF).unwrap(),
        }
        last = if *again { last } else { n };
        let (content, id) = (format!("message {last}"), MessageId::try_from(format!("id-{last}")).unwrap());
        let prediction = lab.predict(&id).await;
        let began = Instant::now();
        let answer = send(lab, &content, &id, case.releases).await;
        let took = u64::try_from(began.elapsed().as_millis()).unwrap();

        let turns = turns(&lab.events());
        let turn = turns.last().unwrap();
        let steps: Vec<_> = prediction.steps.iter().map(told).collect();
        prop_assert_eq!(happened(turn), steps, "message {}: {:?}", n, answer);
        prop_assert_eq!(forecast(&answer, turn), prediction.outcome);
        prop_assert!(turn.holds.iter().all(|hold| hold.released.is_some()));
        prop_assert!(case.releases.is_some() || turn.holds.is_empty());
        let range = prediction.min_ms..=prediction.max_ms;
        let grain = S::GRAIN_MS * u64::try_from(prediction.steps.len()).unwrap();
        prop_assert!(
            took + 1 >= prediction.min_ms && took <= prediction.max_ms + grain,
            "{} is not in {:?}",
            took,
            range
        );

        if prediction.outcome == Forecast::Stored {
            due.extend([Message::user(content.clone()), Message::reply_to(&content)]);
            keep_last(&mut due);
        }
        let stored = lab.stored().await;
        prop_assert_eq!(&stored, &due);
        prop_assert!(stored.len() <= HISTORY_LIMIT);
        if prediction.outcome != Forecast::Unknown {
            prop_assert_eq!(stored.len(), prediction.messages);
        }
    }
    let seqs: Vec<_> = lab.events().iter().map(|event| event.seq).collect();
    prop_assert!(seqs.iter().zip(1..).all(|(seq, due)| *seq == due), "{:?}", seqs);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_happens_is_what_was_predicted_and_nothing_acknowledged_is_lost(case in case(&PAUSED)) {
        let paused = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        paused.block_on(run(&MemoryLab::new(RetryPolicy::LESSON), &case))?;
    }
}

/// The seed of an earlier run, which printed it, or another.
fn seed() -> u64 {
    let given = std::env::var("FAULTLAB_PROPERTIES_SEED").ok();
    given.map_or_else(|| fastrand::u64(..), |text| text.parse().expect("FAULTLAB_PROPERTIES_SEED is a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_real_sidecar_in_real_time_it_is_the_same() {
    let seed = seed();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed.to_le_bytes().repeat(4));
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let cases: Vec<Case> = (0..REAL_CASES).map(|_| case(&REAL).new_tree(&mut runner).unwrap().current()).collect();
    let data = TempDir::new().unwrap();
    let bench =
        Bench::start_with(data.path(), |settings| settings.policy = RetryPolicy::LESSON, Ports::default()).await;
    let running = cases.iter().enumerate().map(async |(n, case)| {
        let lab = Real { bench: &bench, actor: format!("case{n}").parse().unwrap() };
        let failed = run(&lab, case).await.err();
        failed.map(|why| format!("FAULTLAB_PROPERTIES_SEED={seed}, case {n}: {why}\n{case:#?}\n{:#?}", lab.events()))
    });
    let failed: Vec<String> =
        stream::iter(running).buffer_unordered(AT_ONCE).filter_map(async |failed| failed).collect().await;
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    bench.stop().await;
}
