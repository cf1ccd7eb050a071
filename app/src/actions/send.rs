//! Sending a message.

use leptos::prelude::*;

use crate::{
    error::ServerError,
    functions::messages::{self, Delivery, SendMessage},
    live::store::{Store, Unsent, UnsentState},
};

/// Sends a message and shows it at once, until the timeline knows of its turn. A message that never became a turn is shown
/// as one that failed; one that was refused goes back to the field.
pub(super) async fn send(store: Store, message: SendMessage) -> Result<Delivery, ServerError> {
    let SendMessage { actor, content, message_id: id, arm } = message;
    store.go(None);
    let after_turn = store.last_turn();
    let shown = Unsent { id: id.clone(), content: content.clone(), after_turn, state: UnsentState::Sending };
    store.unsent.update(|unsent| {
        unsent.retain(|other| other.id != id);
        unsent.push(shown);
    });
    // A check may have sent what the field proposes: there it has had its turn.
    store.draft.update(|draft| {
        if *draft == content {
            draft.clear();
        }
    });
    let result = match messages::send_message(actor, content.clone(), id.clone(), arm).await {
        Err(ServerError(error)) if error.code.status() >= 500 => Ok(Delivery::Failed(error)),
        result => result,
    };
    let known = store.knows(&id, after_turn);
    store.unsent.update(|unsent| match &result {
        Ok(delivery) if !known => {
            if let Some(message) = unsent.iter_mut().find(|other| other.id == id) {
                message.state = match delivery {
                    Delivery::Answered(_) => UnsentState::Answered,
                    Delivery::Failed(error) => UnsentState::Failed(error.clone()),
                };
            }
        }
        _ => unsent.retain(|other| other.id != id),
    });
    if result.is_err() {
        store.draft.update(|draft| {
            if draft.is_empty() {
                *draft = content;
            }
        });
    }
    result
}
