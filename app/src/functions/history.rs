//! Reading the history, from the actor and from the store itself.

use leptos::prelude::*;

use model::actor_id::ActorId;
use model::lab::StoredValue;
use model::message::Message;

#[cfg(feature = "ssr")]
use super::request;
use crate::error::ServerError;

/// Asks the actor for its history.
#[server(prefix = "/api", endpoint = "read_history")]
pub async fn read_history(actor: ActorId) -> Result<Vec<Message>, ServerError> {
    let backend = request::backend();
    request::answer(backend.conversation_history(&actor).await)
}

/// Asks the actor for its history and reads the value from the store itself.
#[server(prefix = "/api", endpoint = "compare_with_store")]
pub async fn compare_with_store(actor: ActorId) -> Result<StoredValue, ServerError> {
    let backend = request::backend();
    request::answer(backend.compare_with_store(&actor).await)
}
