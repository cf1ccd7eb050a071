//! Holding attempts, and letting them go.

use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::request;
use crate::error::ServerError;

/// Holds each attempt of a message before it begins, or no longer; with `release` that stays as it is, and the attempt
/// that is held goes. `on` is what a checkbox sends, `release` what the button beside it does.
#[server(prefix = "/api", endpoint = "hold")]
pub async fn hold(
    actor: String,
    #[server(default)] on: Option<String>,
    #[server(default)] release: Option<String>,
) -> Result<(), ServerError> {
    let (backend, actor) = request::lab(&actor)?;
    if release.is_some() {
        backend.release(&actor);
    } else {
        backend.set_hold(&actor, on.is_some());
    }
    Ok(())
}
