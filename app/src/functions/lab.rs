//! Reading a lab, and putting it back.

use leptos::prelude::*;

use model::lab::Panels;

#[cfg(feature = "ssr")]
use super::request;
use crate::error::ServerError;

/// Reads the panels anew.
#[server(prefix = "/api", endpoint = "panels")]
pub async fn read_panels(actor: String) -> Result<Panels, ServerError> {
    let (backend, actor) = request::lab(&actor)?;
    Ok(backend.panels(&actor).await)
}

/// Puts the lab back to how a learner first finds it.
#[server(prefix = "/api", endpoint = "reset_lab")]
pub async fn reset_lab(actor: String) -> Result<(), ServerError> {
    let (backend, actor) = request::lab(&actor)?;
    request::answer(backend.reset(&actor).await)
}
