//! What stands under a message.

use crate::components::turn_trace::{Mark, marks, telling_bar};
use model::timeline::{BarId, Turn};

/// A turn in small, and the bar that it leads to; before its first attempt there is none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TurnSummary {
    pub(super) marks: Vec<Mark>,
    pub(super) bar: Option<BarId>,
}

impl TurnSummary {
    pub(super) fn of(turn: &Turn) -> Self {
        Self { marks: marks(turn), bar: telling_bar(turn) }
    }
}

/// What stands under a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Foot {
    /// The turn.
    pub(super) turn: Option<TurnSummary>,
    /// The colour of the words, as a class.
    pub(super) class: &'static str,
    /// The words.
    pub(crate) words: String,
    /// The end of a wait that the words count down to, in milliseconds since the Unix epoch.
    pub(crate) due_at: Option<u64>,
}
