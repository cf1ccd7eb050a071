//! Running scenarios.

use leptos::prelude::*;

use model::actor_id::ActorId;

#[cfg(feature = "ssr")]
use super::request;
use crate::error::ServerError;

/// Runs a scenario to its end. A plain form: the page that it comes from goes on to show what happens meanwhile.
#[server(prefix = "/api", endpoint = "run_scenario")]
pub async fn run_scenario(actor: ActorId, name: String) -> Result<(), ServerError> {
    let backend = request::backend();
    request::answer(backend.run_scenario(actor, &name).await)?;
    Ok(())
}
