//! Reading a document in little memory, whatever it is: it comes from outside, and is refused more often than not.

use std::fmt;

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::Recording;
use crate::{
    error::{ErrorCode, LabError},
    fields::left_out,
    form::allowed,
    timeline::Event,
};

/// The most values that a part of a document has: one event, or one field beside them. A switch of eight faults, with
/// their counts, has a hundred and some.
const MOST_VALUES: usize = 1_000;

/// Whether no part is made of more values than any part of a recording is. What is parsed of `{"":0}` takes a hundred
/// times as many bytes, so that this is looked at in the text itself.
///
/// # Errors
/// One is, with where it is.
pub(super) fn modest(text: &[u8]) -> Result<(), LabError> {
    let (mut quoted, mut escaped) = (false, false);
    let (mut depth, mut in_events, mut values) = (0_usize, false, 0_usize);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => {
                depth += 1;
                values += 1;
                in_events = if depth == 2 { *byte == b'[' } else { in_events && depth > 2 };
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            // The next part begins.
            b',' if depth < 2 || (depth == 2 && in_events) => values = 0,
            b',' => values += 1,
            _ => {}
        }
        if values > MOST_VALUES {
            let words =
                format!("The part of this around byte {at} has over {MOST_VALUES} values. No event has as many.");
            return Err(LabError::new(ErrorCode::InvalidRequest, words));
        }
    }
    Ok(())
}

/// The first place in a document that came to nothing in what was read of it. Of the events one is held at a time.
///
/// # Errors
/// It is no object.
pub(super) fn unknown(text: &[u8], read: &Recording) -> Result<Option<String>, serde_json::Error> {
    let beside = Recording {
        format: read.format,
        version: read.version,
        actor: read.actor.clone(),
        runtime: read.runtime.clone(),
        utc_offset_min: read.utc_offset_min,
        turn: read.turn,
        policy: read.policy,
        fault: read.fault.clone(),
        events: Vec::new(),
    };
    let Value::Object(beside) = serde_json::to_value(beside)? else { return Ok(None) };
    Document { beside, events: &read.events }.deserialize(&mut serde_json::Deserializer::from_slice(text))
}

/// A document, held against what was read of it.
struct Document<'a> {
    beside: Map<String, Value>,
    events: &'a [Event],
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, document: D) -> Result<Self::Value, D::Error> {
        document.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = fields.next_key::<String>()? {
            let unknown = if name == "events" {
                fields.next_value_seed(Events(self.events))?
            } else {
                let given: Value = fields.next_value()?;
                match self.beside.get(&name) {
                    Some(read) => left_out(&given, read).map(|place| within(&name, &place)),
                    None => (!given.is_null()).then_some(name),
                }
            };
            found = found.or(unknown);
        }
        Ok(found)
    }
}

/// The events of a document, held against those that were read.
struct Events<'a>(&'a [Event]);

impl<'de> DeserializeSeed<'de> for Events<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, events: D) -> Result<Self::Value, D::Error> {
        events.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Events<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        for (n, read) in self.0.iter().enumerate() {
            let Some(given) = events.next_element::<Value>()? else { break };
            let read = serde_json::to_value(read).map_err(A::Error::custom)?;
            found = found.or_else(|| left_out(&given, &read).map(|place| within(&format!("events[{n}]"), &place)));
        }
        Ok(found)
    }
}

/// The same error, with the field of the event that it is about: serde keeps a flat object aside before it reads it, and
/// knows only the event by then.
pub(super) fn with_field_of_event(text: &[u8], error: LabError) -> LabError {
    let event = error.field.as_deref().and_then(|field| field.strip_prefix("events[")?.strip_suffix(']')?.parse().ok());
    let event =
        event.and_then(|nth| NthEvent(nth).deserialize(&mut serde_json::Deserializer::from_slice(text)).ok()?);
    let Some((field, name)) = error.field.as_deref().zip(event.as_ref().and_then(field_at_fault)) else { return error };
    let words = error.message.strip_prefix(field).unwrap_or(&error.message).trim_start_matches(": ");
    let place = within(field, name);
    LabError::of_field(&place, format!("{place}: {}{}.", words.trim_end_matches('.'), allowed(name)))
}

/// The field of the event's step without which it is refused for another reason. Without its type it always is.
fn field_at_fault(event: &Map<String, Value>) -> Option<&str> {
    let why = |event: Map<String, Value>| Event::deserialize(Value::Object(event)).err().map(|error| error.to_string());
    let refused = why(event.clone())?;
    let fields = event.keys().map(String::as_str).filter(|name| !matches!(*name, "seq" | "at" | "type"));
    fields.chain(["type"]).find(|name| {
        let mut without = event.clone();
        without.remove(*name);
        why(without).is_none_or(|other| other != refused)
    })
}

/// One event of a document, the others passed over; `None` if there are not so many.
struct NthEvent(usize);

impl<'de> DeserializeSeed<'de> for NthEvent {
    type Value = Option<Map<String, Value>>;

    fn deserialize<D: Deserializer<'de>>(self, document: D) -> Result<Self::Value, D::Error> {
        document.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NthEvent {
    type Value = Option<Map<String, Value>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document with events")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = fields.next_key::<String>()? {
            if name == "events" {
                found = fields.next_value_seed(Self(self.0))?;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<Self::Value, A::Error> {
        for _ in 0..self.0 {
            events.next_element::<IgnoredAny>()?;
        }
        let found = events.next_element()?;
        while events.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}

/// A place in a part, as a place in the document.
fn within(part: &str, place: &str) -> String {
    if place == "." { part.to_owned() } else { format!("{part}.{place}") }
}
