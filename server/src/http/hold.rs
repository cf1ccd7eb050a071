//! Holding attempts, and letting them go, as JSON.

use app::backend::SharedBackend;
use axum::{Json, extract::State};
use model::hold::{HeldAttempt, HoldSetting, HoldStatus};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::{ApiError, ErrorBody},
    extract::{Actor, Fields},
};

pub(crate) fn router() -> OpenApiRouter<SharedBackend> {
    OpenApiRouter::new().routes(routes!(hold, set_hold)).routes(routes!(release))
}

/// Read whether attempts are held, and the one that is.
#[utoipa::path(
    get, path = "/api/lab/{actor_id}/hold", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses((status = 200, body = HoldStatus), (status = 400, body = ErrorBody))
)]
pub(crate) async fn hold(State(backend): State<SharedBackend>, Actor(actor): Actor) -> Json<HoldStatus> {
    Json(backend.hold(&actor))
}

/// Hold each attempt of a message before it begins, or no longer.
///
/// A held attempt waits until it is released, and its turn with it. Holds count into the turn's 45 s: an attempt that
/// nobody releases goes by itself at `due_at`, with 5 s for the store and the worst case of what is left of the turn
/// under plan and policy; one that comes after that is not held. Switched off, a held attempt goes at once. Never waits
/// for a turn. A reset switches it off.
#[utoipa::path(
    put, path = "/api/lab/{actor_id}/hold", tag = "Lab", request_body = HoldSetting,
    params(("actor_id" = String, Path, example = "user1")),
    responses(
        (status = 200, body = HoldStatus), (status = 400, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 415, body = ErrorBody), (status = 422, body = ErrorBody)
    )
)]
pub(crate) async fn set_hold(
    State(backend): State<SharedBackend>,
    Actor(actor): Actor,
    Fields(setting): Fields<HoldSetting>,
) -> Result<Json<HoldStatus>, ApiError> {
    Ok(Json(backend.set_hold(&actor, setting.on)))
}

/// What was released.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(crate) struct Released {
    /// The attempt that goes now; `null` if none was held.
    released: Option<HeldAttempt>,
}

/// Release the attempt that is held.
///
/// The next one is held again. Where nothing is held, nothing is done, and `released` is `null`: whoever comes a moment
/// after the attempt has gone by itself has what they wanted. Never waits for a turn.
#[utoipa::path(
    post, path = "/api/lab/{actor_id}/release", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses((status = 200, body = Released), (status = 400, body = ErrorBody))
)]
pub(crate) async fn release(State(backend): State<SharedBackend>, Actor(actor): Actor) -> Json<Released> {
    Json(Released { released: backend.release(&actor) })
}
