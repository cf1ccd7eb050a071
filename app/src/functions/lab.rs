//! Reading a lab, and putting it back.

use leptos::prelude::*;

use model::actor_id::ActorId;
use model::lab::Panels;

#[cfg(feature = "ssr")]
use super::request;
use crate::error::ServerError;

/// Reads the panels anew.
#[server(prefix = "/api", endpoint = "panels")]
pub async fn read_panels(actor: ActorId) -> Result<Panels, ServerError> {
    let backend = request::backend();
    Ok(backend.panels(&actor).await)
}

/// Puts the lab back to how a learner first finds it.
#[server(prefix = "/api", endpoint = "reset_lab")]
pub async fn reset_lab(actor: ActorId) -> Result<(), ServerError> {
    let backend = request::backend();
    request::answer(backend.reset(&actor).await)
}
