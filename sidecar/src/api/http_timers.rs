//! Timers over HTTP.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::post;
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::actors::{NewTimer, Times};
use crate::document::or_default;
use crate::error::ApiError;
use crate::names::ActorRef;
use crate::runtime::Runtime;

type Shared = State<Arc<Runtime>>;
/// The actor's type and id, and the name.
type Named = Path<(String, String, String)>;

/// Its routes, below the path of an actor.
pub(super) fn routes(actor: &str) -> Router<Arc<Runtime>> {
    let timers = post(register_timer).put(register_timer).delete(unregister_timer);
    Router::new().route(&format!("{actor}/timers/{{name}}"), timers)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TimerBody {
    /// A `null` is handed on to the app, so it is not the same as nothing.
    #[serde(default, deserialize_with = "some")]
    data: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "or_default")]
    due_time: String,
    #[serde(default, deserialize_with = "or_default")]
    period: String,
    #[serde(default, deserialize_with = "or_default")]
    ttl: String,
    #[serde(default, deserialize_with = "or_default")]
    callback: String,
}

fn some<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

async fn register_timer(
    State(runtime): Shared,
    Path((kind, id, name)): Named,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let body: TimerBody = serde_json::from_slice(&body)
        .map_err(|error| ApiError::malformed(format!("failed deserializing HTTP body: {error}")))?;
    let timer = NewTimer {
        actor: ActorRef::new(kind, id),
        name,
        times: Times { due_time: body.due_time, period: body.period, ttl: body.ttl },
        callback: body.callback,
        data: body.data,
    };
    runtime.actors.register_timer(timer).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn unregister_timer(State(runtime): Shared, Path((kind, id, name)): Named) -> Result<StatusCode, ApiError> {
    runtime.actors.unregister_timer(&ActorRef::new(kind, id), &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
