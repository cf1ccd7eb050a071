//! Switching the sidecar's own retries.

use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::request;
use crate::error::ServerError;

/// Switches the sidecar's own retries; the answer is whether it retries. `on` is what a checkbox sends.
#[server(prefix = "/api", endpoint = "set_sidecar_retries")]
pub async fn set_sidecar_retries(#[server(default)] on: Option<String>) -> Result<Option<bool>, ServerError> {
    let backend = request::backend();
    let setting = model::sidecar_retries::SidecarRetriesSetting { on: on.is_some() };
    Ok(request::answer(backend.set_sidecar_retries(setting))?.on)
}
