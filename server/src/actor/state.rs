//! What a `ChatAgent` keeps, and how it gets at it.

use std::{
    borrow::Cow,
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use app::{
    actor_id::ActorId,
    message::{Message, MessageId},
    timeline::{Cause, Layer},
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    dapr::{Dapr, StateChange, error::attempt_error},
    retry::{AttemptError, Failure},
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

/// The state of actors behind the sidecar.
///
/// History and answered messages are two keys, and are read by two calls. A save that got no answer in time may still be
/// carried out, by a store that is slow: between the two calls, so that one tells of it and the other does not. What is
/// written on top of that would lose a message that counts as answered. So its actor is *in doubt* until a later save
/// has succeeded, and until then its state is read as it was at one moment.
#[derive(Clone)]
pub struct SidecarState {
    dapr: Dapr,
    in_doubt: Arc<Mutex<HashSet<ActorId>>>,
}

/// How often the state of an actor in doubt is read until it is of one moment. One late save changes it once.
const READS: u8 = 3;

impl SidecarState {
    /// The state behind this sidecar; no actor is in doubt.
    #[must_use]
    pub fn new(dapr: Dapr) -> Self {
        Self { dapr, in_doubt: Arc::default() }
    }

    /// The sidecar, asked to do this to the calls on purpose.
    fn with_hit(&self, hit: Option<StoreHit>) -> Cow<'_, Dapr> {
        hit.map_or(Cow::Borrowed(&self.dapr), |hit| Cow::Owned(self.dapr.with_baggage(&hit.baggage())))
    }

    /// Locks for a moment: not over an `.await`, and a panic elsewhere leaves the data whole.
    fn in_doubt(&self) -> MutexGuard<'_, HashSet<ActorId>> {
        self.in_doubt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn get(&self, actor: &ActorId, key: &str) -> Result<Vec<u8>, AttemptError> {
        self.dapr.get_state(actor, key).await.map_err(|status| attempt_error(&status))
    }

    /// History and answered messages as they were at one moment: every transaction changes the second, so a history that
    /// was read between two equal readings of that belongs to it. `answered` is the first.
    async fn of_one_moment(&self, actor: &ActorId, mut answered: Vec<u8>) -> Result<(Vec<u8>, Vec<u8>), AttemptError> {
        for _ in 0..READS {
            let history = self.get(actor, &actor.history_key()).await?;
            let again = self.get(actor, &answered_key(actor)).await?;
            if again == answered {
                return Ok((history, answered));
            }
            answered = again;
        }
        let cause = Cause { simulated: false, layer: Layer::Store };
        let text = "what is stored changed while it was read".to_owned();
        Err(AttemptError::Transient(Failure { text, cause, maybe_done: false, no_answer: false }))
    }
}

#[async_trait]
impl StateAccess for SidecarState {
    async fn load(&self, actor: &ActorId, hit: Option<StoreHit>) -> Result<Conversation, AttemptError> {
        let dapr = self.with_hit(hit);
        let (history_key, answered_key) = (actor.history_key(), answered_key(actor));
        // Both to their end: a call that is dropped while its connection is being opened leaves the outcome to the next
        // call, which would then report a sidecar as away that has come back meanwhile.
        let both = tokio::join!(dapr.get_state(actor, &history_key), dapr.get_state(actor, &answered_key));
        let mut history = both.0.map_err(|status| attempt_error(&status))?;
        let mut answered = both.1.map_err(|status| attempt_error(&status))?;
        let doubted = self.in_doubt().contains(actor);
        if doubted {
            (history, answered) = self.of_one_moment(actor, answered).await?;
        }
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
        // Before the call: one that is given up says nothing any more.
        let certain = self.in_doubt().insert(actor.clone());
        let saved = self.with_hit(hit).change_state(actor, changes).await.map_err(|status| attempt_error(&status));
        let settled = match &saved {
            Ok(()) => true,
            Err(AttemptError::Transient(failure) | AttemptError::Permanent(failure)) => certain && !failure.maybe_done,
        };
        if settled {
            self.in_doubt().remove(actor);
        }
        saved
    }

    async fn delete(&self, actor: &ActorId) -> Result<(), AttemptError> {
        let changes = vec![StateChange::Delete(actor.history_key()), StateChange::Delete(answered_key(actor))];
        self.dapr.change_state(actor, changes).await.map_err(|status| attempt_error(&status))
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
