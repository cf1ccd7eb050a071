//! Holding attempts, and letting them go.

use leptos::prelude::*;

use model::actor_id::ActorId;

#[cfg(feature = "ssr")]
use super::request;
use crate::error::ServerError;

/// Holds each attempt of a message before it begins, or no longer. `on` is what a checkbox sends.
#[server(prefix = "/api", endpoint = "set_hold")]
pub async fn set_hold(actor: ActorId, #[server(default)] on: Option<String>) -> Result<(), ServerError> {
    let backend = request::backend();
    backend.set_hold(&actor, on.is_some());
    Ok(())
}

/// Lets the attempt go that is held.
#[server(prefix = "/api", endpoint = "release")]
pub async fn release(actor: ActorId) -> Result<(), ServerError> {
    let backend = request::backend();
    backend.release(&actor);
    Ok(())
}
