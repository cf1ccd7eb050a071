//! Setting the wire to Redis.

use leptos::prelude::*;

use model::wire::WireStatus;
#[cfg(feature = "ssr")]
use model::{
    error::{ErrorCode, LabError},
    wire::{WireFault, WireSetting},
};

#[cfg(feature = "ssr")]
use super::request;
use crate::error::ServerError;

/// Sets the wire to Redis: `works`, or what it does on purpose.
#[server(prefix = "/api", endpoint = "set_wire")]
pub async fn set_wire(wire: String) -> Result<WireStatus, ServerError> {
    let backend = request::backend();
    let setting = request::answer(wire_setting(&wire))?;
    request::answer(backend.set_wire(setting))
}

/// The wire's form field as a setting.
#[cfg(feature = "ssr")]
fn wire_setting(word: &str) -> Result<WireSetting, LabError> {
    let fault = WireFault::OFFERED.into_iter().find(|fault| fault.word() == word);
    if fault.is_none() && word != "works" {
        let message = format!("wire is {word:?}: use works, refuse, stall, delay or cut");
        return Err(LabError::new(ErrorCode::InvalidRequest, message));
    }
    Ok(WireSetting { fault })
}
