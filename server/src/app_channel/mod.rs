//! The sidecar's private door: what the app answers to it, and to nobody else. Whoever comes in here bypasses the turn
//! lock of the sidecar, so it listens apart from the public surface and asks for `APP_API_TOKEN` where there is one.
//!
//! # Layout
//! - [`router`]: the routes of the app channel
//! - `actors`: `PUT` and `DELETE /actors/…`: turns and deactivation
//! - `events`: `POST /subscribe`: published events on their way back
//! - `guard`, `token`: who may come in

mod actors;
mod events;
mod guard;
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

use self::token::AppToken;
use crate::{
    actor::{Agents, config::ActorConfig},
    guard::AllowedHosts,
    labs::Timelines,
    look_ups::healthz,
};

/// What the app channel answers from.
#[derive(Clone)]
pub(crate) struct Parts {
    /// The actors.
    pub(crate) agents: Agents,
    /// Where delivered events are recorded.
    pub(crate) timelines: Timelines,
    /// What the sidecar is told about the actors.
    pub(crate) config: ActorConfig,
    /// `APP_API_TOKEN`: what the sidecar has to show. Without one every program may come in.
    pub(crate) token: Option<String>,
    /// The names by which a sidecar may reach it, beside `localhost` and plain addresses.
    pub(crate) allowed: AllowedHosts,
}

/// The routes of the app channel.
pub(crate) fn router(parts: Parts) -> Router {
    let Parts { agents, timelines, config, token, allowed } = parts;
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
        .layer(middleware::from_fn_with_state(allowed, guard::guard))
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
