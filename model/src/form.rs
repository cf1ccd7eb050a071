//! What a form sends, read field by field: a field that is refused is named, with what it may be.

use serde::{
    Deserialize,
    de::{IntoDeserializer, value},
};

use crate::error::LabError;

/// A number; `None` for an empty field.
///
/// # Errors
/// It is no whole number.
pub fn number(field: &'static str, text: &str) -> Result<Option<u64>, LabError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse().map_err(|_| {
        LabError::of_field(field, format!("{field} is {text:?}: it is a whole number{}.", allowed(field)))
    });
    number.map(Some)
}

/// One of the words that a field knows; `None` for an empty field.
///
/// # Errors
/// It is another.
pub fn word<T: for<'de> Deserialize<'de>>(field: &'static str, text: &str, words: &str) -> Result<Option<T>, LabError> {
    if text.is_empty() {
        return Ok(None);
    }
    let known = T::deserialize(IntoDeserializer::<value::Error>::into_deserializer(text));
    known.map(Some).map_err(|_| LabError::of_field(field, format!("{field} is {text:?}: use {words}.")))
}

/// What the fields of faults and policies may be, to follow on what one is; empty for a field that is not known.
#[must_use]
pub fn allowed(field: &str) -> &'static str {
    match field {
        "operation" => ", and it may be load, save or publish",
        "kind" => ", and it may be error, delay, hang or flaky; on the wire refuse, stall, delay or cut",
        "ms" => ", and it may be 1 to 10000",
        "percent" => ", and it may be 1 to 100",
        "seed" => ", and it may be 0 to 4294967295",
        "span" => ", and it may be first, next or until_off",
        "attempts" => ", and it may be 1 to 10",
        "layer" => ", and it may be actor, store or wire",
        "plan" => ", and it is a list of 1 to 8 faults",
        "on" => ", and it may be true or false",
        "delay_ms" | "max_delay_ms" => ", and it may be 0 to 60000",
        "backoff" => ", and it may be constant or exponential",
        "jitter_percent" => ", and it may be 0 to 100",
        "attempt_timeout_ms" => ", and it may be 100 to 6800",
        _ => "",
    }
}
