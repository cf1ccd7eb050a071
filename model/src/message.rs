//! What people and the agent say to each other, and the id that keeps a message from being applied twice.

use serde::{Deserialize, Serialize};

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The learner.
    User,
    /// The actor.
    Assistant,
}

impl Role {
    /// The role as it is stored: `user` or `assistant`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One message of a conversation, as the lesson stores it: `{"role": …, "content": …}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: String,
}

impl Message {
    /// The most bytes that a request with a message may have.
    pub const MAX_BODY_BYTES: usize = 16 * 1024;

    /// A learner's message.
    #[must_use]
    pub fn user(content: impl Into<String>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// The agent's reply to `content`, word for word as the lesson's actor gives it.
    #[must_use]
    pub fn reply_to(content: &str) -> Self {
        Self { role: Role::Assistant, content: format!("Got your message: {content}") }
    }
}

/// How many messages a history keeps. The lesson says "exchanges" and its code keeps messages; so does this.
pub const HISTORY_LIMIT: usize = 5;

/// Keeps the last [`HISTORY_LIMIT`] messages, as the lesson's actor does before it saves.
pub fn keep_last(history: &mut Vec<Message>) {
    let excess = history.len().saturating_sub(HISTORY_LIMIT);
    history.drain(..excess);
}

/// How many messages an actor knows to be stored, by their ids: as many as its timeline keeps turns, so that whatever a
/// page still offers to send again is among them.
pub const KNOWN_MESSAGES: usize = 300;

/// What is promised of a message that is sent again with its id, and for how long: until [`KNOWN_MESSAGES`] others were
/// stored.
pub const NOT_TWICE: &str = "it is not applied twice, unless 300 others were stored since";

/// Names one message: a repeat with the same id and the same text is answered as it was, not applied again, as long as
/// its actor knows it (see [`KNOWN_MESSAGES`]).
///
/// 1 to 64 visible ASCII characters, so that it can travel as an HTTP header.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
pub struct MessageId(String);

impl MessageId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for MessageId {
    type Error = MessageIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let visible = text.bytes().all(|b| b.is_ascii_graphic());
        if text.is_empty() || text.len() > 64 || !visible { Err(MessageIdError) } else { Ok(Self(text)) }
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> Self {
        id.0
    }
}

/// A text that cannot name a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A message id has 1 to 64 visible ASCII characters and no spaces, a UUID for instance")]
pub struct MessageIdError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_promised_of_a_repeat_says_for_how_long() {
        assert!(NOT_TWICE.contains(&format!("unless {KNOWN_MESSAGES} others")));
    }
}
