//! Reading a document in little memory, whatever it is: it comes from outside, and is refused more often than not.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::Recording;
use crate::{
    error::{ErrorCode, LabError},
    fields::left_out,
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

/// A place in a part, as a place in the document.
fn within(part: &str, place: &str) -> String {
    if place == "." { part.to_owned() } else { format!("{part}.{place}") }
}
