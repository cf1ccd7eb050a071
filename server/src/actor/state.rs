//! What a `ChatAgent` keeps, and how it gets at it.

use std::{borrow::Cow, collections::VecDeque};

use app::{
    actor_id::ActorId,
    message::{Message, MessageId},
    timeline::Layer,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    dapr::{Dapr, StateChange, error::attempt_error},
    retry::AttemptError,
    store_hit::StoreHit,
};

/// How many messages are known to be answered. A repeat comes soon after its message, if it comes.
const ANSWERED_LIMIT: usize = 32;

/// Everything that one actor keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// The history, as the lesson stores it.
    pub history: Vec<Message>,
    /// The messages that were answered last.
    pub answered: Answered,
}

/// The ids of the messages that were answered last, with their replies: what keeps a message that is delivered twice
/// from being applied twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answered(VecDeque<Answer>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Answer {
    id: MessageId,
    reply: Message,
}

impl Answered {
    /// The reply that a message got, if it was answered.
    #[must_use]
    pub fn reply_to(&self, id: &MessageId) -> Option<&Message> {
        self.0.iter().rev().find(|answer| answer.id == *id).map(|answer| &answer.reply)
    }

    /// Remembers a reply, and forgets the oldest beyond the limit.
    pub fn remember(&mut self, id: MessageId, reply: Message) {
        self.0.push_back(Answer { id, reply });
        let excess = self.0.len().saturating_sub(ANSWERED_LIMIT);
        self.0.drain(..excess);
    }
}

/// The key beside the history for [`Answered`]. A key of its own leaves the history the lesson's plain list.
#[must_use]
pub fn answered_key(actor: &ActorId) -> String {
    format!("answered-{actor}")
}

/// The state of actors, one attempt at a time.
#[async_trait]
pub trait StateAccess: Send + Sync + 'static {
    /// Reads everything that the actor keeps. A key that is not there is empty. `hit` is what the store does with it on
    /// purpose.
    ///
    /// # Errors
    /// What failed; a stored value of another form is permanent, and names its key.
    async fn load(&self, actor: &ActorId, hit: Option<StoreHit>) -> Result<Conversation, AttemptError>;

    /// Writes everything that the actor keeps, all or nothing. `hit` is what the store does with it on purpose; a write
    /// that is dropped meanwhile is not carried out later.
    ///
    /// # Errors
    /// What failed.
    async fn save(
        &self,
        actor: &ActorId,
        conversation: &Conversation,
        hit: Option<StoreHit>,
    ) -> Result<(), AttemptError>;

    /// Takes everything away that the actor keeps, all or nothing.
    ///
    /// # Errors
    /// What failed.
    async fn delete(&self, actor: &ActorId) -> Result<(), AttemptError>;
}

#[async_trait]
impl StateAccess for Dapr {
    async fn load(&self, actor: &ActorId, hit: Option<StoreHit>) -> Result<Conversation, AttemptError> {
        let dapr = self.with_hit(hit);
        let (history_key, answered_key) = (actor.history_key(), answered_key(actor));
        // Both to their end: a call that is dropped while its connection is being opened leaves the outcome to the next
        // call, which would then report a sidecar as away that has come back meanwhile.
        let both = tokio::join!(dapr.get_state(actor, &history_key), dapr.get_state(actor, &answered_key));
        let history = both.0.map_err(|status| attempt_error(&status))?;
        let answered = both.1.map_err(|status| attempt_error(&status))?;
        Ok(Conversation { history: decode(&history_key, &history)?, answered: decode(&answered_key, &answered)? })
    }

    async fn save(
        &self,
        actor: &ActorId,
        conversation: &Conversation,
        hit: Option<StoreHit>,
    ) -> Result<(), AttemptError> {
        let changes = vec![
            StateChange::Set(actor.history_key(), encode(&conversation.history)?),
            StateChange::Set(answered_key(actor), encode(&conversation.answered)?),
        ];
        self.with_hit(hit).change_state(actor, changes).await.map_err(|status| attempt_error(&status))
    }

    async fn delete(&self, actor: &ActorId) -> Result<(), AttemptError> {
        let changes = vec![StateChange::Delete(actor.history_key()), StateChange::Delete(answered_key(actor))];
        self.change_state(actor, changes).await.map_err(|status| attempt_error(&status))
    }
}

impl Dapr {
    /// The sidecar, asked to do this to the calls on purpose.
    fn with_hit(&self, hit: Option<StoreHit>) -> Cow<'_, Self> {
        hit.map_or(Cow::Borrowed(self), |hit| Cow::Owned(self.with_baggage(&hit.baggage())))
    }
}

/// Reads a stored value; none is an empty one.
///
/// # Errors
/// A value of another form. It is somebody's: it is never overwritten by a message, only by a reset.
pub fn decode<T: DeserializeOwned + Default>(key: &str, value: &[u8]) -> Result<T, AttemptError> {
    if value.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(value).map_err(|error| {
        let text = format!("The stored value of {key} is not a list of messages ({error}). Reset the lab to clear it.");
        AttemptError::permanent(text, Layer::Store)
    })
}

fn encode(value: &impl Serialize) -> Result<Vec<u8>, AttemptError> {
    serde_json::to_vec(value).map_err(|error| AttemptError::permanent(error.to_string(), Layer::Actor))
}
