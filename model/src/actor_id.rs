//! The name of one virtual actor, checked once at the edge.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The actor type of the lesson, as Dapr knows it.
pub const ACTOR_TYPE: &str = "ChatAgent";

/// The lesson's app id. Dapr puts it in front of every key it stores.
pub const APP_ID: &str = "daca-ai-app";

/// The actor that the lesson's `curl` lines talk to, and that `/` opens.
pub const LESSON_ACTOR: &str = "user1";

/// An actor's id: 1 to 64 of `[A-Za-z0-9._~-]`, and neither `.` nor `..`.
///
/// These are the characters that a URL path carries unescaped (RFC 3986 §2.3) and that Dapr puts into its own paths
/// as they are; the two dot names would be taken for folders on the way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
pub struct ActorId(String);

impl ActorId {
    /// The most characters an id may have.
    pub const MAX_LEN: usize = 64;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The actor's state key for its history, as the lesson names it: `history-{actor_id}`.
    #[must_use]
    pub fn history_key(&self) -> String {
        format!("history-{}", self.0)
    }

    /// The key under which Dapr keeps one of this actor's state keys: `{app}||{type}||{id}||{key}`.
    ///
    /// Source: Dapr's actor state, `pkg/actors/state`.
    #[must_use]
    pub fn store_key(&self, key: &str) -> String {
        format!("{APP_ID}||{ACTOR_TYPE}||{}||{key}", self.0)
    }

    /// The id of the lesson's `curl` lines.
    #[must_use]
    pub fn lesson() -> Self {
        Self(LESSON_ACTOR.to_owned())
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not an actor id; the text of the error is meant for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActorIdError {
    /// Nothing was given.
    #[error("An actor id is missing: give 1 to 64 letters, digits or . _ ~ -")]
    Empty,
    /// More than [`ActorId::MAX_LEN`] characters.
    #[error("This actor id has {0} characters: at most 64 are allowed")]
    TooLong(usize),
    /// A character outside the set.
    #[error("An actor id cannot contain {0:?}: use letters A–Z and a–z, digits, and . _ ~ -")]
    Character(char),
    /// `.` or `..`.
    #[error("An actor id cannot be {0:?}: it would be taken for a folder")]
    Dots(String),
}

impl FromStr for ActorId {
    type Err = ActorIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '~' | '-');
        if text.is_empty() {
            return Err(ActorIdError::Empty);
        }
        if let Some(other) = text.chars().find(|c| !allowed(c)) {
            return Err(ActorIdError::Character(other));
        }
        if text.len() > Self::MAX_LEN {
            return Err(ActorIdError::TooLong(text.len()));
        }
        if text == "." || text == ".." {
            return Err(ActorIdError::Dots(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for ActorId {
    type Error = ActorIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ActorId> for String {
    fn from(id: ActorId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_a_path_carries_unescaped() {
        for good in ["user1", "a", "A.b_c~d-9", "...", &"x".repeat(64)] {
            assert_eq!(good.parse::<ActorId>().map(String::from), Ok(good.to_owned()));
        }
    }

    #[test]
    fn refuses_everything_else_with_its_reason() {
        assert_eq!("".parse::<ActorId>(), Err(ActorIdError::Empty));
        assert_eq!("x".repeat(65).parse::<ActorId>(), Err(ActorIdError::TooLong(65)));
        assert_eq!(".".parse::<ActorId>(), Err(ActorIdError::Dots(".".into())));
        assert_eq!("..".parse::<ActorId>(), Err(ActorIdError::Dots("..".into())));
        for (bad, c) in [("a/b", '/'), ("a b", ' '), ("é", 'é'), ("a\0", '\0'), ("a|b", '|')] {
            assert_eq!(bad.parse::<ActorId>(), Err(ActorIdError::Character(c)));
        }
    }
}
