//! Timers and reminders over HTTP.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;

use super::object::{Object, malformed};
use crate::actors::{NewReminder, NewTimer, OnFailure, Times};
use crate::error::ApiError;
use crate::json;
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

/// What a timer or a reminder is to be called at.
fn times(body: &Object) -> Result<Times, ApiError> {
    Ok(Times { due_time: body.field("dueTime")?, period: body.field("period")?, ttl: body.field("ttl")? })
}

/// What the app is given back. A `null` is handed on, so it is not the same as nothing.
fn data(body: &Object) -> Result<Option<Box<RawValue>>, ApiError> {
    body.find("data").map(json::compact).transpose().map_err(malformed)
}

async fn register_timer(
    State(runtime): Shared,
    Path((kind, id, name)): Named,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let body = Object::read(&body)?;
    let timer = NewTimer {
        actor: ActorRef::new(kind, id),
        name,
        times: times(&body)?,
        callback: body.field("callback")?,
        data: data(&body)?,
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
    let body = Object::read(&body)?;
    let reminder = NewReminder {
        actor: ActorRef::new(kind, id),
        name,
        times: times(&body)?,
        data: data(&body)?,
        overwrite: body.field::<Option<bool>>("overwrite")?.unwrap_or(true),
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
