//! Reading the lab's types from [parsed](super::parsed) JSON.
//!
//! What serde derives reads each type in code of its own, which the browser had to download. Here a type only
//! says the names of its fields, and what finds and checks a field is there once. The server reads what people send it
//! with serde, whose errors say more.

use super::Value;

/// A place in a document that could not be read, by the name of its field; empty for the document itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}{words}", words = Self::WORDS)]
pub struct Unread(pub &'static str);

impl Unread {
    /// The document is no JSON.
    pub const NO_JSON: Self = Self("JSON");
    /// What is said of the field, after its name.
    pub const WORDS: &str = " is missing, or not as it has to be";
}

/// What is read from parsed JSON. Fields that nobody asks for are left alone.
pub trait FromJson: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// The first field that is not there, or not of its kind.
    fn from_json(value: &Value<'_>) -> Result<Self, Unread>;

    /// What stands for a field that is left out; `None` if it has to be there.
    #[must_use]
    fn left_out() -> Option<Self> {
        None
    }
}

/// Reads a document.
///
/// # Errors
/// It is no JSON, or a field of it cannot be read.
pub fn read<T: FromJson>(json: &str) -> Result<T, Unread> {
    Value::parse(json, T::from_json).unwrap_or(Err(Unread::NO_JSON))
}

/// Reads it where serde asks for it.
///
/// # Errors
/// It is no JSON, or a field of it cannot be read.
#[cfg(feature = "ssr")]
pub fn deserialize<'de, D: serde::Deserializer<'de>, T: FromJson>(deserializer: D) -> Result<T, D::Error> {
    use serde::{Deserialize, de::Error};

    let document = serde_json::Value::deserialize(deserializer)?;
    T::from_json(&Value::from(&document)).map_err(Error::custom)
}

/// Reads a field of an object.
///
/// # Errors
/// It is missing, or it or a part of it cannot be read.
pub fn field<T: FromJson>(object: &Value<'_>, name: &'static str) -> Result<T, Unread> {
    let read = match object.get(name) {
        Some(value) => T::from_json(&value),
        None => T::left_out().ok_or(Unread("")),
    };
    read.map_err(|unread| if unread.0.is_empty() { Unread(name) } else { unread })
}

/// Reads a field that may be left out, and is `usual` then.
///
/// # Errors
/// It is there, and it or a part of it cannot be read.
pub fn field_or<T: FromJson>(object: &Value<'_>, name: &'static str, usual: T) -> Result<T, Unread> {
    Ok(field::<Option<T>>(object, name)?.unwrap_or(usual))
}

/// Reads one of these words.
///
/// # Errors
/// It is another.
pub fn word<T: Copy>(value: &Value<'_>, words: &[(&str, T)]) -> Result<T, Unread> {
    let text = value.text();
    let known = words.iter().find(|(word, _)| text.as_deref() == Some(*word));
    known.map(|(_, means)| *means).ok_or(Unread(""))
}

/// How structs are read: `read_fields!(Cause { simulated, layer });`
macro_rules! read_fields {
    ($($type:ident { $($field:ident),+ $(,)? })+) => {$(
        impl $crate::json::FromJson for $type {
            fn from_json(value: &$crate::json::Value<'_>) -> Result<Self, $crate::json::Unread> {
                Ok(Self { $($field: $crate::json::field(value, stringify!($field))?),+ })
            }
        }
    )+};
}

/// How the names of things are read: `read_words!(Role { User, Assistant });`, each as its `as_str` says it, or
/// `read_words!(CheckState { NotYet = "not_yet" });`.
macro_rules! read_words {
    ($($type:ident { $($variant:ident),+ $(,)? })+) => {
        $($crate::json::read_words!($type { $($variant = $type::$variant.as_str()),+ });)+
    };
    ($type:ident { $($variant:ident = $word:expr),+ $(,)? }) => {
        impl $crate::json::FromJson for $type {
            fn from_json(value: &$crate::json::Value<'_>) -> Result<Self, $crate::json::Unread> {
                $crate::json::word(value, const { &[$(($word, Self::$variant)),+] })
            }
        }
    };
}

/// How a type is read that travels as another: `read_as!(ActorId: String);`
macro_rules! read_as {
    ($($type:ident: $form:ty),+ $(,)?) => {$(
        impl $crate::json::FromJson for $type {
            fn from_json(value: &$crate::json::Value<'_>) -> Result<Self, $crate::json::Unread> {
                let form: $form = $crate::json::FromJson::from_json(value)?;
                form.try_into().map_err(|_| $crate::json::Unread(""))
            }
        }
    )+};
}

pub(crate) use {read_as, read_fields, read_words};

impl FromJson for String {
    fn from_json(value: &Value<'_>) -> Result<Self, Unread> {
        value.text().ok_or(Unread(""))
    }
}

impl FromJson for bool {
    fn from_json(value: &Value<'_>) -> Result<Self, Unread> {
        value.bool().ok_or(Unread(""))
    }
}

macro_rules! read_numbers {
    ($($type:ty: $of:ident),+) => {$(
        impl FromJson for $type {
            fn from_json(value: &Value<'_>) -> Result<Self, Unread> {
                value.$of().and_then(|number| number.try_into().ok()).ok_or(Unread(""))
            }
        }
    )+};
}

read_numbers!(u8: u64, u32: u64, u64: u64, i32: i64);

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(value: &Value<'_>) -> Result<Self, Unread> {
        if value.is_null() { Ok(None) } else { T::from_json(value).map(Some) }
    }

    fn left_out() -> Option<Self> {
        Some(None)
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: &Value<'_>) -> Result<Self, Unread> {
        value.items().ok_or(Unread(""))?.map(|item| T::from_json(&item)).collect()
    }
}

impl<T: FromJson, E: FromJson> FromJson for Result<T, E> {
    fn from_json(value: &Value<'_>) -> Result<Self, Unread> {
        match value.get("Ok") {
            Some(value) => T::from_json(&value).map(Ok),
            None => field(value, "Err").map(Err),
        }
    }
}

/// A pair travels as a list of two.
impl<A: FromJson, B: FromJson> FromJson for (A, B) {
    fn from_json(value: &Value<'_>) -> Result<Self, Unread> {
        let mut items = value.items().ok_or(Unread(""))?;
        match (items.next(), items.next(), items.next()) {
            (Some(a), Some(b), None) => Ok((A::from_json(&a)?, B::from_json(&b)?)),
            _ => Err(Unread("")),
        }
    }
}

/// What is done when there is nothing to tell.
impl FromJson for () {
    fn from_json(_: &Value<'_>) -> Result<Self, Unread> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::Serialize;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        actor_id::ActorId,
        api::Delivery,
        error::{ErrorCode, LabError},
        fault::{
            AttemptFault, Fault, FaultKind, FaultPlan, FaultSpan, FaultStatus, WireFault,
            flat::{KindName, SpanName},
        },
        island::FormError,
        lab::{LabSnapshot, Panels, Runtime, StoredValue},
        lesson::checks::{Check, CheckState, Proof},
        live::address::Address,
        message::{Message, Role},
        policy::{Backoff, RetryPolicy},
        timeline::{Event, EventId, Layer, Level, Method, Operation, ReleasedBy, Step, TimelineSnapshot},
        wire::{CallOutcome, StoreCall, WireStatus},
    };

    /// What serde writes is read back as it was.
    fn comes_back<T: FromJson + Serialize + PartialEq + Debug>(value: T) {
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(read::<T>(&json).unwrap(), value, "{json}");
    }

    fn all_come_back<T: FromJson + Serialize + PartialEq + Debug, const N: usize>(values: [T; N]) {
        values.into_iter().for_each(comes_back);
    }

    fn panels() -> Panels {
        let error = LabError::of_field("plan[0].ms", "ms is 0: it may be 1 to 10000.");
        let flaky = AttemptFault {
            operation: Operation::Save,
            kind: FaultKind::Flaky { percent: 40, seed: 7 },
            span: FaultSpan::UntilOff,
            layer: Layer::Store,
        };
        let plan = FaultPlan::new(vec![Fault::error(Operation::Load, 2), flaky.into()]).unwrap();
        let proof = Proof { at: 5, level: Some(Level::Warn), text: "a \"line\"".into(), turn: Some(3) };
        Panels {
            history: Ok(vec![Message::user("Hi"), Message::reply_to("Hi")]),
            stored: Err(error.clone()),
            before: vec![Message::user("é")],
            checks: vec![Check {
                number: 1,
                state: CheckState::Passed,
                progress: "proven".into(),
                missing: None,
                evidence: vec![proof],
            }],
            fault: FaultStatus::armed(plan),
            layers: vec![Layer::Actor, Layer::Wire],
            policy: RetryPolicy { backoff: Backoff::Exponential, seed: u32::MAX, ..RetryPolicy::LESSON },
            hold: true,
            sidecar_retries: None,
            wire: Some(WireStatus {
                fault: Some(WireFault::Delay { ms: 9 }),
                listens: "a:1".into(),
                redis: "b:2".into(),
            }),
        }
    }

    #[test]
    fn what_the_page_reads_comes_back_as_it_was_written() {
        let actor = ActorId::lesson();
        let stored = StoredValue {
            key: "k".into(),
            value: Some("[]".into()),
            etag: None,
            read_at: u64::MAX,
            command: "sqlite3".into(),
        };
        comes_back(Panels { history: Err(LabError::new(ErrorCode::StoreUnreachable, "away")), ..panels() });
        comes_back(Panels { stored: Ok(stored.clone()), wire: None, sidecar_retries: Some(true), ..panels() });
        comes_back(stored);
        let event =
            Event { seq: 1, at: 2, step: Step::HistoryReturned { turn: 1, messages: vec![Message::user("Hi")] } };
        let last = EventId { epoch: 1_700_000_000_000, seq: 17 };
        let runtime = Runtime {
            sidecar: "embedded sidecar".into(),
            store: "SQLite".into(),
            sidecar_http: None,
            origin: "http://127.0.0.1:8000".into(),
        };
        comes_back(LabSnapshot {
            actor: actor.clone(),
            runtime,
            panels: panels(),
            timeline: TimelineSnapshot { last, events: vec![event] },
            registered_at: Some(2),
            known_actors: vec![actor],
            now: 3,
            utc_offset_min: -90,
        });
        comes_back(Delivery::Answered(Message::reply_to("Hi")));
        comes_back(Delivery::Failed(LabError::new(ErrorCode::RetriesExhausted, "gone")));
        comes_back(FormError { path: "/api/set_fault".into(), error: LabError::of_field("plan", "no") });
        comes_back(Address { bar: Some("t1-load-1".into()), at: None, present: true });
        for outcome in [CallOutcome::Ok, CallOutcome::Error("no".into()), CallOutcome::NoAnswer, CallOutcome::Refused] {
            comes_back(StoreCall { command: "get".into(), keys: vec!["k".into()], outcome, took_us: 1 });
        }
        all_come_back(WireFault::OFFERED);
        comes_back(vec![("a".to_owned(), "b".to_owned())]);
        comes_back(());
    }

    /// Each of these words is said twice: where serde writes it, and where it is read.
    #[test]
    fn every_word_comes_back() {
        use ErrorCode as E;
        all_come_back([Role::User, Role::Assistant]);
        all_come_back([Level::Info, Level::Warn, Level::Error]);
        all_come_back([Operation::Load, Operation::Save, Operation::Publish]);
        all_come_back([Method::ProcessMessage, Method::GetConversationHistory, Method::ResetConversation]);
        all_come_back([Layer::Actor, Layer::Sidecar, Layer::Store, Layer::Wire]);
        all_come_back([ReleasedBy::Person, ReleasedBy::Limit, ReleasedBy::Switch]);
        all_come_back([CheckState::NotYet, CheckState::Failed, CheckState::Passed]);
        all_come_back([Backoff::Constant, Backoff::Exponential]);
        all_come_back([SpanName::First, SpanName::Next, SpanName::UntilOff]);
        all_come_back([KindName::Error, KindName::Delay, KindName::Hang, KindName::Flaky]);
        all_come_back([KindName::Refuse, KindName::Stall, KindName::Cut]);
        all_come_back([E::InvalidActorId, E::InvalidRequest, E::InvalidField, E::IdReused, E::Forbidden, E::NotFound]);
        all_come_back([E::MethodNotAllowed, E::Busy, E::TooLarge, E::UnsupportedMediaType, E::ServerUnreachable]);
        all_come_back([E::SidecarUnreachable, E::StoreUnreachable, E::RetriesExhausted, E::TurnFailed]);
        all_come_back([E::OutcomeUnknown, E::Internal]);
    }

    #[test]
    fn what_is_not_as_it_has_to_be_is_named_by_its_field() {
        let refused = |value: Value| Check::from_json(&(&value).into()).unwrap_err().to_string();
        let check = json!({"number": 1, "state": "passed", "progress": "proven", "evidence": []});
        assert!(Check::from_json(&(&check).into()).is_ok(), "what may be missing was left out");
        for (field, wrong) in [
            ("number", json!(256)),
            ("number", json!("1")),
            ("state", json!("almost")),
            ("progress", json!(null)),
            ("evidence", json!({})),
        ] {
            let mut check = check.clone();
            check[field] = wrong;
            assert_eq!(refused(check), format!("{field} is missing, or not as it has to be"));
        }
        let mut check = check;
        check["evidence"] = json!([{"at": 1, "text": 2}]);
        assert_eq!(refused(check), "text is missing, or not as it has to be", "the innermost");
        assert!(refused(json!([])).starts_with("number "));
        assert!(read::<Check>("{").is_err());
    }
}
