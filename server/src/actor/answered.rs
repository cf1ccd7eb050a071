//! The messages that an actor knows to be stored: what keeps one that is delivered twice from being applied twice.

use std::collections::VecDeque;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use model::message::{KNOWN_MESSAGES, Message, MessageId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The ids of the messages that were answered last, each with a digest of its reply, oldest first: the last
/// [`KNOWN_MESSAGES`]. A reply is made of its message word for word, so that the digest tells the text too, and the reply
/// itself need not be stored, and written with every save, once more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answered(pub(super) VecDeque<AnsweredMessage>);

/// What is known of one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredMessage")]
pub(super) struct AnsweredMessage {
    id: MessageId,
    pub(super) reply: Digest,
}

/// An answer as it is stored.
#[derive(Deserialize)]
struct StoredMessage {
    id: MessageId,
    reply: StoredReply,
}

/// Replies were stored whole once.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredReply {
    Digest(Digest),
    Whole(Message),
}

impl From<StoredMessage> for AnsweredMessage {
    fn from(StoredMessage { id, reply }: StoredMessage) -> Self {
        let reply = match reply {
            StoredReply::Digest(digest) => digest,
            StoredReply::Whole(message) => Digest::of(&message.content),
        };
        Self { id, reply }
    }
}

/// The first half of a text's SHA-256, which two texts do not share by chance. Stored as base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Digest([u8; 16]);

impl Digest {
    pub(super) fn of(text: &str) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&Sha256::digest(text)[..16]);
        Self(half)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        URL_SAFE_NO_PAD.encode(digest.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("a digest is 16 bytes in base64url")
    }
}

/// What an id is known for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing, or nothing any more.
    New,
    /// This message is stored.
    Stored,
    /// A message with another text is stored.
    Other,
}

impl Answered {
    /// Whether a message with this id is stored, as far as that is known.
    #[must_use]
    pub fn has(&self, id: &MessageId) -> bool {
        self.find(id).is_some()
    }

    /// What is known of a message.
    #[must_use]
    pub fn known(&self, id: &MessageId, content: &str) -> Known {
        match self.find(id) {
            None => Known::New,
            Some(answer) if answer.reply == reply_to(content) => Known::Stored,
            Some(_) => Known::Other,
        }
    }

    /// Remembers a message that was answered, and forgets the oldest beyond the limit.
    pub fn remember(&mut self, id: MessageId, content: &str) {
        self.0.push_back(AnsweredMessage { id, reply: reply_to(content) });
        let excess = self.0.len().saturating_sub(KNOWN_MESSAGES);
        self.0.drain(..excess);
    }

    fn find(&self, id: &MessageId) -> Option<&AnsweredMessage> {
        self.0.iter().rev().find(|answer| answer.id == *id)
    }
}

fn reply_to(content: &str) -> Digest {
    Digest::of(&Message::reply_to(content).content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> MessageId {
        MessageId::try_from(format!("id-{n}")).unwrap()
    }

    #[test]
    fn a_message_is_known_by_id_and_text_until_so_many_others_were_stored() {
        let mut answered = Answered::default();
        for n in 0..=KNOWN_MESSAGES {
            answered.remember(id(n), &n.to_string());
        }
        assert_eq!((answered.has(&id(0)), answered.known(&id(0), "0")), (false, Known::New));
        for n in 1..=KNOWN_MESSAGES {
            assert_eq!(answered.known(&id(n), &n.to_string()), Known::Stored);
            assert_eq!(answered.known(&id(n), "another"), Known::Other);
        }
    }

    #[test]
    fn what_is_stored_is_read_again_and_so_are_replies_that_were_stored_whole() {
        let mut answered = Answered::default();
        answered.remember(id(1), "Hi");
        let text = serde_json::to_string(&answered).unwrap();
        assert_eq!(text, r#"[{"id":"id-1","reply":"OuAj2s_PAAiVbTpaD2dHMg"}]"#);
        assert_eq!(serde_json::from_str::<Answered>(&text).unwrap(), answered);
        let whole = r#"[{"id":"id-1","reply":{"role":"assistant","content":"Got your message: Hi"}}]"#;
        assert_eq!(serde_json::from_str::<Answered>(whole).unwrap(), answered);
        for wrong in [r#"[{"id":"id-1","reply":"short"}]"#, r#"[{"id":"id-1"}]"#, r#"[{"reply":7}]"#] {
            assert!(serde_json::from_str::<Answered>(wrong).is_err(), "{wrong}");
        }
    }
}
