//! The sidecar's private door: what the app answers to it, and to nobody else. Whoever comes in here bypasses the turn
//! lock of the sidecar, so it listens apart from the public surface and asks for `APP_API_TOKEN` where there is one.
//!
//! # Layout
//! - [`router`]: the routes of the app channel
//! - `actors`: `PUT` and `DELETE /actors/…`: turns and deactivation
//! - `events`: `POST /subscribe`: published events on their way back
//! - `token`: who may come in

mod actors;
mod events;
mod token;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use model::error::LabError;

pub(crate) use self::actors::check_content;
use self::token::AppToken;
use crate::{
    actor::{Agents, config::ActorConfig},
    labs::Timelines,
    look_ups::healthz,
};

/// The header in which the id of a message travels. InvokeActor metadata becomes headers, and the sidecar sends them
/// again when it sends the call again.
pub const MESSAGE_ID_HEADER: &str = "faultlab-message-id";

/// The header in which the ticket of a queued call travels.
pub const TICKET_HEADER: &str = "faultlab-turn";

/// What the app channel answers from.
#[derive(Clone)]
pub struct Parts {
    /// The actors.
    pub agents: Agents,
    /// Where delivered events are recorded.
    pub timelines: Timelines,
    /// What the sidecar is told about the actors.
    pub config: ActorConfig,
    /// `APP_API_TOKEN`: what the sidecar has to show. Without one everybody may come in.
    pub token: Option<String>,
}

/// The routes of the app channel.
pub fn router(parts: Parts) -> Router {
    let Parts { agents, timelines, config, token } = parts;
    let actor = put(actors::invoke).with_state(agents.clone());
    Router::new()
        .route("/actors/{type}/{id}/method/{method}", actor)
        .route("/actors/{type}/{id}", axum::routing::delete(actors::deactivate).with_state(agents))
        // The subscription is declarative: see components/*/message-subscription.yaml.
        .route("/dapr/subscribe", get(|| async { Json([(); 0]) }))
        .route("/subscribe", post(events::deliver).with_state(timelines.clone()))
        .layer(middleware::from_fn_with_state(AppToken::new(token), token::check))
        // Dapr's health probe carries no token, and what is hosted here is no secret: the public listener says both.
        .route("/healthz", get(healthz))
        .route("/dapr/config", get(register).with_state((config, timelines)))
}

/// `GET /dapr/config`: tells the sidecar what is hosted here. With that the actor is registered.
async fn register(State((config, timelines)): State<(ActorConfig, Timelines)>) -> Json<ActorConfig> {
    timelines.actor_registered();
    Json(config)
}

/// An error as the sidecar hands it on to the caller: as text, inside its own error.
fn refuse(status: StatusCode, error: &LabError) -> Response {
    (status, Json(error)).into_response()
}
