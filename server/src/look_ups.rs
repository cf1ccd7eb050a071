//! The lesson's two look-ups, `GET /healthz` and `GET /dapr/config`, as the public listener answers them. The app channel
//! answers both too, to the sidecar.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::actor::config::ActorConfig;

pub(crate) fn router(config: ActorConfig) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(dapr_config)).with_state(config)
}

/// That the process answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
}

/// See whether the process answers.
#[utoipa::path(get, path = "/healthz", tag = "Actor", responses((status = 200, body = Health)))]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// See that `ChatAgent` is registered.
///
/// What the sidecar is told about the actors of this process: their types and how long one may idle.
#[utoipa::path(get, path = "/dapr/config", tag = "Actor", responses((status = 200, body = Object)))]
pub(crate) async fn dapr_config(State(config): State<ActorConfig>) -> Json<ActorConfig> {
    Json(config)
}
