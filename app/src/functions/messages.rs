//! Sending a message to the actor.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use model::actor_id::ActorId;
use model::error::LabError;
#[cfg(feature = "ssr")]
use model::fault::FaultPlan;
#[cfg(feature = "ssr")]
use model::fault::FaultSetting;
use model::message::{Message, MessageId};

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

/// Sends a message to the actor; the id makes a repeat harmless. With `arm` the lesson's failure is armed first, whatever
/// the switch was set to: what the lesson's steps ask for.
///
/// To a page whose script runs, a turn that failed is an answer and not a failed request: a browser would report it as
/// one, although it may be just what the lesson asks for. A plain form goes back to its page with the error.
#[server(prefix = "/api", endpoint = "send_message")]
pub async fn send_message(
    actor: ActorId,
    content: String,
    message_id: MessageId,
    #[server(default)] arm: bool,
) -> Result<Delivery, ServerError> {
    let backend = request::backend();
    if arm {
        request::answer(backend.set_fault(&actor, FaultSetting::on(FaultPlan::lesson())))?;
    }
    match backend.send_message(&actor, content, message_id).await {
        Ok(reply) => Ok(Delivery::Answered(reply)),
        Err(error) if error.code.status() >= 500 && !request::wants_page() => Ok(Delivery::Failed(error)),
        Err(error) => Err(request::failed(error)),
    }
}
