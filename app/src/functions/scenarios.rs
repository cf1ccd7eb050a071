//! Running scenarios.

use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::request;
use crate::error::ServerError;

/// Runs a scenario to its end. A plain form: the page that it comes from goes on to show what happens meanwhile.
#[server(prefix = "/api", endpoint = "run_scenario")]
pub async fn run_scenario(actor: String, name: String) -> Result<(), ServerError> {
    let (backend, actor) = request::lab(&actor)?;
    request::answer(backend.run_scenario(actor, &name).await)?;
    Ok(())
}
