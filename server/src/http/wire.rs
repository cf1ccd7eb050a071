//! The wire to Redis as JSON.

use app::{
    backend::SharedBackend,
    error::ErrorCode,
    wire::{WireSetting, WireStatus},
};
use axum::{Json, Router, extract::State, routing::get};

use super::{
    error::{ApiError, ErrorBody},
    extract::JsonBody,
};

pub(crate) fn router() -> Router<SharedBackend> {
    Router::new().route("/api/wire", get(wire).put(set_wire))
}

/// Read how the wire to Redis is set.
///
/// The wire layer is a proxy between the Dapr sidecar and Redis, in front of the state store of the whole lab.
#[utoipa::path(
    get, path = "/api/wire", tag = "Lab",
    responses((status = 200, body = WireStatus), (status = 404, body = ErrorBody))
)]
pub(crate) async fn wire(State(backend): State<SharedBackend>) -> Result<Json<WireStatus>, ApiError> {
    let none = "This lab has no wire layer: start it with --wire HOST:PORT and --store redis://HOST:PORT";
    backend.wire().map(Json).ok_or_else(|| ApiError::new(ErrorCode::NotFound, none))
}

/// Set the wire to Redis, for every actor.
///
/// `{"fault": {"kind": "refuse"}}` closes connections, `stall` lets nothing pass, `{"kind": "delay", "ms": 800}` makes
/// every request late, `cut` closes connections in the middle of a command; `{"fault": null}` lets it work again. What
/// is held when a fault ends is dropped and never arrives late. Never waits for a turn.
#[utoipa::path(
    put, path = "/api/wire", tag = "Lab", request_body = WireSetting,
    responses(
        (status = 200, body = WireStatus), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 415, body = ErrorBody)
    )
)]
pub(crate) async fn set_wire(
    State(backend): State<SharedBackend>,
    JsonBody(setting): JsonBody<WireSetting>,
) -> Result<Json<WireStatus>, ApiError> {
    Ok(Json(backend.set_wire(setting)?))
}
