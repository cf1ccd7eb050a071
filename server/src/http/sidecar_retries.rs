//! The sidecar's own retries as JSON.

use app::backend::SharedBackend;
use axum::{Json, extract::State};
use model::sidecar_retries::{SidecarRetries, SidecarRetriesSetting};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::{ApiError, ErrorBody},
    extract::Fields,
};

pub(crate) fn router() -> OpenApiRouter<SharedBackend> {
    OpenApiRouter::new().routes(routes!(sidecar_retries, set_sidecar_retries))
}

/// Read whether the sidecar itself retries.
///
/// Dapr can retry calls to the state store below the application's own retries. `document` is the `Resiliency` file
/// that says so; `on` is `null` for a daprd, which does not tell.
#[utoipa::path(get, path = "/api/sidecar-retries", tag = "Lab", responses((status = 200, body = SidecarRetries)))]
pub(crate) async fn sidecar_retries(State(backend): State<SharedBackend>) -> Json<SidecarRetries> {
    Json(backend.sidecar_retries())
}

/// Switch the embedded sidecar's retries on or off, for every actor.
///
/// A daprd reads its policies at its start: it has to be started with the file. Never waits for a turn.
#[utoipa::path(
    put, path = "/api/sidecar-retries", tag = "Lab", request_body = SidecarRetriesSetting,
    responses(
        (status = 200, body = SidecarRetries), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "A scenario relies on it until it ends", body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 415, body = ErrorBody), (status = 422, body = ErrorBody)
    )
)]
pub(crate) async fn set_sidecar_retries(
    State(backend): State<SharedBackend>,
    Fields(setting): Fields<SidecarRetriesSetting>,
) -> Result<Json<SidecarRetries>, ApiError> {
    Ok(Json(backend.set_sidecar_retries(setting)?))
}
