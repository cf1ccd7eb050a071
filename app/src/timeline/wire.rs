//! Reading an event from JSON.
//!
//! An event travels as one flat object, `{"seq":…,"at":…,"type":"attempt_failed","turn":…}`. What serde derives for
//! that shape first keeps the whole object aside and then reads it a second time; in the browser that second reader
//! costs as much as a panel. So the object is read once, into every field that any step has, and its `type` picks
//! from them.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{Cause, Event, Method, Operation, ReleasedBy, Step};
use crate::{
    error::LabError,
    fault::{FaultStatus, Hit},
    message::{Message, MessageId},
    policy::RetryPolicy,
    wire::{StoreCall, WireFault},
};

/// Every field of every step. Those of another step than the `type` names are ignored.
#[derive(Deserialize)]
pub(super) struct FlatEvent {
    seq: u64,
    at: u64,
    #[serde(rename = "type")]
    kind: Kind,
    turn: Option<u64>,
    method: Option<Method>,
    message_id: Option<MessageId>,
    content: Option<String>,
    operation: Option<Operation>,
    attempt: Option<u8>,
    max: Option<u8>,
    error: Option<EitherError>,
    cause: Option<Cause>,
    transient: Option<bool>,
    took_us: Option<u64>,
    delay_ms: Option<u64>,
    due_at: Option<u64>,
    by: Option<ReleasedBy>,
    lost_us: Option<u64>,
    reply: Option<String>,
    messages: Option<Vec<Message>>,
    repeated: Option<bool>,
    input: Option<String>,
    output: Option<String>,
    fault: Option<FaultStatus>,
    hit: Option<Hit>,
    policy: Option<RetryPolicy>,
    key: Option<String>,
    value: Option<String>,
    check: Option<u8>,
    wire: Option<WireFault>,
    call: Option<StoreCall>,
    on: Option<bool>,
}

/// The names of the steps.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Activated,
    Deactivated,
    TurnQueued,
    TurnStarted,
    AttemptStarted,
    AttemptFailed,
    AttemptSucceeded,
    RetryScheduled,
    AttemptHeld,
    AttemptReleased,
    Recovered,
    ReplyReady,
    HistoryReturned,
    TurnCompleted,
    TurnFailed,
    EventDelivered,
    FaultChanged,
    FaultFired,
    PolicyChanged,
    HoldChanged,
    WireChanged,
    SidecarRetriesChanged,
    StoreCall,
    StoreRead,
    CheckPassed,
    LabReset,
}

/// `error`: an attempt's own is a text, a turn's has a code too.
enum EitherError {
    Text(String),
    Lab(LabError),
}

impl<'de> Deserialize<'de> for EitherError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = EitherError;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or an error with its code")
            }

            fn visit_str<E>(self, text: &str) -> Result<EitherError, E> {
                Ok(EitherError::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<EitherError, A::Error> {
                LabError::deserialize(MapAccessDeserializer::new(map)).map(EitherError::Lab)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A step lacks a field that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event lacks {0}")]
pub struct MissingField(&'static str);

/// The value of a field that has to be there.
fn need<T>(name: &'static str, value: Option<T>) -> Result<T, MissingField> {
    value.ok_or(MissingField(name))
}

impl TryFrom<FlatEvent> for Event {
    type Error = MissingField;

    fn try_from(e: FlatEvent) -> Result<Self, MissingField> {
        let (seq, at) = (e.seq, e.at);
        let turn = need("turn", e.turn);
        let operation = need("operation", e.operation);
        let (attempt, max) = (need("attempt", e.attempt), need("max", e.max));
        let took_us = need("took_us", e.took_us);
        let step = match e.kind {
            Kind::Activated => Step::Activated,
            Kind::Deactivated => Step::Deactivated,
            Kind::LabReset => Step::LabReset,
            Kind::TurnQueued => {
                let (method, message_id, content) = (need("method", e.method)?, e.message_id, e.content);
                Step::TurnQueued { turn: turn?, method, message_id, content }
            }
            Kind::TurnStarted => {
                let (method, message_id, content) = (need("method", e.method)?, e.message_id, e.content);
                Step::TurnStarted { turn: turn?, method, message_id, content }
            }
            Kind::AttemptStarted => {
                Step::AttemptStarted { turn: turn?, operation: operation?, attempt: attempt?, max: max? }
            }
            Kind::AttemptFailed => {
                let Some(EitherError::Text(error)) = e.error else { return Err(MissingField("error")) };
                Step::AttemptFailed {
                    turn: turn?,
                    operation: operation?,
                    attempt: attempt?,
                    max: max?,
                    error,
                    cause: need("cause", e.cause)?,
                    transient: need("transient", e.transient)?,
                    took_us: took_us?,
                }
            }
            Kind::AttemptSucceeded => Step::AttemptSucceeded {
                turn: turn?,
                operation: operation?,
                attempt: attempt?,
                max: max?,
                took_us: took_us?,
            },
            Kind::RetryScheduled => Step::RetryScheduled {
                turn: turn?,
                operation: operation?,
                attempt: attempt?,
                max: max?,
                delay_ms: need("delay_ms", e.delay_ms)?,
                due_at: need("due_at", e.due_at)?,
            },
            Kind::AttemptHeld => Step::AttemptHeld {
                turn: turn?,
                operation: operation?,
                attempt: attempt?,
                max: max?,
                due_at: need("due_at", e.due_at)?,
            },
            Kind::AttemptReleased => Step::AttemptReleased {
                turn: turn?,
                operation: operation?,
                attempt: attempt?,
                max: max?,
                by: need("by", e.by)?,
            },
            Kind::Recovered => Step::Recovered {
                turn: turn?,
                operation: operation?,
                attempt: attempt?,
                max: max?,
                lost_us: need("lost_us", e.lost_us)?,
            },
            Kind::ReplyReady => {
                let (content, reply) = (need("content", e.content)?, need("reply", e.reply)?);
                Step::ReplyReady { turn: turn?, content, reply }
            }
            Kind::HistoryReturned => Step::HistoryReturned { turn: turn?, messages: need("messages", e.messages)? },
            Kind::TurnCompleted => {
                Step::TurnCompleted { turn: turn?, took_us: took_us?, repeated: need("repeated", e.repeated)? }
            }
            Kind::TurnFailed => {
                let Some(EitherError::Lab(error)) = e.error else { return Err(MissingField("error")) };
                Step::TurnFailed { turn: turn?, took_us: took_us?, error }
            }
            Kind::EventDelivered => {
                let (input, output) = (need("input", e.input)?, need("output", e.output)?);
                Step::EventDelivered { turn: e.turn, input, output }
            }
            Kind::FaultChanged => Step::FaultChanged { fault: need("fault", e.fault)? },
            Kind::FaultFired => Step::FaultFired {
                turn: turn?,
                operation: operation?,
                attempt: attempt?,
                hit: need("hit", e.hit)?,
                fault: need("fault", e.fault)?,
            },
            Kind::PolicyChanged => Step::PolicyChanged { policy: need("policy", e.policy)? },
            Kind::HoldChanged => Step::HoldChanged { on: need("on", e.on)? },
            Kind::WireChanged => Step::WireChanged { wire: e.wire },
            Kind::SidecarRetriesChanged => Step::SidecarRetriesChanged { on: need("on", e.on)? },
            Kind::StoreCall => {
                let (operation, attempt, call) = (e.operation, e.attempt, need("call", e.call)?);
                Step::StoreCall { turn: e.turn, operation, attempt, call }
            }
            Kind::StoreRead => Step::StoreRead { key: need("key", e.key)?, value: e.value },
            Kind::CheckPassed => Step::CheckPassed { check: need("check", e.check)? },
        };
        Ok(Self { seq, at, step })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::ErrorCode, timeline::Layer, wire::CallOutcome};

    fn every_step() -> Vec<Step> {
        let (turn, operation, attempt, max, took_us) = (3, Operation::Save, 2, 3, 4_800);
        let (method, message_id) = (Method::ProcessMessage, MessageId::try_from("id-1".to_owned()).ok());
        let content = Some("Hi \"there\"".to_owned());
        let fault = FaultStatus::lesson();
        let late = Hit { actor_delay_ms: 300, store_delay_ms: 20, wire_delay_ms: 5, end: None };
        let outcome = CallOutcome::Error("READONLY".into());
        let call = StoreCall { command: "EVAL".into(), keys: vec!["history-user1".into()], outcome, took_us };
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
            Step::TurnFailed { turn, took_us, error: LabError::new(ErrorCode::OutcomeUnknown, "who knows") },
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
    fn a_step_without_a_field_that_it_needs_is_refused() {
        let json = r#"{"seq":1,"at":1,"type":"retry_scheduled","turn":1,"operation":"load","attempt":2,"max":3}"#;
        let error = serde_json::from_str::<Event>(json).unwrap_err().to_string();
        assert!(error.contains("the event lacks delay_ms"), "{error}");
        let text = r#"{"seq":1,"at":1,"type":"turn_failed","turn":1,"took_us":1,"error":"a text"}"#;
        assert!(serde_json::from_str::<Event>(text).is_err(), "a turn's error has a code");
    }
}
