//! The name of an event, by which a reader goes on where it was.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Names an event across restarts, written `<epoch>-<seq>`: the id of the event stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventId {
    /// New whenever the numbering starts anew, which is with each start of the process.
    pub epoch: u64,
    /// The event's number; 0 stands for "before the first".
    pub seq: u64,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.seq)
    }
}

/// A text that is not an event id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("An event id is <epoch>-<number>, as the stream's id: lines give it")]
pub struct EventIdError;

impl FromStr for EventId {
    type Err = EventIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (epoch, seq) = text.split_once('-').ok_or(EventIdError)?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            if digits { text.parse().map_err(|_| EventIdError) } else { Err(EventIdError) }
        };
        Ok(Self { epoch: number(epoch)?, seq: number(seq)? })
    }
}

impl TryFrom<String> for EventId {
    type Error = EventIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<EventId> for String {
    fn from(id: EventId) -> Self {
        id.to_string()
    }
}

/// In the API's description it is the text that it travels as.
#[cfg(feature = "openapi")]
mod schema {
    use utoipa::{
        PartialSchema, ToSchema,
        openapi::{ObjectBuilder, RefOr, Schema, Type},
    };

    use super::EventId;

    impl PartialSchema for EventId {
        fn schema() -> RefOr<Schema> {
            let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^[0-9]+-[0-9]+$"));
            text.description(Some("`<epoch>-<seq>`, as the stream's `id:` lines give it.")).into()
        }
    }

    impl ToSchema for EventId {}
}
