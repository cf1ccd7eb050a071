//! Sending a message to the actor.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use model::error::LabError;
#[cfg(feature = "ssr")]
use model::fault::FaultPlan;
#[cfg(feature = "ssr")]
use model::fault::FaultSetting;
use model::message::Message;

#[cfg(feature = "ssr")]
use super::request;
use crate::error::ServerError;

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivery {
    /// It is stored, and this is the reply.
    Answered(Message),
    /// Its turn failed, or there was none.
    Failed(LabError),
}

/// Sends a message to the actor; the id makes a repeat harmless.
#[server(prefix = "/api", endpoint = "send_message")]
pub async fn send_message(actor: String, content: String, message_id: String) -> Result<Message, ServerError> {
    let (backend, actor) = request::lab(&actor)?;
    let id = request::answer(message_id.try_into().map_err(LabError::from))?;
    request::answer(backend.send_message(&actor, content, id).await)
}

/// Arms the lesson's failure, whatever the switch was set to, and sends a message: what the lesson's steps ask for.
#[server(prefix = "/api", endpoint = "arm_and_send")]
pub async fn arm_and_send(actor: String, content: String, message_id: String) -> Result<Message, ServerError> {
    let (backend, actor) = request::lab(&actor)?;
    let id = request::answer(message_id.try_into().map_err(LabError::from))?;
    request::answer(backend.set_fault(&actor, FaultSetting::on(FaultPlan::lesson())))?;
    request::answer(backend.send_message(&actor, content, id).await)
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
    let (backend, actor) = request::lab(&actor)?;
    let id = request::answer(message_id.try_into().map_err(LabError::from))?;
    if arm {
        request::answer(backend.set_fault(&actor, FaultSetting::on(FaultPlan::lesson())))?;
    }
    match backend.send_message(&actor, content, id).await {
        Ok(reply) => Ok(Delivery::Answered(reply)),
        Err(error) if error.code.status() >= 500 => Ok(Delivery::Failed(error)),
        Err(error) => Err(request::failed(error)),
    }
}
