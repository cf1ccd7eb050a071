//! The event that follows a stored message: the lesson's `ConversationUpdated`.

use async_trait::async_trait;
use model::{
    actor_id::{ACTOR_TYPE, ActorId},
    message::{Message, MessageId},
};
use serde::{Deserialize, Serialize};

use crate::{
    dapr::{Dapr, error::attempt_error},
    retry::AttemptError,
};

/// The lesson's pub/sub component.
pub const PUBSUB: &str = "daca-pubsub";

/// The lesson's topic.
pub const TOPIC: &str = "user-chat";

/// The event's data, field for field the lesson's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationUpdated {
    /// Whose conversation it is.
    pub actor_id: ActorId,
    /// The state key of the history.
    pub history_key: String,
    /// `ChatAgent`.
    pub actor_type: String,
    /// `ConversationUpdated`.
    pub event_type: String,
    /// The learner's message.
    pub input: Message,
    /// The agent's reply.
    pub output: Message,
}

/// The event of a stored message and its reply.
pub(super) fn conversation_updated(actor: &ActorId, input: &Message, output: &Message) -> ConversationUpdated {
    ConversationUpdated {
        actor_id: actor.clone(),
        history_key: actor.history_key(),
        actor_type: ACTOR_TYPE.to_owned(),
        event_type: "ConversationUpdated".to_owned(),
        input: input.clone(),
        output: output.clone(),
    }
}

/// Where events go.
#[async_trait]
pub trait Events: Send + Sync + 'static {
    /// Publishes an event; the message's id becomes the event's, so that a reader can tell which message it is of.
    ///
    /// # Errors
    /// What failed.
    async fn publish(&self, id: &MessageId, event: &ConversationUpdated) -> Result<(), AttemptError>;
}

#[async_trait]
impl Events for Dapr {
    async fn publish(&self, id: &MessageId, event: &ConversationUpdated) -> Result<(), AttemptError> {
        let data = serde_json::to_vec(event)
            .map_err(|error| AttemptError::permanent(error.to_string(), model::operation::Layer::Actor))?;
        Dapr::publish(self, PUBSUB, TOPIC, id.as_str(), data).await.map_err(|status| attempt_error(&status))
    }
}
