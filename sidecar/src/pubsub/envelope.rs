//! The CloudEvent around a published message.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::{Timestamp, ZonedDateTime};
use serde_json::Value;
use uuid::Uuid;

use crate::document::is_truthy;

/// A CloudEvent's attributes; sorted, as Go writes a map.
pub(crate) type Event = BTreeMap<String, Value>;

/// What is published, and where.
pub(crate) struct Publication<'a> {
    /// The publisher's app id.
    pub(crate) source: &'a str,
    pub(crate) pubsub: &'a str,
    pub(crate) topic: &'a str,
    pub(crate) data: &'a [u8],
    pub(crate) content_type: &'a str,
    pub(crate) metadata: &'a HashMap<String, String>,
}

/// Why a publication has no envelope.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum EnvelopeError {
    /// A metadata value is not what its name says.
    Metadata(String),
    /// The data claims to be a CloudEvent and is none.
    CloudEvent(String),
}

/// The bytes that go over the bus: the envelope, or the data alone for `rawPayload`.
pub(crate) fn wrap(publication: &Publication<'_>) -> Result<Vec<u8>, EnvelopeError> {
    if is_raw(publication.metadata)? {
        return Ok(publication.data.to_vec());
    }
    let mut event = if base_type(publication.content_type) == "application/cloudevents+json" {
        adopt(publication)?
    } else {
        create(publication)
    };
    if let Some(ttl) = time_to_live(publication.metadata)? {
        let expires = Timestamp::now() + ttl;
        let text = expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        event.insert("expiration".into(), text.into());
    }
    Ok(encode(event))
}

/// The envelope that a subscriber with `rawPayload` receives around bytes of unknown kind.
pub(crate) fn wrap_raw(pubsub: &str, topic: &str, data: &[u8]) -> Event {
    [
        ("id", Uuid::new_v4().to_string()),
        ("specversion", "1.0".into()),
        ("datacontenttype", "application/octet-stream".into()),
        ("source", "Dapr".into()),
        ("type", "com.dapr.event.sent".into()),
        ("topic", topic.into()),
        ("pubsubname", pubsub.into()),
        ("data_base64", BASE64.encode(data)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), Value::from(value)))
    .collect()
}

/// Whether metadata asks for no envelope.
pub(crate) fn is_raw(metadata: &HashMap<String, String>) -> Result<bool, EnvelopeError> {
    let Some(text) = look_up(metadata, "rawPayload") else {
        return Ok(false);
    };
    match text {
        "" => Ok(false),
        text if is_truthy(text) => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        text => Err(EnvelopeError::Metadata(format!("rawPayload value must be a valid boolean: actual is '{text}'"))),
    }
}

/// Whether the event's `expiration` has passed.
pub(crate) fn has_expired(event: &Event) -> bool {
    event
        .get("expiration")
        .and_then(Value::as_str)
        .and_then(|text| text.parse::<Timestamp>().ok())
        .is_some_and(|expires| expires < Timestamp::now())
}

/// Writes JSON as Go does: keys sorted at every depth, `<`, `>` and `&` escaped.
pub(crate) fn encode(event: Event) -> Vec<u8> {
    let sorted = sort(Value::Object(event.into_iter().collect()));
    go_json(&sorted).into_bytes()
}

/// Like [`encode`], for any value.
pub(crate) fn go_json(value: &Value) -> String {
    let text = sort(value.clone()).to_string();
    // Outside of strings JSON has none of these characters.
    text.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

fn sort(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<_, _> = map.into_iter().map(|(key, item)| (key, sort(item))).collect();
            Value::Object(sorted.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sort).collect()),
        other => other,
    }
}

/// A new envelope; `cloudevent.*` metadata overrides its attributes.
fn create(publication: &Publication<'_>) -> Event {
    let given =
        |name: &str| look_up(publication.metadata, &format!("cloudevent.{name}")).filter(|text| !text.is_empty());
    let content_type = match publication.content_type {
        "" => "text/plain",
        given => given,
    };
    let trace = given("traceparent").or(given("traceid")).unwrap_or_default();
    let id = given("id").map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
    let mut event: Event = [
        ("id", id.as_str()),
        ("specversion", "1.0"),
        ("datacontenttype", content_type),
        ("source", given("source").unwrap_or(publication.source)),
        ("type", given("type").unwrap_or("com.dapr.event.sent")),
        ("topic", publication.topic),
        ("pubsubname", publication.pubsub),
        ("traceid", trace),
        ("traceparent", trace),
        ("tracestate", given("tracestate").unwrap_or_default()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), Value::from(value)))
    .collect();
    event.insert("time".into(), now().into());
    if let Some(subject) = given("subject") {
        event.insert("subject".into(), subject.into());
    }
    let (name, data) = data(content_type, publication.data);
    event.insert(name.into(), data);
    event
}

/// The caller's own CloudEvent, completed.
fn adopt(publication: &Publication<'_>) -> Result<Event, EnvelopeError> {
    let mut event: Event =
        serde_json::from_slice(publication.data).map_err(|error| EnvelopeError::CloudEvent(error.to_string()))?;
    event.insert("topic".into(), publication.topic.into());
    event.insert("pubsubname".into(), publication.pubsub.into());
    event.entry("time".into()).or_insert_with(|| now().into());
    if !event.contains_key("traceid") {
        event.insert("traceid".into(), "".into());
        event.insert("traceparent".into(), "".into());
    }
    event.entry("tracestate".into()).or_insert_with(|| "".into());
    for (name, default) in [("source", "Dapr"), ("type", "com.dapr.event.sent"), ("specversion", "1.0")] {
        let value = event.entry(name.into()).or_insert(Value::Null);
        if value.is_null() {
            *value = default.into();
        }
    }
    Ok(event)
}

/// The attribute that holds the data, and the data in it.
fn data(content_type: &str, data: &[u8]) -> (&'static str, Value) {
    let text = || Value::from(String::from_utf8_lossy(data));
    match base_type(content_type).as_str() {
        "application/json" => ("data", serde_json::from_slice(data).unwrap_or_else(|_| text())),
        "application/octet-stream" => ("data_base64", BASE64.encode(data).into()),
        _ => ("data", text()),
    }
}

/// A content type without its parameters, lower-cased.
fn base_type(content_type: &str) -> String {
    let base = content_type.split(';').next().unwrap_or_default();
    base.trim().to_ascii_lowercase()
}

fn time_to_live(metadata: &HashMap<String, String>) -> Result<Option<Duration>, EnvelopeError> {
    let Some(text) = look_up(metadata, "ttlInSeconds").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    match text.parse::<u32>() {
        Ok(0) | Err(_) => Err(EnvelopeError::Metadata(format!(
            "ttlInSeconds value must be a valid integer above 0: actual is '{text}'"
        ))),
        Ok(seconds) => Ok(Some(Duration::from_secs(seconds.into()))),
    }
}

/// A metadata entry; names are matched without regard to case.
fn look_up<'a>(metadata: &'a HashMap<String, String>, name: &str) -> Option<&'a str> {
    metadata.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// RFC 3339 to the second in the local time zone.
fn now() -> String {
    let now = ZonedDateTime::now();
    let format = if now.offset().is_zero() { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%:z" };
    now.strftime(format).to_string()
}
