//! The HTTP API.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, RawQuery, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post, put};
use axum::{Json, Router, middleware};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use http::{Method, StatusCode};
use serde_json::json;
use tower::Layer as _;
use tower::util::MapRequestLayer;

use super::{auth, baggage, guard, http_pubsub, http_state, http_timers, invocation, metadata, path, secrets, state};
use crate::actors::InvokeCall;
use crate::app_channel::forwarded;
use crate::error::{ApiError, ErrorCode};
use crate::faults::cuttable;
use crate::names::{ActorRef, normalise_method, validate_name};
use crate::runtime::Runtime;

type Shared = State<Arc<Runtime>>;

/// Dapr's HTTP API, as far as this sidecar has it.
pub(crate) fn router(runtime: Arc<Runtime>) -> Router {
    // A path is put in order before it is looked up: layers of a router come after that.
    Router::new().fallback_service(MapRequestLayer::new(path::clean).layer(routes(runtime)))
}

fn routes(runtime: Arc<Runtime>) -> Router {
    let limit = DefaultBodyLimit::max(runtime.max_body_bytes);
    let actor = "/v1.0/actors/{actor_type}/{actor_id}";
    let routes = Router::new()
        .route("/v1.0/healthz", get(healthz))
        .route("/v1.0/healthz/outbound", get(outbound_healthz))
        .route("/v1.0/metadata", get(get_metadata))
        .route("/v1.0/metadata/{key}", put(set_metadata))
        .route("/v1.0/shutdown", post(shutdown))
        .route(&format!("{actor}/method/{{*method}}"), any(invoke_actor))
        .route(&format!("{actor}/state"), post(change_state).put(change_state))
        .route(&format!("{actor}/state/{{key}}"), get(get_state))
        .merge(http_timers::routes(actor))
        .merge(http_pubsub::routes())
        .merge(http_state::routes())
        .merge(secrets::routes())
        .fallback(invocation::http)
        .layer(limit)
        .layer(middleware::from_fn_with_state(Arc::clone(&runtime), count_errors))
        .layer(middleware::from_fn_with_state(Arc::clone(&runtime), auth::http));
    let routes = match runtime.hooks.has_faults() {
        true => {
            routes.layer(middleware::from_fn(async |request: Request, next: Next| cuttable(next.run(request)).await))
        }
        false => routes,
    };
    guard::guarded(routes, &runtime.allowed_origins).with_state(runtime)
}

/// Counts what failed by its code.
async fn count_errors(State(runtime): Shared, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if let Some(ErrorCode(code)) = response.extensions().get() {
        runtime.metrics.count(code);
    }
    response
}

async fn healthz(State(runtime): Shared, Query(query): Query<HashMap<String, String>>) -> Result<StatusCode, Response> {
    let failed = |name: &str, message: &str| {
        let body = Json(json!({"errorCode": name, "message": message}));
        (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
    };
    if !*runtime.ready.borrow() {
        let message = "dapr is not ready: [runtime]";
        return Err(failed("ERR_HEALTH_NOT_READY", message));
    }
    match query.get("appid") {
        Some(id) if *id != runtime.app_id => Err(failed("ERR_HEALTH_APPID_NOT_MATCH", "dapr app-id does not match")),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

/// Open as soon as the ports are: the app may not be there yet.
async fn outbound_healthz() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn get_metadata(State(runtime): Shared) -> Json<serde_json::Value> {
    Json(metadata::json(&runtime))
}

async fn set_metadata(State(runtime): Shared, Path(key): Path<String>, value: String) -> Result<StatusCode, ApiError> {
    runtime.extended.set(key, value)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn shutdown(State(runtime): Shared) -> StatusCode {
    runtime.shutdown_asked.cancel();
    StatusCode::NO_CONTENT
}

async fn invoke_actor(
    State(runtime): Shared,
    verb: Method,
    Path((actor_type, actor_id, method)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    if !matches!(verb, Method::GET | Method::POST | Method::PUT | Method::DELETE) {
        return Ok(StatusCode::METHOD_NOT_ALLOWED.into_response());
    }
    let invalid = |why: String| ApiError::bad_request(format!("invalid request: {why}"));
    for (what, name) in [("actorType", &actor_type), ("actorId", &actor_id)] {
        validate_name(name).map_err(|why| invalid(format!("invalid {what}: {why}")))?;
    }
    let method = normalise_method(&method).map_err(invalid)?;
    let entries = headers.iter();
    let mut passed = forwarded(entries.map(|(name, value)| (name.as_str(), value.as_bytes())));
    if let Some(content_type) = headers.get(CONTENT_TYPE) {
        passed.insert(CONTENT_TYPE, content_type.clone());
    }
    let call = InvokeCall { actor: ActorRef::new(actor_type, actor_id), method, headers: passed, query, body };
    let mut reply = invocation::actor(&runtime, call).await?;
    reply.headers.remove(CONTENT_LENGTH);
    reply.headers.remove(TRANSFER_ENCODING);
    reply.headers.remove(http::header::CONNECTION);
    // As daprd does for actors, whatever the body is.
    reply.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    Ok((reply.status, reply.headers, reply.body).into_response())
}

async fn get_state(
    State(runtime): Shared,
    Path((actor_type, actor_id, key)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let actor = ActorRef::new(actor_type, actor_id);
    let stored = runtime.actors.get_state(&actor, &key, baggage(&headers)).await?;
    let Some(stored) = stored.filter(|stored| !stored.data.is_empty()) else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    if stored.data.len() > runtime.max_body_bytes {
        return Err(ApiError::too_large(stored.data.len(), runtime.max_body_bytes));
    }
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(expires) = stored.expires.and_then(|text| text.parse().ok()) {
        headers.insert("metadata.ttlexpiretime", expires);
    }
    Ok((headers, stored.data).into_response())
}

async fn change_state(
    State(runtime): Shared,
    Path((actor_type, actor_id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let changes = state::changes(&body)?;
    let actor = ActorRef::new(actor_type, actor_id);
    runtime.actors.change_state(&actor, changes, baggage(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}
