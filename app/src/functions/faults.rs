//! Setting the failure switch.

use leptos::prelude::*;

use model::actor_id::ActorId;
#[cfg(feature = "ssr")]
use model::fault::FaultSetting;
use model::fault::FaultStatus;
use model::fault::form::FaultForm;

#[cfg(feature = "ssr")]
use super::request;
use crate::error::ServerError;

/// Sets the failure switch. `on` is what a checkbox sends: something if it is ticked, nothing if not. `rows` comes from
/// a page without script that wants one row more or less for its faults: nothing is set, the form comes back.
#[server(prefix = "/api", endpoint = "set_fault")]
pub async fn set_fault(
    actor: ActorId,
    #[server(default)] on: Option<String>,
    plan: Vec<FaultForm>,
    #[server(default)] rows: Option<String>,
) -> Result<FaultStatus, ServerError> {
    let backend = request::backend();
    if rows.is_some() {
        return Ok(backend.fault(&actor));
    }
    let plan = request::answer(model::fault::form::plan(&plan))?;
    request::answer(backend.set_fault(&actor, FaultSetting { on: on.is_some(), plan: Some(plan) }))
}

/// Arms the switch's plan afresh.
#[server(prefix = "/api", endpoint = "arm_fault")]
pub async fn arm_fault(actor: ActorId) -> Result<FaultStatus, ServerError> {
    let backend = request::backend();
    Ok(backend.arm_fault(&actor))
}
