//! The lab as JSON: whatever the page can do, `curl` can do.

use app::{
    backend::SharedBackend,
    fault::{FaultSetting, FaultStatus},
    lab::{Panels, StoredValue},
    lesson::checks::Check,
    timeline::TimelineSnapshot,
};
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};

use super::{
    error::{ApiError, ErrorBody},
    extract::{Actor, JsonBody},
};

pub(crate) fn router() -> Router<SharedBackend> {
    Router::new()
        .route("/api/lab/{actor_id}", get(panels))
        .route("/api/lab/{actor_id}/timeline", get(timeline))
        .route("/api/lab/{actor_id}/fault", get(fault).put(set_fault))
        .route("/api/lab/{actor_id}/fault/arm", post(arm_fault))
        .route("/api/lab/{actor_id}/checks", get(checks))
        .route("/api/lab/{actor_id}/compare", post(compare))
        .route("/api/lab/{actor_id}/reset", post(reset))
}

/// Read the panels: history, stored value, checks and switch.
///
/// No turn is taken: nothing waits, nothing fires. What cannot be read stands in its place as an error.
#[utoipa::path(
    get, path = "/api/lab/{actor_id}", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses((status = 200, body = Panels), (status = 400, body = ErrorBody))
)]
pub(crate) async fn panels(State(backend): State<SharedBackend>, Actor(actor): Actor) -> Json<Panels> {
    Json(backend.panels(&actor).await)
}

/// Read the timeline as far as it is still known.
#[utoipa::path(
    get, path = "/api/lab/{actor_id}/timeline", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses((status = 200, body = TimelineSnapshot), (status = 400, body = ErrorBody))
)]
pub(crate) async fn timeline(State(backend): State<SharedBackend>, Actor(actor): Actor) -> Json<TimelineSnapshot> {
    Json(backend.timeline(&actor))
}

/// Read the failure switch.
#[utoipa::path(
    get, path = "/api/lab/{actor_id}/fault", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses((status = 200, body = FaultStatus), (status = 400, body = ErrorBody))
)]
pub(crate) async fn fault(State(backend): State<SharedBackend>, Actor(actor): Actor) -> Json<FaultStatus> {
    Json(backend.fault(&actor))
}

/// Set the failure switch.
///
/// Switching on arms the plan afresh. Never waits for a turn. Without a plan the one that is set stays.
#[utoipa::path(
    put, path = "/api/lab/{actor_id}/fault", tag = "Lab", request_body = FaultSetting,
    params(("actor_id" = String, Path, example = "user1")),
    responses(
        (status = 200, body = FaultStatus), (status = 400, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 415, body = ErrorBody)
    )
)]
pub(crate) async fn set_fault(
    State(backend): State<SharedBackend>,
    Actor(actor): Actor,
    JsonBody(setting): JsonBody<FaultSetting>,
) -> Json<FaultStatus> {
    Json(backend.set_fault(&actor, setting))
}

/// Arm the plan afresh, if the switch is on.
#[utoipa::path(
    post, path = "/api/lab/{actor_id}/fault/arm", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses((status = 200, body = FaultStatus), (status = 400, body = ErrorBody))
)]
pub(crate) async fn arm_fault(State(backend): State<SharedBackend>, Actor(actor): Actor) -> Json<FaultStatus> {
    Json(backend.arm_fault(&actor))
}

/// Read the five checks with their evidence.
#[utoipa::path(
    get, path = "/api/lab/{actor_id}/checks", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses((status = 200, body = [Check]), (status = 400, body = ErrorBody))
)]
pub(crate) async fn checks(State(backend): State<SharedBackend>, Actor(actor): Actor) -> Json<Vec<Check>> {
    Json(backend.checks(&actor))
}

/// Compare the history with the store.
///
/// The actor returns its history, in a turn; then the value is read from the store itself, past Dapr.
#[utoipa::path(
    post, path = "/api/lab/{actor_id}/compare", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses((status = 200, body = StoredValue), (status = 400, body = ErrorBody), (status = 503, body = ErrorBody))
)]
pub(crate) async fn compare(
    State(backend): State<SharedBackend>,
    Actor(actor): Actor,
) -> Result<Json<StoredValue>, ApiError> {
    Ok(Json(backend.compare_with_store(&actor).await?))
}

/// Put the lab back to how a learner first finds it.
///
/// Takes away the stored conversation, the timeline and the passes, and sets the switch to the lesson's. One turn.
#[utoipa::path(
    post, path = "/api/lab/{actor_id}/reset", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses((status = 204), (status = 400, body = ErrorBody), (status = 503, body = ErrorBody))
)]
pub(crate) async fn reset(State(backend): State<SharedBackend>, Actor(actor): Actor) -> Result<StatusCode, ApiError> {
    backend.reset(&actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
