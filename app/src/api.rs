//! The server functions: what the page asks of the process. Each goes through the [`Backend`](crate::backend::Backend)
//! and works as a plain form post, without script, too.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::ServerError;
#[cfg(feature = "ssr")]
use model::fault::{FaultPlan, FaultSetting};
use model::{
    error::LabError,
    fault::{FaultStatus, form::FaultForm},
    lab::{Panels, StoredValue},
    message::Message,
    policy::{RetryPolicy, form::PolicyForm},
    wire::WireStatus,
};

/// Sends a message to the actor; the id makes a repeat harmless.
#[server(prefix = "/api", endpoint = "send_message")]
pub async fn send_message(actor: String, content: String, message_id: String) -> Result<Message, ServerError> {
    let (backend, actor) = ssr::lab(&actor)?;
    let id = ssr::answer(message_id.try_into().map_err(LabError::from))?;
    ssr::answer(backend.send_message(&actor, content, id).await)
}

/// Arms the lesson's failure, whatever the switch was set to, and sends a message: what the lesson's steps ask for.
#[server(prefix = "/api", endpoint = "arm_and_send")]
pub async fn arm_and_send(actor: String, content: String, message_id: String) -> Result<Message, ServerError> {
    let (backend, actor) = ssr::lab(&actor)?;
    let id = ssr::answer(message_id.try_into().map_err(LabError::from))?;
    ssr::answer(backend.set_fault(&actor, FaultSetting::on(FaultPlan::lesson())))?;
    ssr::answer(backend.send_message(&actor, content, id).await)
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivery {
    /// It is stored, and this is the reply.
    Answered(Message),
    /// Its turn failed, or there was none.
    Failed(LabError),
}

/// Sends a message for a page whose script runs. A turn that failed is an answer and not a failed request: a browser
/// would report it as one, although it may be just what the lesson asks for.
#[server(prefix = "/api", endpoint = "deliver_message")]
pub async fn deliver_message(
    actor: String,
    content: String,
    message_id: String,
    arm: bool,
) -> Result<Delivery, ServerError> {
    let (backend, actor) = ssr::lab(&actor)?;
    let id = ssr::answer(message_id.try_into().map_err(LabError::from))?;
    if arm {
        ssr::answer(backend.set_fault(&actor, FaultSetting::on(FaultPlan::lesson())))?;
    }
    match backend.send_message(&actor, content, id).await {
        Ok(reply) => Ok(Delivery::Answered(reply)),
        Err(error) if error.code.status() >= 500 => Ok(Delivery::Failed(error)),
        Err(error) => Err(ssr::failed(error)),
    }
}

/// Asks the actor for its history.
#[server(prefix = "/api", endpoint = "read_history")]
pub async fn read_history(actor: String) -> Result<Vec<Message>, ServerError> {
    let (backend, actor) = ssr::lab(&actor)?;
    ssr::answer(backend.conversation_history(&actor).await)
}

/// Asks the actor for its history and reads the value from the store itself.
#[server(prefix = "/api", endpoint = "compare_with_store")]
pub async fn compare_with_store(actor: String) -> Result<StoredValue, ServerError> {
    let (backend, actor) = ssr::lab(&actor)?;
    ssr::answer(backend.compare_with_store(&actor).await)
}

/// Sets the failure switch. `on` is what a checkbox sends: something if it is ticked, nothing if not. `rows` comes from
/// a page without script that wants one row more or less for its faults: nothing is set, the form comes back.
#[server(prefix = "/api", endpoint = "set_fault")]
pub async fn set_fault(
    actor: String,
    #[server(default)] on: Option<String>,
    plan: Vec<FaultForm>,
    #[server(default)] rows: Option<String>,
) -> Result<FaultStatus, ServerError> {
    let (backend, actor) = ssr::lab(&actor)?;
    if rows.is_some() {
        return Ok(backend.fault(&actor));
    }
    let plan = ssr::answer(model::fault::form::plan(&plan))?;
    ssr::answer(backend.set_fault(&actor, FaultSetting { on: on.is_some(), plan: Some(plan) }))
}

/// Arms the switch's plan afresh.
#[server(prefix = "/api", endpoint = "arm_fault")]
pub async fn arm_fault(actor: String) -> Result<FaultStatus, ServerError> {
    let (backend, actor) = ssr::lab(&actor)?;
    Ok(backend.arm_fault(&actor))
}

/// Sets the retry policy.
#[server(prefix = "/api", endpoint = "set_policy")]
pub async fn set_policy(actor: String, policy: PolicyForm) -> Result<RetryPolicy, ServerError> {
    let (backend, actor) = ssr::lab(&actor)?;
    let policy = ssr::answer(policy.policy())?;
    ssr::answer(backend.set_policy(&actor, policy))
}

/// Holds each attempt of a message before it begins, or no longer; with `release` that stays as it is, and the attempt
/// that is held goes. `on` is what a checkbox sends, `release` what the button beside it does.
#[server(prefix = "/api", endpoint = "hold")]
pub async fn hold(
    actor: String,
    #[server(default)] on: Option<String>,
    #[server(default)] release: Option<String>,
) -> Result<(), ServerError> {
    let (backend, actor) = ssr::lab(&actor)?;
    if release.is_some() {
        backend.release(&actor);
    } else {
        backend.set_hold(&actor, on.is_some());
    }
    Ok(())
}

/// Switches the sidecar's own retries; the answer is whether it retries. `on` is what a checkbox sends.
#[server(prefix = "/api", endpoint = "set_sidecar_retries")]
pub async fn set_sidecar_retries(#[server(default)] on: Option<String>) -> Result<Option<bool>, ServerError> {
    let backend = expect_context::<crate::backend::SharedBackend>();
    let setting = model::sidecar_retries::SidecarRetriesSetting { on: on.is_some() };
    Ok(ssr::answer(backend.set_sidecar_retries(setting))?.on)
}

/// Runs a scenario to its end. A plain form: the page that it comes from goes on to show what happens meanwhile.
#[server(prefix = "/api", endpoint = "run_scenario")]
pub async fn run_scenario(actor: String, name: String) -> Result<(), ServerError> {
    let (backend, actor) = ssr::lab(&actor)?;
    ssr::answer(backend.run_scenario(actor, &name).await)?;
    Ok(())
}

/// Sets the wire to Redis: `works`, or what it does on purpose.
#[server(prefix = "/api", endpoint = "set_wire")]
pub async fn set_wire(wire: String) -> Result<WireStatus, ServerError> {
    let backend = expect_context::<crate::backend::SharedBackend>();
    let setting = ssr::answer(ssr::wire_setting(&wire))?;
    ssr::answer(backend.set_wire(setting))
}

/// Reads the panels anew.
#[server(prefix = "/api", endpoint = "panels")]
pub async fn read_panels(actor: String) -> Result<Panels, ServerError> {
    let (backend, actor) = ssr::lab(&actor)?;
    Ok(backend.panels(&actor).await)
}

/// Puts the lab back to how a learner first finds it.
#[server(prefix = "/api", endpoint = "reset_lab")]
pub async fn reset_lab(actor: String) -> Result<(), ServerError> {
    let (backend, actor) = ssr::lab(&actor)?;
    ssr::answer(backend.reset(&actor).await)
}

#[cfg(feature = "ssr")]
pub(crate) use self::ssr::failed;

#[cfg(feature = "ssr")]
mod ssr {
    use http::{StatusCode, header::ACCEPT, request::Parts};
    use leptos::prelude::*;
    use leptos_axum::ResponseOptions;

    use crate::{backend::SharedBackend, error::ServerError};
    use model::{
        actor_id::ActorId,
        error::{ErrorCode, LabError},
        wire::{WireFault, WireSetting},
    };

    /// The backend of this request, and the actor that it names.
    pub(super) fn lab(actor: &str) -> Result<(SharedBackend, ActorId), ServerError> {
        let actor = answer(actor.parse().map_err(LabError::from))?;
        Ok((expect_context::<SharedBackend>(), actor))
    }

    /// The answer, with the response's status set to its error's.
    pub(super) fn answer<T>(result: Result<T, LabError>) -> Result<T, ServerError> {
        result.map_err(failed)
    }

    /// Sets the response's status to the error's. A plain form post keeps its redirect: the page shows the error.
    pub(crate) fn failed(error: LabError) -> ServerError {
        let wants_page = use_context::<Parts>().is_some_and(|request| {
            let accept = request.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
            accept.is_some_and(|accept| accept.contains("text/html"))
        });
        if let Some(response) = use_context::<ResponseOptions>().filter(|_| !wants_page) {
            let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            response.set_status(status);
        }
        ServerError(error)
    }

    /// The wire's form field as a setting.
    pub(super) fn wire_setting(word: &str) -> Result<WireSetting, LabError> {
        let fault = WireFault::OFFERED.into_iter().find(|fault| fault.word() == word);
        if fault.is_none() && word != "works" {
            let message = format!("wire is {word:?}: use works, refuse, stall, delay or cut");
            return Err(LabError::new(ErrorCode::InvalidRequest, message));
        }
        Ok(WireSetting { fault })
    }
}
