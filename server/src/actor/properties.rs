//! For any plan, policy, stored history and way of releasing what is held, what a turn does is what was predicted of it, and what is stored is what
//! the acknowledged messages make it.

use app::{
    fault::{Fault, FaultKind, FaultPlan, FaultSetting, FaultSpan},
    lesson::prediction::{Forecast, PredictedStep},
    message::{HISTORY_LIMIT, keep_last},
    policy::{Backoff, RetryPolicy},
    timeline::{Layer, Operation, Outcome, Turn, Wait},
};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{memory::MemoryLab, state::Conversation, *};

/// How many labs are tried; each sends up to four messages.
const CASES: u32 = 2_000;

/// What is done between two messages.
#[derive(Clone, Copy, Debug)]
enum Between {
    Nothing,
    Deactivate,
    ArmAgain,
    SwitchOff,
}

#[derive(Clone, Debug)]
struct Case {
    plan: Vec<Fault>,
    policy: RetryPolicy,
    stored: usize,
    /// How often somebody releases what is held, in milliseconds; `None` if nothing is held.
    releases: Option<u64>,
    /// What comes before each message, and whether it is the one before it again.
    messages: Vec<(Between, bool)>,
}

fn fault() -> impl Strategy<Value = Fault> {
    let operation = select(vec![Operation::Load, Operation::Save, Operation::Publish]);
    let kind = prop_oneof![
        3 => Just(FaultKind::Error),
        1 => (1_u32..2_000).prop_map(|ms| FaultKind::Delay { ms }),
        1 => Just(FaultKind::Hang),
        2 => (1_u8..=100, any::<u32>()).prop_map(|(percent, seed)| FaultKind::Flaky { percent, seed }),
    ];
    let span = prop_oneof![
        (1_u8..=4).prop_map(|attempts| FaultSpan::First { attempts }),
        (1_u8..=4).prop_map(|attempts| FaultSpan::Next { attempts }),
        Just(FaultSpan::UntilOff),
    ];
    let layer = select(vec![Layer::Actor, Layer::Store]);
    (operation, kind, span, layer).prop_map(|(operation, kind, span, layer)| {
        let layer = if operation == Operation::Publish { Layer::Actor } else { layer };
        Fault { operation, kind, span, layer }
    })
}

fn policy() -> impl Strategy<Value = RetryPolicy> {
    let backoff = select(vec![Backoff::Constant, Backoff::Exponential]);
    (1_u8..=6, 0_u64..2_000, backoff, 0_u8..=100, any::<u32>(), 100_u64..3_000).prop_map(
        |(attempts, delay_ms, backoff, jitter_percent, seed, attempt_timeout_ms)| RetryPolicy {
            attempts,
            delay_ms,
            backoff,
            max_delay_ms: 4_000,
            jitter_percent,
            seed,
            attempt_timeout_ms,
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    use Between::{ArmAgain, Deactivate, Nothing, SwitchOff};
    let between = select(vec![Nothing, Nothing, Nothing, Deactivate, ArmAgain, SwitchOff]);
    let messages = vec((between, prop::bool::weighted(0.2)), 1..=4);
    // The last is longer than a turn: every attempt goes by itself.
    let releases = prop::option::of(select(vec![70, 900, 11_000, 60_000]));
    (vec(fault(), 1..=3), policy(), 0..=HISTORY_LIMIT, releases, messages)
        .prop_map(|(plan, policy, stored, releases, messages)| Case { plan, policy, stored, releases, messages })
}

/// Sends a message while somebody releases what is held.
async fn send(lab: &MemoryLab, content: &str, id: &str, releases: Option<u64>) -> Result<Message, LabError> {
    let releasing = async {
        loop {
            tokio::time::sleep(Duration::from_millis(releases.unwrap_or(1_000_000))).await;
            lab.controls.release(&lab.actor);
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

async fn run(case: &Case) -> Result<(), TestCaseError> {
    let lab = MemoryLab::new(RetryPolicy::LESSON);
    let history: Vec<Message> = (0..case.stored).map(|n| Message::user(format!("old {n}"))).collect();
    lab.memory.put(&lab.actor, Conversation { history: history.clone(), ..Conversation::default() });
    lab.controls.set_fault(&lab.actor, FaultSetting::OFF).unwrap();
    // What cannot end within a turn's time is refused, and leaves what was set.
    let _ = lab.controls.set_policy(&lab.actor, case.policy);
    if let Ok(plan) = FaultPlan::new(case.plan.clone()) {
        let _ = lab.controls.set_fault(&lab.actor, FaultSetting::on(plan));
    }
    lab.controls.set_hold(&lab.actor, case.releases.is_some());
    let mut due = history;
    let mut last = 0;
    for (n, (between, again)) in case.messages.iter().enumerate() {
        match between {
            Between::Nothing => {}
            Between::Deactivate => lab.deactivate(),
            Between::ArmAgain => drop(lab.controls.arm(&lab.actor)),
            Between::SwitchOff => drop(lab.controls.set_fault(&lab.actor, FaultSetting::OFF).unwrap()),
        }
        last = if *again { last } else { n };
        let (content, id) = (format!("message {last}"), MessageId::try_from(format!("id-{last}")).unwrap());
        let prediction = lab.predict(Some(&id));
        let began = tokio::time::Instant::now();
        let answer = send(&lab, &content, id.as_str(), case.releases).await;
        let took = u64::try_from(began.elapsed().as_millis()).unwrap();

        let turns = lab.turns();
        let turn = turns.last().unwrap();
        let steps: Vec<_> = prediction.steps.iter().map(told).collect();
        prop_assert_eq!(happened(turn), steps, "message {}", n);
        prop_assert_eq!(forecast(&answer, turn), prediction.outcome);
        prop_assert!(turn.holds.iter().all(|hold| hold.released.is_some()));
        prop_assert!(case.releases.is_some() || turn.holds.is_empty());
        let range = prediction.min_ms..=prediction.max_ms;
        // A timer has a millisecond's grain.
        let grain = u64::try_from(prediction.steps.len()).unwrap();
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
        let stored = lab.memory.stored(&lab.actor).history;
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
    fn what_happens_is_what_was_predicted_and_nothing_acknowledged_is_lost(case in case()) {
        let paused = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        paused.block_on(run(&case))?;
    }
}
