//! The CloudEvent around a published message.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::{Timestamp, ZonedDateTime};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::trace::Trace;
use crate::document::is_truthy;
use crate::json;

/// A CloudEvent's attributes, to be read.
pub(crate) type Event = BTreeMap<String, Value>;

/// A CloudEvent's attributes, to be written; sorted, as Go writes a map, and as they will be written: the digits of a
/// number are its publisher's.
type Attributes = BTreeMap<String, String>;

/// What is published, and where.
pub(crate) struct Publication<'a> {
    /// The publisher's app id.
    pub(crate) source: &'a str,
    pub(crate) pubsub: &'a str,
    pub(crate) topic: &'a str,
    pub(crate) data: &'a [u8],
    pub(crate) content_type: &'a str,
    pub(crate) metadata: &'a HashMap<String, String>,
    /// What the publisher's request belongs to.
    pub(crate) trace: &'a Trace,
}

/// Why a publication has no envelope.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum EnvelopeError {
    /// A metadata value is not what its name says.
    Metadata(String),
    /// The data claims to be a CloudEvent and is none.
    CloudEvent(String),
}

/// The bytes that go over the bus: the envelope, or the data alone where the payload is raw.
pub(crate) fn wrap(publication: &Publication<'_>, raw: bool) -> Result<Vec<u8>, EnvelopeError> {
    if raw {
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
        set(&mut event, "expiration", &text);
    }
    Ok(encode(&event))
}

/// The envelope that a subscriber with `rawPayload` receives around bytes of unknown kind, and how it is written.
pub(crate) fn wrap_raw(pubsub: &str, topic: &str, data: &[u8]) -> (Event, Vec<u8>) {
    let id = Uuid::new_v4().to_string();
    let data = BASE64.encode(data);
    let attributes = [
        ("id", id.as_str()),
        ("specversion", "1.0"),
        ("datacontenttype", "application/octet-stream"),
        ("source", "Dapr"),
        ("type", "com.dapr.event.sent"),
        ("topic", topic),
        ("pubsubname", pubsub),
        ("data_base64", &data),
    ];
    let mut written = Attributes::new();
    for (name, value) in attributes {
        set(&mut written, name, value);
    }
    let event = attributes.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
    (event.collect(), encode(&written))
}

/// The id in an envelope.
pub(crate) fn id(envelope: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Id {
        id: Option<Value>,
    }
    match serde_json::from_slice::<Id>(envelope).ok()?.id? {
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
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

fn encode(event: &Attributes) -> Vec<u8> {
    let attributes = event.iter().map(|(name, value)| format!("{}:{value}", json::quoted(name)));
    format!("{{{}}}", attributes.collect::<Vec<_>>().join(",")).into_bytes()
}

fn set(event: &mut Attributes, name: &str, text: &str) {
    event.insert(name.to_owned(), json::quoted(text));
}

/// A new envelope; `cloudevent.*` metadata overrides its attributes.
fn create(publication: &Publication<'_>) -> Attributes {
    let given =
        |name: &str| look_up(publication.metadata, &format!("cloudevent.{name}")).filter(|text| !text.is_empty());
    let content_type = match publication.content_type {
        "" => "text/plain",
        given => given,
    };
    let trace = given("traceparent").or(given("traceid")).unwrap_or(&publication.trace.parent);
    let id = given("id").map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
    let mut event = Attributes::new();
    for (name, value) in [
        ("id", id.as_str()),
        ("specversion", "1.0"),
        ("datacontenttype", content_type),
        ("source", given("source").unwrap_or(publication.source)),
        ("type", given("type").unwrap_or("com.dapr.event.sent")),
        ("topic", publication.topic),
        ("pubsubname", publication.pubsub),
        ("time", &now()),
        ("traceid", trace),
        ("traceparent", trace),
        ("tracestate", given("tracestate").unwrap_or(&publication.trace.state)),
    ] {
        set(&mut event, name, value);
    }
    if let Some(subject) = given("subject") {
        set(&mut event, "subject", subject);
    }
    let (name, data) = data(content_type, publication.data);
    event.insert(name.into(), data);
    event
}

/// The caller's own CloudEvent, completed.
fn adopt(publication: &Publication<'_>) -> Result<Attributes, EnvelopeError> {
    let wrong = |error: String| EnvelopeError::CloudEvent(error);
    let given: BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(publication.data).map_err(|error| wrong(error.to_string()))?;
    let mut event = Attributes::new();
    for (name, value) in given {
        event.insert(name, json::canonical(&value).map_err(wrong)?);
    }
    set(&mut event, "topic", publication.topic);
    set(&mut event, "pubsubname", publication.pubsub);
    event.entry("time".into()).or_insert_with(|| json::quoted(&now()));
    if !event.contains_key("traceid") {
        set(&mut event, "traceid", &publication.trace.parent);
        set(&mut event, "traceparent", &publication.trace.parent);
    }
    event.entry("tracestate".into()).or_insert_with(|| json::quoted(&publication.trace.state));
    for (name, default) in [("source", "Dapr"), ("type", "com.dapr.event.sent"), ("specversion", "1.0")] {
        if event.get(name).is_none_or(|value| value == "null") {
            set(&mut event, name, default);
        }
    }
    Ok(event)
}

/// The attribute that holds the data, and the data in it.
fn data(content_type: &str, data: &[u8]) -> (&'static str, String) {
    let text = || json::quoted(&String::from_utf8_lossy(data));
    match base_type(content_type).as_str() {
        "application/json" => {
            let value = serde_json::from_slice::<&RawValue>(data).ok();
            ("data", value.and_then(|value| json::canonical(value).ok()).unwrap_or_else(text))
        }
        "application/octet-stream" => ("data_base64", json::quoted(&BASE64.encode(data))),
        _ => ("data", text()),
    }
}

/// A content type without its parameters, lower-cased.
pub(super) fn base_type(content_type: &str) -> String {
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
