//! On paused time: the waits are exact and cost nothing.

use std::cell::Cell;

use model::{
    fault::{AttemptFault, FaultKind, FaultPlan, FaultSetting},
    policy::RetryPolicy,
    wire::WireSetting,
};

use super::*;
use crate::labs::Labs;

struct Bench {
    timelines: Timelines,
    controls: Controls,
    actor: ActorId,
    began: Instant,
}

impl Bench {
    fn new() -> Self {
        let (labs, policy) = (Labs::new(), RetryPolicy { attempt_timeout_ms: 6_000, ..RetryPolicy::LESSON });
        let timelines = Timelines::of(&labs);
        let controls = Controls::new(labs, policy, vec![Layer::Actor], None, None);
        Self { timelines, controls, actor: ActorId::lesson(), began: Instant::now() }
    }

    fn run(&self) -> Run<'_> {
        Run {
            controls: &self.controls,
            timelines: &self.timelines,
            actor: &self.actor,
            turn: 1,
            faulty: false,
            wire: None,
            deadline: self.began + Duration::from_secs(45),
        }
    }

    fn steps(&self) -> Vec<Step> {
        self.timelines.snapshot(&self.actor).events.into_iter().map(|event| event.step).collect()
    }

    fn log(&self) -> Vec<String> {
        let events = self.timelines.snapshot(&self.actor).events;
        events.iter().filter_map(|event| Some(event.log_line(&self.actor)?.text)).collect()
    }
}

/// A run on a lab whose wire does this, and whose plan meets the attempts so.
async fn under_two_faults(fault: AttemptFault) -> Cause {
    let listens = "127.0.0.1:1".parse().unwrap();
    let (labs, wire) = (Labs::new(), WireSwitch::new(listens, "127.0.0.1:2"));
    let timelines = Timelines::of(&labs);
    let (layers, actor) = (vec![Layer::Actor, Layer::Store], ActorId::lesson());
    let controls =
        Controls::new(labs, RetryPolicy { attempts: 1, ..RetryPolicy::LESSON }, layers, Some(wire.clone()), None);
    controls.set_fault(&actor, FaultSetting::on(FaultPlan::one(fault).unwrap())).unwrap();
    drop(wire.set(WireSetting { fault: Some(WireFault::Stall) }, &timelines));
    let (controls, timelines, deadline) = (&controls, &timelines, Instant::now() + Duration::from_secs(45));
    let run = Run { controls, timelines, actor: &actor, turn: 1, faulty: true, wire: Some(&wire), deadline };
    let result: Result<(), _> = run.retry(Operation::Load, |_| pending()).await;
    assert!(result.is_err());
    let told = timelines.snapshot(&actor).events;
    let failed = told.iter().find_map(|event| match &event.step {
        Step::AttemptFailed { cause, .. } => Some(*cause),
        _ => None,
    });
    failed.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_of_an_attempt_is_its_cause_whatever_the_wire_does_meanwhile() {
    let fault = AttemptFault::error(Operation::Load, 1);
    let hang = FaultKind::Hang;
    for (kind, layer, told) in [
        (hang, Layer::Actor, Layer::Actor),
        (FaultKind::Delay { ms: 10_000 }, Layer::Actor, Layer::Actor),
        (FaultKind::Error, Layer::Actor, Layer::Actor),
        (hang, Layer::Store, Layer::Store),
        // A delay that leaves the attempt time is not what made it too long.
        (FaultKind::Delay { ms: 1 }, Layer::Actor, Layer::Wire),
    ] {
        let cause = under_two_faults(AttemptFault { kind, layer, ..fault }).await;
        assert_eq!(cause, Cause { simulated: true, layer: told }, "{kind:?} in {layer:?}");
    }
}

/// An attempt that is told which one it is, from 1.
fn counted<A>(attempt: impl Fn(u8) -> A) -> impl FnMut(Option<StoreHit>) -> A {
    let mut n = 0;
    move |_| {
        n += 1;
        attempt(n)
    }
}

fn store_error(text: &str, maybe_done: bool) -> AttemptError {
    let cause = Cause { simulated: false, layer: Layer::Store };
    AttemptError::Transient(Failure { text: text.to_owned(), cause, maybe_done, no_answer: false, lost: false })
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_fails_once_is_tried_again_after_a_second() {
    let bench = Bench::new();
    let result = bench
        .run()
        .retry(Operation::Load, counted(|n| async move { if n == 1 { Err(AttemptError::simulated()) } else { Ok(7) } }))
        .await;
    assert_eq!(result, Ok(7));
    assert_eq!(bench.began.elapsed(), Duration::from_secs(1));
    assert_eq!(
        bench.log(),
        [
            "Retry 1 for history load: Simulated state store failure",
            "Recovered history load for history-user1 on attempt 2 after 1.000 s",
        ]
    );
    let names: Vec<_> =
        bench.steps().iter().map(|step| format!("{step:?}").split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(
        names,
        ["AttemptStarted", "AttemptFailed", "RetryScheduled", "AttemptStarted", "AttemptSucceeded", "Recovered"]
    );
}

#[tokio::test(start_paused = true)]
async fn three_attempts_have_two_waits_and_the_last_error_is_the_one_reported() {
    let bench = Bench::new();
    let attempts = Cell::new(0);
    let result: Result<(), _> = bench
        .run()
        .retry(Operation::Save, |_| {
            attempts.set(attempts.get() + 1);
            let attempt = attempts.get();
            async move { Err(store_error(&format!("down {attempt}"), false)) }
        })
        .await;
    let (reason, last) = (Reason::Exhausted, "down 3".into());
    let gave_up = GaveUp { reason, attempts: 3, last, maybe_done: false, sidecar_tried: None };
    assert_eq!(result, Err(gave_up));
    assert_eq!((attempts.get(), bench.began.elapsed()), (3, Duration::from_secs(2)));
    assert_eq!(bench.log().last().unwrap(), "Failed to save history for history-user1 after 3 attempts: down 3");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_get_better_is_not_tried_again() {
    let bench = Bench::new();
    let result: Result<(), _> = bench
        .run()
        .retry(Operation::Save, |_| async {
            Err(AttemptError::permanent("actor instance is missing".into(), Layer::Sidecar))
        })
        .await;
    assert_eq!(result.unwrap_err().reason, Reason::Permanent);
    assert_eq!(bench.began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_without_an_answer_ends_and_leaves_its_outcome_open() {
    let bench = Bench::new();
    let result: Result<(), _> = bench
        .run()
        .retry(
            Operation::Save,
            counted(|n| async move { if n == 1 { pending().await } else { Err(store_error("refused", false)) } }),
        )
        .await;
    let gave_up = result.unwrap_err();
    assert!(gave_up.maybe_done, "the first attempt may have been carried out");
    assert_eq!(bench.began.elapsed(), Duration::from_secs(6 + 1 + 1));
}

#[tokio::test(start_paused = true)]
async fn a_turn_never_lasts_longer_than_its_limit() {
    let bench = Bench::new();
    let run = Run { deadline: bench.began + Duration::from_secs(10), ..bench.run() };
    let result: Result<(), _> = run.retry(Operation::Load, |_| pending()).await;
    let gave_up = result.unwrap_err();
    assert_eq!((gave_up.reason, gave_up.attempts), (Reason::TurnLimit, 2));
    assert_eq!(bench.began.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_tried_once_is_recorded_all_the_same() {
    let bench = Bench::new();
    let result: Result<(), _> =
        bench.run().retry(Operation::Publish, |_| async { Err(store_error("no topic", false)) }).await;
    assert_eq!(result.unwrap_err().attempts, 1);
    assert_eq!(bench.log(), ["Failed to publish event: no topic"]);
}

/// What the log says and how many attempts there were, when the policy becomes this one while the attempt `at` runs and
/// every attempt fails.
async fn logged_with(at: u8, policy: RetryPolicy) -> (Vec<String>, u8) {
    let bench = Bench::new();
    let result: Result<(), _> = bench
        .run()
        .retry(
            Operation::Load,
            counted(|n| {
                if n == at {
                    bench.controls.set_policy(&bench.actor, policy).unwrap();
                }
                async { Err(store_error("down", false)) }
            }),
        )
        .await;
    let lines = bench.log().into_iter().filter(|line| !line.starts_with("Retry policy")).collect();
    (lines, result.unwrap_err().attempts)
}

#[tokio::test(start_paused = true)]
async fn a_retry_is_logged_only_if_it_follows() {
    let attempts = |attempts| RetryPolicy { attempts, ..RetryPolicy::LESSON };
    let (log, made) = logged_with(1, attempts(1)).await;
    assert_eq!((log, made), (vec!["Failed to load history for history-user1 after 1 attempt: down".to_owned()], 1));
    let (log, made) = logged_with(3, attempts(4)).await;
    let retried = |n: u8| format!("Retry {n} for history load: down");
    let failed = "Failed to load history for history-user1 after 4 attempts: down".to_owned();
    assert_eq!((log, made), (vec![retried(1), retried(2), retried(3), failed], 4), "and one that follows is");
    let (log, made) = logged_with(2, attempts(1)).await;
    let failed = "Failed to load history for history-user1 after 2 attempts: down".to_owned();
    assert_eq!((log, made), (vec![retried(1), failed], 2));
}

#[tokio::test(start_paused = true)]
async fn the_last_attempt_that_the_turn_has_time_for_tells_of_no_retry() {
    let bench = Bench::new();
    let run = Run { deadline: bench.began + Duration::from_millis(1_500), ..bench.run() };
    let result: Result<(), _> = run.retry(Operation::Load, |_| async { Err(store_error("down", false)) }).await;
    assert_eq!(result.unwrap_err().reason, Reason::TurnLimit);
    let failed = "Failed to load history for history-user1 after 2 attempts: down";
    assert_eq!(bench.log(), ["Retry 1 for history load: down", failed]);
}

#[tokio::test(start_paused = true)]
async fn the_wire_is_the_cause_of_what_it_can_have_made_and_of_nothing_else() {
    use model::wire::WireSetting;

    /// The layer and the intent of an attempt that fails like this while the wire does that.
    async fn cause(fault: Option<WireFault>, text: &'static str, lost: bool) -> Cause {
        let bench = Bench::new();
        let wire = WireSwitch::new("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2");
        drop(wire.set(WireSetting { fault }, &bench.timelines));
        let failure = Failure {
            text: text.to_owned(),
            cause: Cause { simulated: false, layer: Layer::Store },
            maybe_done: false,
            no_answer: false,
            lost,
        };
        let run = Run { wire: Some(&wire), deadline: bench.began + Duration::from_millis(500), ..bench.run() };
        let attempt = |_| std::future::ready(Err::<(), _>(AttemptError::Transient(failure.clone())));
        run.retry(Operation::Load, attempt).await.unwrap_err();
        let failed = bench.steps().into_iter().find_map(|step| match step {
            Step::AttemptFailed { cause, .. } => Some(cause),
            _ => None,
        });
        failed.unwrap()
    }

    let (wire, store) =
        (Cause { simulated: true, layer: Layer::Wire }, Cause { simulated: false, layer: Layer::Store });
    let faults = [WireFault::Refuse, WireFault::Stall, WireFault::Cut, WireFault::Delay { ms: 3_000 }];
    for fault in faults {
        assert_eq!(cause(Some(fault), "EOF", true).await, wire, "{fault:?}");
        assert_eq!(cause(Some(fault), "READONLY", false).await, store, "Redis has answered through {fault:?}");
    }
    assert_eq!(cause(Some(WireFault::Delay { ms: 1 }), "READONLY", false).await, store);
    assert_eq!(cause(Some(WireFault::Delay { ms: 1 }), "EOF", true).await, store, "a delay breaks no connection");
    assert_eq!(cause(None, "EOF", true).await, store);
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_the_cause_of_a_time_out_that_it_can_have_made() {
    let no_answer = |limit_ms: u64| {
        let AttemptError::Transient(failure) = AttemptError::no_answer(Duration::from_millis(limit_ms)) else {
            unreachable!()
        };
        move |ms| failure.is_made_by(WireFault::Delay { ms }, false, Duration::from_millis(limit_ms))
    };
    let made = no_answer(1_000);
    assert!(!made(1) && !made(100), "another has taken the time");
    assert!(made(250) && made(800) && made(1_000));
}
