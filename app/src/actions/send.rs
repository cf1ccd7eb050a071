//! Sending a message.

use crate::{
    error::ServerError,
    functions::messages::{Delivery, SendMessage, send_message},
    state::messages::{MessagesState, UnsentState},
};

/// Sends a message and shows it at once, until the timeline knows of its turn. A message that never became a turn is shown
/// as one that failed; one that was refused goes back to the field.
pub(super) async fn send(messages: MessagesState, message: SendMessage) -> Result<Delivery, ServerError> {
    let SendMessage { actor, content, message_id: id, arm } = message;
    let after_turn = messages.begin(&content, &id);
    let result = match send_message(actor, content.clone(), id.clone(), arm).await {
        Err(ServerError(error)) if error.code.status() >= 500 => Ok(Delivery::Failed(error)),
        result => result,
    };
    let state = result.as_ref().ok().map(|delivery| match delivery {
        Delivery::Answered(_) => UnsentState::Answered,
        Delivery::Failed(error) => UnsentState::Failed(error.clone()),
    });
    messages.end(content, &id, after_turn, state);
    result
}
