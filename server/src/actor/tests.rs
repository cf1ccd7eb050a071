//! Turns over a store in memory whose answers are scripted, on paused time.

use model::{
    fault::{AttemptFault, FaultKind, FaultPlan, FaultSetting, FaultSpan},
    lesson::prediction::{Forecast, PredictedStep},
    message::{HISTORY_LIMIT, KNOWN_MESSAGES},
    operation::{Layer, Operation},
    policy::{Backoff, RetryPolicy},
    timeline::{AttemptState, Outcome},
};

use super::{
    memory::{MemoryLab, Save},
    state::Conversation,
    *,
};

/// An actor whose switch is off, over a store that does this with the first saves.
fn lab(saves: impl IntoIterator<Item = Save>) -> MemoryLab {
    let lab = MemoryLab::new(RetryPolicy::LESSON);
    lab.controls.set_fault(&lab.actor, FaultSetting::OFF).unwrap();
    lab.memory.next_saves(saves);
    lab
}

/// Sends a message whose id is made of its text.
async fn send(lab: &MemoryLab, content: &str) -> Result<Message, LabError> {
    lab.send(content, &format!("id-{content}")).await
}

fn stored(lab: &MemoryLab) -> Conversation {
    lab.memory.stored(&lab.actor)
}

fn steps(lab: &MemoryLab) -> Vec<Step> {
    lab.events().into_iter().map(|event| event.step).collect()
}

fn replies(lab: &MemoryLab) -> Vec<(u64, String)> {
    let reply = |step: &Step| match step {
        Step::ReplyReady { turn, content, .. } => Some((*turn, content.clone())),
        _ => None,
    };
    steps(lab).iter().filter_map(reply).collect()
}

fn reply(content: &str) -> Message {
    Message::reply_to(content)
}

#[tokio::test(start_paused = true)]
async fn a_save_whose_answer_was_lost_is_settled_by_the_next_attempt() {
    let lab = lab([Save::Lose]);
    assert_eq!(send(&lab, "one").await.unwrap(), reply("one"));
    assert_eq!(stored(&lab).history.len(), 2);
    assert_eq!(replies(&lab), [(1, "one".into())]);
}

#[tokio::test(start_paused = true)]
async fn a_save_that_stays_unknown_is_settled_by_the_next_turn_before_it_writes() {
    let lab = lab([Save::Lose, Save::Refuse, Save::Refuse]);
    let error = send(&lab, "one").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::OutcomeUnknown);
    assert!(replies(&lab).is_empty());
    assert_eq!(send(&lab, "two").await.unwrap(), reply("two"));
    assert_eq!(replies(&lab), [(1, "one".into()), (2, "two".into())]);
    assert_eq!(stored(&lab).history.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_same_message_sent_again_after_an_unknown_save_is_not_applied_twice() {
    let lab = lab([Save::Lose, Save::Refuse, Save::Refuse]);
    send(&lab, "one").await.unwrap_err();
    assert_eq!(send(&lab, "one").await.unwrap(), reply("one"));
    assert_eq!(stored(&lab).history.len(), 2);
    assert!(matches!(steps(&lab).last(), Some(Step::TurnCompleted { repeated: true, .. })));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_save_that_was_not_carried_out_is_not_told_as_stored() {
    let lab = lab([Save::Swallow, Save::Refuse, Save::Refuse]);
    send(&lab, "one").await.unwrap_err();
    send(&lab, "two").await.unwrap();
    assert_eq!(replies(&lab), [(2, "two".into())]);
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_save_stores_nothing_publishes_nothing_and_says_so() {
    let lab = lab([Save::Refuse, Save::Refuse, Save::Refuse]);
    let error = send(&lab, "one").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::RetriesExhausted);
    assert!(error.message.contains("Failed to save history for history-user1 after 3 attempts: store"), "{error}");
    assert_eq!(stored(&lab), Conversation::default());
    assert!(lab.memory.published().is_empty());
}

#[tokio::test(start_paused = true)]
async fn five_messages_are_kept_and_the_last_three_hundred_are_known() {
    let lab = lab([]);
    for n in 0..=KNOWN_MESSAGES {
        send(&lab, &n.to_string()).await.unwrap();
    }
    let stored = stored(&lab);
    assert_eq!(stored.history.len(), HISTORY_LIMIT);
    assert_eq!(stored.history[4], Message::reply_to("300"));
    assert_eq!(stored.history[0], Message::reply_to("298"), "messages are counted, not exchanges");
    let known = |n: usize| stored.answered.has(&MessageId::try_from(format!("id-{n}")).unwrap());
    assert_eq!((known(0), known(1), known(KNOWN_MESSAGES)), (false, true, true));
    assert_eq!(send(&lab, "1").await.unwrap(), reply("1"), "and so the oldest of them is not applied twice");
    assert_eq!(lab.memory.stored(&lab.actor), stored);
}

#[tokio::test(start_paused = true)]
async fn another_message_with_an_id_that_is_taken_is_refused_and_not_stored() {
    let lab = lab([]);
    lab.send("one", "id").await.unwrap();
    let before = stored(&lab);
    let refused = lab.send("two", "id").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::IdReused);
    assert_eq!(stored(&lab), before);
    assert_eq!(lab.send("one", "id").await.unwrap(), reply("one"), "the message itself is still answered");
    lab.send("two", "id-2").await.unwrap();
    assert_eq!(replies(&lab), [(1, "one".into()), (4, "two".into())]);
}

#[tokio::test(start_paused = true)]
async fn a_turn_runs_to_its_end_when_its_caller_is_gone() {
    let lab = lab([Save::Refuse, Save::Refuse]);
    let agents = lab.agents.clone();
    let caller = tokio::spawn(async move {
        let id = MessageId::try_from("id".to_owned()).unwrap();
        agents.call(ActorId::lesson(), Call::ProcessMessage { message: Message::user("one"), id }, None).await
    });
    let mut follow = lab.timelines.follow(&lab.actor, None);
    while !matches!(follow.live.next().await.unwrap().step, Step::RetryScheduled { .. }) {}
    caller.abort();
    lab.agents.turns_finished().await;
    assert_eq!(stored(&lab).history.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_deactivation_in_mid_turn_lets_the_turn_end_before_the_next_begins() {
    let lab = lab([Save::Refuse]);
    let first = tokio::spawn({
        let agents = lab.agents.clone();
        async move {
            let id = MessageId::try_from("one".to_owned()).unwrap();
            agents.call(ActorId::lesson(), Call::ProcessMessage { message: Message::user("one"), id }, None).await
        }
    });
    let mut follow = lab.timelines.follow(&lab.actor, None);
    while !matches!(follow.live.next().await.unwrap().step, Step::RetryScheduled { .. }) {}
    lab.deactivate();
    let second = send(&lab, "two").await.unwrap();
    assert_eq!((first.await.unwrap().unwrap(), second), (Answer::Reply(reply("one")), reply("two")));
    let order: Vec<_> = steps(&lab)
        .iter()
        .filter_map(|step| match step {
            Step::Activated => Some("activated".to_owned()),
            Step::Deactivated => Some("deactivated".to_owned()),
            Step::TurnStarted { turn, .. } => Some(format!("start {turn}")),
            Step::TurnCompleted { turn, .. } => Some(format!("end {turn}")),
            _ => None,
        })
        .collect();
    assert_eq!(order, ["activated", "start 1", "deactivated", "end 1", "activated", "start 2", "end 2"]);
}

/// Waits until a retry is scheduled, then does something about it.
async fn while_a_retry_waits(lab: &MemoryLab, act: impl FnOnce()) {
    let mut follow = lab.timelines.follow(&lab.actor, None);
    while !matches!(follow.live.next().await.unwrap().step, Step::RetryScheduled { .. }) {}
    act();
}

fn arm(lab: &MemoryLab, faults: Vec<AttemptFault>) {
    lab.controls.set_fault(&lab.actor, FaultSetting::on(FaultPlan::new(faults).unwrap())).unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_outage_can_be_ended_while_a_retry_waits() {
    let lab = lab([]);
    arm(&lab, vec![AttemptFault::error(Operation::Load, 5)]);
    let ended = while_a_retry_waits(&lab, || drop(lab.controls.set_fault(&lab.actor, FaultSetting::OFF)));
    let (sent, ()) = tokio::join!(send(&lab, "one"), ended);
    assert_eq!(sent.unwrap(), reply("one"));
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_is_set_while_a_retry_waits_holds_for_what_comes_after() {
    let lab = lab([]);
    arm(&lab, vec![AttemptFault { span: FaultSpan::UntilOff, ..AttemptFault::LESSON }]);
    let policy = RetryPolicy { attempts: 4, delay_ms: 100, backoff: Backoff::Exponential, ..RetryPolicy::LESSON };
    let set = while_a_retry_waits(&lab, || drop(lab.controls.set_policy(&lab.actor, policy)));
    let (sent, ()) = tokio::join!(send(&lab, "one"), set);
    assert!(sent.unwrap_err().message.contains("after 4 attempts"));
    let waits: Vec<_> = lab.turns()[0].waits.iter().map(|wait| wait.delay_ms).collect();
    assert_eq!(waits, [1_000, 200, 400], "the wait under way stays as it was");
    assert!(lab.events().iter().any(|event| event.step == Step::PolicyChanged { policy }));
}

#[tokio::test(start_paused = true)]
async fn what_hangs_in_the_actor_never_left_and_is_known_not_to_be_stored() {
    let lab = lab([]);
    arm(
        &lab,
        vec![AttemptFault {
            operation: Operation::Save,
            kind: FaultKind::Hang,
            span: FaultSpan::UntilOff,
            ..AttemptFault::LESSON
        }],
    );
    assert_eq!(send(&lab, "one").await.unwrap_err().code, ErrorCode::RetriesExhausted);
    arm(
        &lab,
        vec![AttemptFault {
            operation: Operation::Save,
            kind: FaultKind::Hang,
            layer: Layer::Store,
            span: FaultSpan::UntilOff,
        }],
    );
    assert_eq!(send(&lab, "two").await.unwrap_err().code, ErrorCode::OutcomeUnknown);
    lab.controls.set_fault(&lab.actor, FaultSetting::OFF).unwrap();
    assert_eq!(send(&lab, "three").await.unwrap(), reply("three"));
    assert_eq!(stored(&lab).history, [Message::user("three"), reply("three")], "no write is late");
}

/// That the next turn goes as predicted, attempt by attempt, and takes exactly the time that was foretold.
async fn comes_true(lab: &MemoryLab, content: &str) {
    let predicted = lab.predict(None);
    let began = Instant::now();
    let sent = send(lab, content).await;
    assert_eq!(began.elapsed().as_millis(), u128::from(predicted.min_ms), "{}", predicted.sentence());
    assert_eq!(sent.is_ok(), predicted.succeeds(), "{}", predicted.sentence());
    assert_eq!(
        sent.is_err_and(|error| error.code == ErrorCode::OutcomeUnknown),
        predicted.outcome == Forecast::Unknown
    );
    let turn = lab.turns().pop().unwrap();
    assert!(!matches!(turn.outcome, Outcome::Running));
    let attempts: Vec<_> = turn
        .attempts
        .iter()
        .map(|a| (a.operation, a.attempt, a.max, matches!(a.state, AttemptState::Failed { .. }), a.hit))
        .collect();
    let waits: Vec<_> = turn.waits.iter().map(|w| (w.operation, w.attempt, w.delay_ms)).collect();
    let (mut wanted, mut waited) = (Vec::new(), Vec::new());
    for step in predicted.steps {
        match step {
            PredictedStep::Attempt { operation, attempt, max, fails, hit, .. } => {
                wanted.push((operation, attempt, max, fails, hit));
            }
            PredictedStep::Wait { operation, attempt, delay_ms } => waited.push((operation, attempt, delay_ms)),
        }
    }
    assert_eq!((attempts, waits), (wanted, waited));
    assert_eq!(stored(lab).history.len(), predicted.messages);
}

#[tokio::test(start_paused = true)]
async fn every_kind_and_span_in_both_layers_comes_true_as_predicted() {
    let kinds = [
        FaultKind::Error,
        FaultKind::Delay { ms: 300 },
        FaultKind::Delay { ms: 2_000 },
        FaultKind::Hang,
        FaultKind::Flaky { percent: 50, seed: 3 },
    ];
    let spans = [FaultSpan::First { attempts: 2 }, FaultSpan::Next { attempts: 4 }, FaultSpan::UntilOff];
    let policy = RetryPolicy {
        delay_ms: 50,
        backoff: Backoff::Exponential,
        jitter_percent: 30,
        attempt_timeout_ms: 1_500,
        ..RetryPolicy::LESSON
    };
    for operation in Operation::OF_A_MESSAGE {
        for layer in [Layer::Actor, Layer::Store] {
            for (kind, span) in kinds.iter().flat_map(|kind| spans.iter().map(move |span| (*kind, *span))) {
                let fault = AttemptFault { operation, kind, span, layer };
                if fault.check().is_err() {
                    continue;
                }
                let lab = MemoryLab::new(policy);
                let late = AttemptFault {
                    operation: Operation::Save,
                    kind: FaultKind::Delay { ms: 70 },
                    ..AttemptFault::LESSON
                };
                arm(&lab, vec![late, fault]);
                for n in 0..4 {
                    comes_true(&lab, &n.to_string()).await;
                }
                lab.deactivate();
                comes_true(&lab, "activated").await;
            }
        }
    }
}

/// Whether anything of a turn is left open.
fn is_open(lab: &MemoryLab) -> bool {
    let running = |turn: &model::timeline::Turn| !turn.ended();
    lab.turns().iter().any(running)
        || lab.timelines.waiting(&lab.actor).is_some()
        || lab.controls.hold_status(&lab.actor).held.is_some()
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_breaks_off_is_told_as_failed_and_the_next_one_runs() {
    let lab = lab([Save::Panic]);
    let error = send(&lab, "one").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Internal);
    assert!(!is_open(&lab), "{:#?}", steps(&lab));
    assert!(matches!(steps(&lab).last(), Some(Step::TurnFailed { turn: 1, .. })));
    assert_eq!(send(&lab, "one").await.unwrap(), reply("one"));
}

/// A log that breaks at its line of this number.
#[derive(Clone)]
struct Breaks(Arc<std::sync::atomic::AtomicUsize>);

impl std::io::Write for Breaks {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let left = self.0.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        assert_ne!(left, 1, "asked for");
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn wherever_a_turn_breaks_off_nothing_of_it_stays_open() {
    // Of activation, start, retry, recovery, reply and event.
    for line in 1..=6 {
        let breaks = Breaks(Arc::new(line.into()));
        let log = tracing_subscriber::fmt().with_writer(move || breaks.clone()).finish();
        let lab = MemoryLab::new(RetryPolicy::LESSON);
        lab.controls.set_hold(&lab.actor, true);
        let _log = tracing::subscriber::set_default(log);
        assert_eq!(send(&lab, "one").await.unwrap_err().code, ErrorCode::Internal, "line {line}");
        assert!(!is_open(&lab), "after line {line}: {:#?}", steps(&lab));
        send(&lab, "two").await.unwrap();
        assert!(!is_open(&lab), "after line {line}: {:#?}", steps(&lab));
    }
}

#[tokio::test(start_paused = true)]
async fn a_reset_that_fails_speaks_of_no_message() {
    for (saves, code) in [
        ([Save::Refuse; 3], ErrorCode::RetriesExhausted),
        ([Save::Lose, Save::Refuse, Save::Refuse], ErrorCode::OutcomeUnknown),
    ] {
        let lab = lab(saves);
        let error = lab.call(Call::ResetConversation).await.unwrap_err();
        assert_eq!(error.code, code);
        assert!(error.message.contains("eset the lab again") && error.message.contains("3 attempts"), "{error}");
        assert!(!error.message.contains("message") && !error.message.contains("Nothing was stored"), "{error}");
        let events = lab.timelines.snapshot(&lab.actor).events;
        let line = events.last().unwrap().log_line(&lab.actor).unwrap().text;
        assert!(line.starts_with("Error resetting history-user1: "), "{line}");
        let lines: Vec<_> =
            events.iter().filter_map(|event| event.log_line(&lab.actor)).map(|line| line.text).collect();
        assert!(lines.iter().any(|line| line.starts_with("Retry 1 for history delete: ")), "{lines:#?}");
        assert!(!lines.iter().any(|line| line.contains("save")), "{lines:#?}");
        lab.call(Call::ResetConversation).await.unwrap();
    }
}
