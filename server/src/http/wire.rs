//! The wire to Redis as JSON.

use app::backend::SharedBackend;
use axum::{Json, extract::State};
use model::{
    error::{ErrorCode, LabError},
    fault::flat::FlatFault,
    wire::{WireFault, WireSetting, WireStatus},
};
use serde::{Deserialize, Deserializer};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::{ApiError, ErrorBody},
    extract::Fields,
};

pub(crate) fn router() -> OpenApiRouter<SharedBackend> {
    OpenApiRouter::new().routes(routes!(wire, set_wire))
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

/// A [`WireSetting`] as it is read: its fault by itself, so that the field of it that is refused can be named.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FlatWireSetting {
    #[serde(default, deserialize_with = "given")]
    fault: Option<Option<FlatFault>>,
}

/// Tells `null` from nothing.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<FlatFault>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl FlatWireSetting {
    fn checked(self) -> Result<WireSetting, LabError> {
        let fault = self.fault.ok_or_else(|| {
            let words =
                r#"fault is missing: it is null for a wire that works, or what it does, as {"kind": "refuse"}."#;
            LabError::of_field("fault", words)
        })?;
        let fault = fault.map(WireFault::try_from).transpose().map_err(|error| error.within("fault"))?;
        Ok(WireSetting { fault })
    }
}

/// Set the wire to Redis, for every actor.
///
/// The same fault as in a lab's plan, whose layer may be left out here: `{"fault": {"kind": "refuse"}}` closes
/// connections, `stall` lets nothing pass, `{"kind": "delay", "ms": 800}` makes every request late, `cut` closes
/// connections in the middle of a command; `{"fault": null}` lets it work again. What is held when a fault ends is
/// dropped and never arrives late. Whoever sets the wire last decides: a lab that had set it by its plan has it no more,
/// and its switch says so. Never waits for a turn.
#[utoipa::path(
    put, path = "/api/wire", tag = "Lab", request_body = WireSetting,
    responses(
        (status = 200, body = WireStatus), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "A scenario relies on it until it ends", body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 415, body = ErrorBody), (status = 422, body = ErrorBody)
    )
)]
pub(crate) async fn set_wire(
    State(backend): State<SharedBackend>,
    Fields(setting): Fields<FlatWireSetting>,
) -> Result<Json<WireStatus>, ApiError> {
    Ok(Json(backend.set_wire(setting.checked()?)?))
}
