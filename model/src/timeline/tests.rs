use super::*;
use crate::{
    error::{ErrorCode, LabError},
    fault::{FaultStatus, Hit},
    message::{Message, MessageId},
    operation::{Cause, Layer, Method, Operation},
    policy::RetryPolicy,
    timeline::ReleasedBy,
    wire::{CallOutcome, SeenCall, WireFault},
};

fn every_step() -> Vec<Step> {
    let (turn, operation, attempt, max, took_us) = (3, Operation::Save, 2, 3, 4_800);
    let (method, message_id) = (Method::ProcessMessage, MessageId::try_from("id-1".to_owned()).ok());
    let content = Some("Hi \"there\"".to_owned());
    let fault = FaultStatus::lesson();
    let late = Hit { actor_delay_ms: 300, store_delay_ms: 20, wire_delay_ms: 5, end: None };
    let outcome = CallOutcome::Error("READONLY".into());
    let call = SeenCall { command: "EVAL".into(), keys: vec!["history-user1".into()], outcome, took_us };
    vec![
        Step::Activated,
        Step::Deactivated,
        Step::TurnQueued { turn, method, message_id: message_id.clone(), content: content.clone() },
        Step::TurnStarted { turn, method: Method::GetConversationHistory, message_id: None, content: None },
        Step::AttemptStarted { turn, operation, attempt, max },
        Step::AttemptFailed {
            turn,
            operation,
            attempt,
            max,
            error: "away".into(),
            cause: Cause { simulated: false, layer: Layer::Store },
            transient: true,
            took_us,
        },
        Step::AttemptSucceeded { turn, operation, attempt, max, took_us },
        Step::RetryScheduled { turn, operation, attempt, max, delay_ms: 1_000, due_at: 9 },
        Step::AttemptHeld { turn, operation, attempt, max, due_at: 36_000 },
        Step::AttemptReleased { turn, operation, attempt, max, by: ReleasedBy::Limit },
        Step::Recovered { turn, operation, attempt, max, lost_us: 1_002_000 },
        Step::ReplyReady { turn, content: "Hi".into(), reply: "Got your message: Hi".into() },
        Step::HistoryReturned { turn, messages: vec![Message::user("Hi")] },
        Step::TurnCompleted { turn, took_us, repeated: true },
        Step::TurnFailed {
            turn,
            method: Method::ProcessMessage,
            took_us,
            error: LabError::new(ErrorCode::OutcomeUnknown, "who knows"),
        },
        Step::EventDelivered { turn: None, input: "Hi".into(), output: "Got it".into() },
        Step::FaultChanged { fault: fault.clone() },
        Step::FaultFired { turn, operation, attempt, hit: Hit::FAILS, fault: fault.clone() },
        Step::FaultFired { turn, operation, attempt, hit: late, fault },
        Step::PolicyChanged { policy: RetryPolicy { attempts: 5, ..RetryPolicy::LESSON } },
        Step::HoldChanged { on: true },
        Step::WireChanged { wire: None },
        Step::WireChanged { wire: Some(WireFault::Delay { ms: 800 }) },
        Step::SidecarRetriesChanged { on: true },
        Step::StoreCall { turn: Some(turn), operation: Some(operation), attempt: Some(attempt), call },
        Step::StoreRead { key: "k".into(), value: None },
        Step::CheckPassed { check: 4 },
        Step::LabReset,
    ]
}

#[test]
fn every_step_is_read_as_it_was_written() {
    for step in every_step() {
        let event = Event { seq: 7, at: 1_000, step };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event, "{json}");
    }
}

#[test]
fn a_turn_that_fails_is_told_as_what_it_was_to_do() {
    let actor = crate::actor_id::ActorId::lesson();
    let line = |method| {
        let step = Step::TurnFailed { turn: 1, method, took_us: 1, error: LabError::new(ErrorCode::Internal, "why") };
        Event { seq: 1, at: 1, step }.log_line(&actor).unwrap().text
    };
    assert_eq!(line(Method::ProcessMessage), "Error processing message for history-user1: why");
    assert_eq!(line(Method::GetConversationHistory), "Error reading history for history-user1: why");
    assert_eq!(line(Method::ResetConversation), "Error resetting history-user1: why");
    // As it was told before there was a word for it.
    let json =
        r#"{"seq":1,"at":1,"type":"turn_failed","turn":1,"took_us":1,"error":{"code":"internal","message":"x"}}"#;
    let Step::TurnFailed { method, .. } = serde_json::from_str::<Event>(json).unwrap().step else { panic!("{json}") };
    assert_eq!(method, Method::ProcessMessage);
}

#[test]
fn a_step_without_a_field_that_it_needs_is_refused() {
    let json = r#"{"seq":1,"at":1,"type":"retry_scheduled","turn":1,"operation":"load","attempt":2,"max":3}"#;
    let error = serde_json::from_str::<Event>(json).unwrap_err().to_string();
    assert!(error.starts_with("missing field `delay_ms`"), "{error}");
    let text = r#"{"seq":1,"at":1,"type":"turn_failed","turn":1,"took_us":1,"error":"a text"}"#;
    assert!(serde_json::from_str::<Event>(text).is_err(), "a turn's error has a code");
}
