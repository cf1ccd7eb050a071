//! The checks, and how each is carried out.

use serde::{Deserialize, Serialize};

/// A check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckId {
    /// A message is answered although an operation fails.
    MessageProcessing,
    /// The history holds what was answered.
    HistoryRetrieval,
    /// What fails is tried again within the turn, after a wait.
    RetryLogic,
    /// The store itself holds what the actor returns.
    StateConsistency,
    /// Several messages come through failures, and none is lost.
    Recovery,
    /// A failed first read loses nothing.
    LoadFailure,
    /// A failed write is made again, or told.
    SaveFailure,
    /// A store that does not answer ends no turn for ever.
    Hang,
    /// A store that is away is an error.
    OutageIsAnError,
    /// A key that is gone is an empty history.
    MissingKey,
    /// No event without its write before.
    EventFollowsSave,
    /// A delivered event is accepted.
    DeliveryAccepted,
    /// Turns come one after the other, in order.
    TurnOrder,
    /// The history is state and not a variable.
    NoMemory,
}

/// What a check is scored under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// The lesson's five.
    Lesson,
    /// Advice beyond it.
    Beyond,
}

impl CheckId {
    /// All of them, in order.
    pub const ALL: [Self; 14] = [
        Self::MessageProcessing,
        Self::HistoryRetrieval,
        Self::RetryLogic,
        Self::StateConsistency,
        Self::Recovery,
        Self::LoadFailure,
        Self::SaveFailure,
        Self::Hang,
        Self::OutageIsAnError,
        Self::MissingKey,
        Self::EventFollowsSave,
        Self::DeliveryAccepted,
        Self::TurnOrder,
        Self::NoMemory,
    ];

    /// Its number, from 1.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// What it is scored under.
    #[must_use]
    pub const fn group(self) -> Group {
        if (self as u8) < 5 { Group::Lesson } else { Group::Beyond }
    }

    /// Its id, as it stands in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MessageProcessing => "message-processing",
            Self::HistoryRetrieval => "history-retrieval",
            Self::RetryLogic => "retry-logic",
            Self::StateConsistency => "state-consistency",
            Self::Recovery => "recovery",
            Self::LoadFailure => "load-failure",
            Self::SaveFailure => "save-failure",
            Self::Hang => "hang",
            Self::OutageIsAnError => "outage-is-an-error",
            Self::MissingKey => "missing-key",
            Self::EventFollowsSave => "event-follows-save",
            Self::DeliveryAccepted => "delivery-accepted",
            Self::TurnOrder => "turn-order",
            Self::NoMemory => "no-memory",
        }
    }

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::MessageProcessing => "Message processing",
            Self::HistoryRetrieval => "History retrieval",
            Self::RetryLogic => "Retry logic",
            Self::StateConsistency => "State consistency",
            Self::Recovery => "Recovery",
            Self::LoadFailure => "Load failure",
            Self::SaveFailure => "Save failure",
            Self::Hang => "Hang",
            Self::OutageIsAnError => "Outage is an error",
            Self::MissingKey => "Missing key",
            Self::EventFollowsSave => "Event follows save",
            Self::DeliveryAccepted => "Delivery accepted",
            Self::TurnOrder => "Turn order",
            Self::NoMemory => "No memory",
        }
    }

    /// How it is carried out.
    #[must_use]
    pub const fn how(self) -> &'static str {
        match self {
            Self::MessageProcessing => {
                "The tester will send a message to a new actor; if your program lets nothing fail by itself, the tester then \
                 puts the actor out of memory, lets the first read fail once, and sends another."
            }
            Self::HistoryRetrieval => "The tester will send two messages, then read the history.",
            Self::RetryLogic => {
                "The tester will send three messages, each of which meets one failure of a load, and ask your program for \
                 something else while it waits."
            }
            Self::StateConsistency => {
                "The tester will send two messages, read the history, then read the store itself."
            }
            Self::Recovery => {
                "The tester will send three messages, two of which meet a failure, then read the history."
            }
            Self::LoadFailure => {
                "The tester will send two messages, put the actor out of memory, let the first read fail once, send a third, \
                 then read the store."
            }
            Self::SaveFailure => {
                "The tester will send a message, then another with the next 2 writes refused, then read the history and the \
                 store."
            }
            Self::Hang => {
                "The tester will send a message, then another whose first write gets no answer, then read the history and \
                 the store."
            }
            Self::OutageIsAnError => {
                "The tester will send a message, take the store away, send another, then read the history; and once more \
                 with the actor out of memory."
            }
            Self::MissingKey => {
                "The tester will send a message, take its key out of the store, send another; then the same once more with \
                 the actor out of memory, and read the store."
            }
            Self::EventFollowsSave => {
                "The tester will send a message and see in which order write and event go out, then send another with every \
                 write refused."
            }
            Self::DeliveryAccepted => "The tester will send a message and see what your program answers to its event.",
            Self::TurnOrder => {
                "The tester will send a message that meets a failure, and four more while it is being retried."
            }
            Self::NoMemory => {
                "The tester will send a message, read the history, put the actor out of memory, then read the history again \
                 and the store."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_numbers_go_together() {
        for (number, id) in (1..).zip(CheckId::ALL) {
            assert_eq!(id.number(), number);
            assert_eq!(serde_json::to_value(id).unwrap(), id.as_str());
        }
        assert_eq!(CheckId::ALL.iter().filter(|id| id.group() == Group::Lesson).count(), 5);
    }
}
