//! State management over HTTP.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH};
use serde_json::value::RawValue;

use super::http_pubsub::metadata;
use super::object::{Object, malformed};
use crate::error::ApiError;
use crate::json;
use crate::runtime::Runtime;
use crate::state::Value;
use crate::states::{Read, SetRequest, StateChange, WriteOptions};

type Shared = State<Arc<Runtime>>;
type Asked = Query<HashMap<String, String>>;

pub(super) fn routes() -> Router<Arc<Runtime>> {
    Router::new()
        .route("/v1.0/state/{store}", post(save).put(save))
        .route("/v1.0/state/{store}/{key}", get(read).delete(delete))
        .route("/v1.0/state/{store}/bulk", post(read_bulk).put(read_bulk).get(read_named).delete(delete_named))
        .route(
            "/v1.0/state/{store}/transaction",
            post(transaction).put(transaction).get(read_named).delete(delete_named),
        )
}

async fn read(State(runtime): Shared, Path((store, key)): Path<(String, String)>) -> Result<Response, ApiError> {
    found(&runtime, &store, &key).await
}

/// Reads a key whose name is the last segment of another route.
async fn read_named(State(runtime): Shared, Path(store): Path<String>, uri: http::Uri) -> Result<Response, ApiError> {
    found(&runtime, &store, last(&uri)).await
}

async fn found(runtime: &Runtime, store: &str, key: &str) -> Result<Response, ApiError> {
    let Some(stored) = runtime.states.get(store, key).await? else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    if stored.data.len() > runtime.max_body_bytes {
        return Err(ApiError::too_large(stored.data.len(), runtime.max_body_bytes));
    }
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(etag) = stored.etag.and_then(|etag| etag.parse().ok()) {
        headers.insert(ETAG, etag);
    }
    if let Some(expires) = stored.expires.and_then(|text| text.parse().ok()) {
        headers.insert(HeaderName::from_static("metadata.ttlexpiretime"), expires);
    }
    Ok((headers, stored.data).into_response())
}

async fn read_bulk(State(runtime): Shared, Path(store): Path<String>, body: Bytes) -> Result<Response, ApiError> {
    runtime.states.check(&store)?;
    let keys: Vec<String> = Object::read(&body)?.list("keys")?;
    let reads = runtime.states.get_bulk(&store, keys, runtime.max_body_bytes).await?;
    let items: Vec<String> = reads.into_iter().map(item).collect();
    let headers = [(CONTENT_TYPE, "application/json")];
    Ok((headers, format!("[{}]", items.join(","))).into_response())
}

/// One key of a bulk answer, with its value as it is.
fn item(Read { key, found }: Read) -> String {
    let mut fields = vec![("key", json::quoted(&key))];
    match found {
        Ok(None) => {}
        Ok(Some(stored)) => {
            match serde_json::from_slice::<&RawValue>(&stored.data) {
                Ok(data) => fields.push(("data", data.get().to_owned())),
                Err(_) => fields.push(("error", json::quoted("the value is no JSON: read it by itself"))),
            }
            fields.extend(stored.etag.map(|etag| ("etag", json::quoted(&etag))));
            let expires = stored.expires.map(|expires| format!(r#"{{"ttlExpireTime":{}}}"#, json::quoted(&expires)));
            fields.extend(expires.map(|metadata| ("metadata", metadata)));
        }
        Err(error) => fields.push(("error", json::quoted(&error))),
    }
    let fields: Vec<String> = fields.into_iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
    format!("{{{}}}", fields.join(","))
}

async fn save(
    State(runtime): Shared,
    Path(store): Path<String>,
    Query(query): Asked,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    runtime.states.check(&store)?;
    let shared = Arc::new(metadata(query));
    let set = |item: Result<Object, ApiError>| {
        let request = set_request(&item?, &shared)?;
        match request.key.is_empty() {
            true => Err(ApiError::malformed("\"key\" is a required field")),
            false => Ok(request),
        }
    };
    let requests = Object::read_list(&body)?.map(set).collect::<Result<_, _>>()?;
    runtime.states.set(&store, requests).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(
    State(runtime): Shared,
    Path((store, key)): Path<(String, String)>,
    Query(query): Asked,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    removed(&runtime, &store, &key, query, &headers).await
}

/// Deletes a key whose name is the last segment of another route.
async fn delete_named(
    State(runtime): Shared,
    Path(store): Path<String>,
    Query(query): Asked,
    uri: http::Uri,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    removed(&runtime, &store, last(&uri), query, &headers).await
}

async fn removed(
    runtime: &Runtime,
    store: &str,
    key: &str,
    query: HashMap<String, String>,
    headers: &HeaderMap,
) -> Result<StatusCode, ApiError> {
    let given = |name: &str| query.get(name).cloned().unwrap_or_default();
    let options = WriteOptions {
        etag: headers.get(IF_MATCH).and_then(|etag| etag.to_str().ok()).map(str::to_owned),
        concurrency: given("concurrency"),
        consistency: given("consistency"),
        ..WriteOptions::default()
    };
    runtime.states.delete(store, key, options).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn transaction(
    State(runtime): Shared,
    Path(store): Path<String>,
    Query(query): Asked,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    runtime.states.check(&store)?;
    let shared = Arc::new(metadata(query));
    let operations: Vec<Object> = Object::read(&body)?.list("operations")?;
    let change = |operation: &Object| {
        let request: Object = operation.field("request")?;
        let SetRequest { key, value, options } = set_request(&request, &shared)?;
        match operation.field::<String>("operation")?.as_str() {
            "upsert" => Ok(StateChange::Set(SetRequest { key, value, options })),
            "delete" => Ok(StateChange::Delete { key, options }),
            other => Err(ApiError::unsupported_state_operation(other)),
        }
    };
    let changes = operations.iter().map(change).collect::<Result<Vec<_>, ApiError>>()?;
    runtime.states.transaction(&store, changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `{"key": …, "value": …, "etag": …, "metadata": {…}, "options": {…}}`; the request's own metadata counts more.
fn set_request(item: &Object, shared: &Arc<HashMap<String, String>>) -> Result<SetRequest, ApiError> {
    let value = match item.find("value") {
        Some(value) => json::canonical(value).map_err(malformed)?,
        None => "null".into(),
    };
    let given: Object = item.field("options")?;
    let options = WriteOptions {
        etag: item.field("etag")?,
        concurrency: given.field("concurrency")?,
        consistency: given.field("consistency")?,
        metadata: item.field("metadata")?,
        shared: Arc::clone(shared),
    };
    Ok(SetRequest { key: item.field("key")?, value: Value::Json(value), options })
}

fn last(uri: &http::Uri) -> &str {
    uri.path().rsplit('/').next().unwrap_or_default()
}
