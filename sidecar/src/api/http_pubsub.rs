//! Publishing over HTTP.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::object::Object;
use crate::error::ApiError;
use crate::json;
use crate::pubsub::{BulkEntry, BulkRequest, PublishRequest, Trace};
use crate::runtime::Runtime;

type Shared = State<Arc<Runtime>>;
type Asked = Query<HashMap<String, String>>;

pub(super) fn routes() -> Router<Arc<Runtime>> {
    let mut routes = Router::new()
        .route("/v1.0/publish/{pubsub}/{*topic}", post(publish).put(publish))
        .route("/v1.0/publish/{pubsub}", post(no_topic).put(no_topic));
    for version in ["v1.0", "v1.0-alpha1"] {
        routes = routes
            .route(&format!("/{version}/publish/bulk/{{pubsub}}/{{*topic}}"), post(publish_bulk).put(publish_bulk));
    }
    routes
}

/// What of a query is the request's metadata.
pub(super) fn metadata(query: HashMap<String, String>) -> HashMap<String, String> {
    let named = |(name, value): (String, String)| Some((name.strip_prefix("metadata.")?.to_owned(), value));
    query.into_iter().filter_map(named).collect()
}

async fn publish(
    State(runtime): Shared,
    Path((pubsub, topic)): Path<(String, String)>,
    Query(query): Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (pubsub, topic, data, trace) = (pubsub.as_str(), topic.as_str(), &body[..], Trace::of(&headers));
    let metadata = metadata(query);
    runtime.pubsub.publish(PublishRequest { pubsub, topic, data, content_type, metadata, trace }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn no_topic(State(runtime): Shared, Path(pubsub): Path<String>) -> Result<StatusCode, ApiError> {
    runtime.pubsub.publish(PublishRequest { pubsub: &pubsub, ..PublishRequest::default() }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn publish_bulk(
    State(runtime): Shared,
    Path((pubsub, topic)): Path<(String, String)>,
    Query(query): Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let (pubsub, topic) = (pubsub.as_str(), topic.as_str());
    let unreadable = |why: String| ApiError::bulk_request(topic, pubsub, why);
    let entries = Object::read_list(&body).map_err(|error| unreadable(error.message))?;
    let entry = |entry: Result<Object, ApiError>| -> Result<BulkEntry, ApiError> {
        let entry = entry.map_err(|error| unreadable(error.message))?;
        let content_type: String = entry.field("contentType")?;
        let event = entry.find("event").unwrap_or(RawValue::NULL);
        Ok(BulkEntry {
            id: entry.field("entryId")?,
            data: data(event, &content_type).map_err(|why| ApiError::bulk_envelope(topic, pubsub, why))?,
            metadata: entry.field::<Option<HashMap<String, String>>>("metadata")?,
            content_type,
        })
    };
    let entries = entries.map(entry).collect::<Result<Vec<_>, _>>()?;
    let bulk = BulkRequest { pubsub, topic, metadata: metadata(query), entries, trace: Trace::of(&headers) };
    let failed = runtime.pubsub.publish_bulk(bulk).await?;
    if failed.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let failed: Vec<_> = failed.into_iter().map(|(id, error)| json!({"entryId": id, "error": error})).collect();
    let body = json!({"failedEntries": failed, "errorCode": "ERR_PUBSUB_PUBLISH_MESSAGE"});
    Ok((StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response())
}

/// An entry's event as bytes: bytes come as base64, text as text, JSON as it is.
fn data(event: &RawValue, content_type: &str) -> Result<Vec<u8>, String> {
    let base = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mismatch = || "error: mismatch between contentType and event".to_owned();
    let text = || String::deserialize(event).map_err(|_| mismatch());
    match base.as_str() {
        "application/octet-stream" => BASE64
            .decode(text()?)
            .map_err(|error| format!("error: unable to decode base64 application/octect-stream data: {error}")),
        "application/xml" => text().map(String::into_bytes),
        base if base.starts_with("text/") => text().map(String::into_bytes),
        "application/json" | "application/cloudevents+json" => json::canonical(event).map(String::into_bytes),
        _ => Err(mismatch()),
    }
}
