//! The lesson's two look-ups: `GET /healthz` and `GET /dapr/config`. The app channel answers both too, to the sidecar.

use axum::{Json, Router, extract::State, routing::get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app_channel::ActorConfig;

pub(crate) fn router(config: ActorConfig) -> Router {
    Router::new().route("/healthz", get(healthz)).route("/dapr/config", get(dapr_config)).with_state(config)
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
