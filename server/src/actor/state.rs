//! What a `ChatAgent` keeps, and how it gets at it.

use std::borrow::Cow;

use async_trait::async_trait;
use model::{
    actor_id::ActorId,
    message::{HISTORY_LIMIT, Message, Role},
    operation::{Cause, Layer},
};
use serde::{Serialize, de::DeserializeOwned};

use super::answered::{Answered, Digest};
use crate::{
    dapr::{Dapr, StateChange, error::attempt_error},
    retry::{AttemptError, Failure},
    store_hit::StoreHit,
};

/// Everything that one actor keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// The history, as the lesson stores it.
    pub history: Vec<Message>,
    /// The messages that were answered last.
    pub answered: Answered,
}

impl Conversation {
    /// Whether these answers make this history. Both are written by one transaction, so where they do not belong to one
    /// moment the history is another than the answers make, and where it is the same it does not matter. A history that
    /// somebody else wrote, or took away, is made by no answers.
    fn agrees(&self) -> bool {
        let replies = || self.history.iter().filter(|message| message.role == Role::Assistant);
        let shown = replies().count();
        let all = self.history.len() >= HISTORY_LIMIT || shown == self.answered.0.len();
        let replied = replies().rev().map(|message| Digest::of(&message.content));
        all && replied.eq(self.answered.0.iter().rev().take(shown).map(|answer| answer.reply))
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
/// carried out, by a store that is slow, and also when the process that asked for it is gone: between the two calls, so
/// that one tells of it and the other does not. What is written on top of that would lose a message that counts as
/// answered, or store it twice. So what does not agree is read again, as it was at one moment.
#[derive(Clone)]
pub struct SidecarState {
    dapr: Dapr,
}

/// How often state that does not agree is read until it is of one moment. One late save changes it once.
const READS: u8 = 3;

impl SidecarState {
    /// The state behind this sidecar.
    #[must_use]
    pub const fn new(dapr: Dapr) -> Self {
        Self { dapr }
    }

    /// The sidecar, asked to do this to the calls on purpose.
    fn with_hit(&self, hit: Option<StoreHit>) -> Cow<'_, Dapr> {
        hit.map_or(Cow::Borrowed(&self.dapr), |hit| Cow::Owned(self.dapr.with_baggage(&hit.baggage())))
    }

    async fn get(&self, actor: &ActorId, key: &str) -> Result<Vec<u8>, AttemptError> {
        self.dapr.get_state(actor, key).await.map_err(|status| attempt_error(&status))
    }

    /// History and answered messages as they were at one moment: every transaction changes the second, so a history that
    /// was read between two equal readings of that belongs to it. `answered` is the first.
    async fn of_one_moment(&self, actor: &ActorId, mut answered: Vec<u8>) -> Result<Conversation, AttemptError> {
        for _ in 0..READS {
            let history = self.get(actor, &actor.history_key()).await?;
            let again = self.get(actor, &answered_key(actor)).await?;
            if again == answered {
                return conversation(actor, &history, &answered);
            }
            answered = again;
        }
        let cause = Cause { simulated: false, layer: Layer::Store };
        let text = "what is stored changed while it was read".to_owned();
        Err(AttemptError::Transient(Failure { text, cause, maybe_done: false, no_answer: false, lost: false }))
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
        let history = both.0.map_err(|status| attempt_error(&status))?;
        let answered = both.1.map_err(|status| attempt_error(&status))?;
        let conversation = conversation(actor, &history, &answered)?;
        if conversation.agrees() { Ok(conversation) } else { self.of_one_moment(actor, answered).await }
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
        self.dapr.change_state(actor, changes).await.map_err(|status| attempt_error(&status))
    }
}

fn conversation(actor: &ActorId, history: &[u8], answered: &[u8]) -> Result<Conversation, AttemptError> {
    let history = decode(&actor.history_key(), history)?;
    Ok(Conversation { history, answered: decode(&answered_key(actor), answered)? })
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

#[cfg(test)]
mod tests {
    use model::message::{MessageId, keep_last};

    use super::*;

    /// What is stored after these messages.
    fn after(contents: &[&str]) -> Conversation {
        let mut stored = Conversation::default();
        for (n, content) in contents.iter().enumerate() {
            stored.history.extend([Message::user(*content), Message::reply_to(content)]);
            keep_last(&mut stored.history);
            stored.answered.remember(MessageId::try_from(format!("id-{n}")).unwrap(), content);
        }
        stored
    }

    /// The history of the one with the answers of the other.
    fn torn(history: &[&str], answered: &[&str]) -> Conversation {
        Conversation { history: after(history).history, answered: after(answered).answered }
    }

    #[test]
    fn what_one_transaction_wrote_agrees() {
        let many: Vec<_> = (0..40).map(|n| n.to_string()).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        for length in 0..many.len() {
            assert!(after(&many[..length]).agrees(), "{length} messages");
        }
        assert!(after(&["same"; 6]).agrees());
    }

    #[test]
    fn what_two_transactions_wrote_agrees_only_where_both_wrote_the_same_history() {
        let contents = ["same", "same", "same", "same", "other", "same", "same", "same", "same"];
        for length in 1..contents.len() {
            let (before, then) = (&contents[..length], &contents[..=length]);
            let same = after(before).history == after(then).history;
            assert_eq!(torn(before, then).agrees(), same, "the older history after {length} messages");
            assert_eq!(torn(then, before).agrees(), same, "the newer history after {length} messages");
        }
    }

    #[test]
    fn a_history_that_somebody_else_wrote_or_took_away_does_not_agree() {
        assert!(!torn(&["of another program"], &[]).agrees());
        assert!(!torn(&[], &["one"]).agrees());
    }
}
