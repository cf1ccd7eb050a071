//! Timers and reminders over HTTP.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::actors::{NewReminder, NewTimer, OnFailure, Times};
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
    let reminders = post(register_reminder).put(register_reminder).get(get_reminder).delete(unregister_reminder);
    Router::new()
        .route(&format!("{actor}/timers/{{name}}"), timers)
        .route(&format!("{actor}/reminders/{{name}}"), reminders)
}

/// What a timer or a reminder is asked for with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    /// A `null` is handed on to the app, so it is not the same as nothing.
    #[serde(default, deserialize_with = "some")]
    data: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "or_default")]
    due_time: String,
    #[serde(default, deserialize_with = "or_default")]
    period: String,
    #[serde(default, deserialize_with = "or_default")]
    ttl: String,
    /// A timer's alone.
    #[serde(default, deserialize_with = "or_default")]
    callback: String,
    /// A reminder's alone.
    overwrite: Option<bool>,
}

impl Asked {
    fn read(body: &[u8]) -> Result<Self, ApiError> {
        serde_json::from_slice(body)
            .map_err(|error| ApiError::malformed(format!("failed deserializing HTTP body: {error}")))
    }
}

fn some<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

async fn register_timer(
    State(runtime): Shared,
    Path((kind, id, name)): Named,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let body = Asked::read(&body)?;
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

async fn register_reminder(
    State(runtime): Shared,
    Path((kind, id, name)): Named,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let body = Asked::read(&body)?;
    let reminder = NewReminder {
        actor: ActorRef::new(kind, id),
        name,
        times: Times { due_time: body.due_time, period: body.period, ttl: body.ttl },
        data: body.data,
        overwrite: body.overwrite.unwrap_or(true),
        on_failure: OnFailure::default(),
    };
    runtime.actors.register_reminder(reminder).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn unregister_reminder(State(runtime): Shared, Path((kind, id, name)): Named) -> Result<StatusCode, ApiError> {
    runtime.actors.unregister_reminder(&ActorRef::new(kind, id), &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A reminder as daprd shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    #[serde(rename = "actorID")]
    actor_id: &'a str,
    actor_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: &'a Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    due_time: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'a str>,
}

async fn get_reminder(State(runtime): Shared, Path((kind, id, name)): Named) -> Result<Response, ApiError> {
    let record = runtime.actors.reminder(&ActorRef::new(kind, id), &name).await?;
    let record = record.ok_or_else(|| ApiError::reminder_not_found(&name))?;
    let shown = Shown {
        actor_id: &record.actor_id,
        actor_type: &record.actor_type,
        data: &record.data,
        due_time: &record.due_time,
        period: record.period(),
        ttl: record.expires.as_deref(),
    };
    Ok(Json(shown).into_response())
}
