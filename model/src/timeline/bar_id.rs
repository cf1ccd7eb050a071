//! The name of one bar of the timeline, as an address carries it: `t2-load-1`, and `t2-load-1-wait` for the wait
//! after that attempt.

use std::{fmt, str::FromStr};

use super::{Attempt, Turn, Wait};
use crate::operation::Operation;

/// Names one attempt of one turn, or the wait that follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BarId {
    /// The turn.
    pub turn: u64,
    /// The operation that was tried.
    pub operation: Operation,
    /// Which attempt, from 1; for a wait, the attempt before it.
    pub attempt: u8,
    /// Whether it is the wait after the attempt and not the attempt itself.
    pub wait: bool,
}

/// A text that names no bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A bar is named like t2-load-1, or t2-load-1-wait for the wait after that attempt")]
pub struct BarIdError;

impl BarId {
    /// The bar of this attempt of `turn`.
    #[must_use]
    pub const fn of_attempt(turn: u64, attempt: &Attempt) -> Self {
        Self { turn, operation: attempt.operation, attempt: attempt.attempt, wait: false }
    }

    /// The bar of this wait of `turn`.
    #[must_use]
    pub const fn of_wait(turn: u64, wait: &Wait) -> Self {
        Self { turn, operation: wait.operation, attempt: wait.attempt.saturating_sub(1), wait: true }
    }

    /// The link that selects the bar. It leads to the same page, and so works without script too.
    #[must_use]
    pub fn href(self) -> String {
        format!("?bar={self}#timeline")
    }

    /// The attempt that the bar stands for, if these turns have it.
    #[must_use]
    pub fn attempt_in(self, turns: &[Turn]) -> Option<(&Turn, &Attempt)> {
        let turn = find_turn(turns, self.turn)?;
        let same = |a: &&Attempt| !self.wait && a.operation == self.operation && a.attempt == self.attempt;
        Some((turn, turn.attempts.iter().find(same)?))
    }

    /// The wait that the bar stands for, if these turns have it.
    #[must_use]
    pub fn wait_in(self, turns: &[Turn]) -> Option<(&Turn, &Wait)> {
        let turn = find_turn(turns, self.turn)?;
        Some((turn, turn.waits.iter().find(|wait| Self::of_wait(self.turn, wait) == self)?))
    }
}

/// The turn of this number. Turns come in the order of their numbers.
#[must_use]
pub fn find_turn(turns: &[Turn], number: u64) -> Option<&Turn> {
    turns.binary_search_by_key(&number, |turn| turn.number).ok().map(|place| &turns[place])
}

impl fmt::Display for BarId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wait = if self.wait { "-wait" } else { "" };
        write!(f, "t{}-{}-{}{wait}", self.turn, self.operation.as_str(), self.attempt)
    }
}

impl FromStr for BarId {
    type Err = BarIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, wait) = match text.strip_suffix("-wait") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let mut parts = name.split('-');
        let (Some(turn), Some(operation), Some(attempt), None) =
            (parts.next().and_then(|turn| turn.strip_prefix('t')), parts.next(), parts.next(), parts.next())
        else {
            return Err(BarIdError);
        };
        let operations = Operation::OF_A_MESSAGE.into_iter().chain([Operation::Delete]);
        let operation = operations.into_iter().find(|o| o.as_str() == operation).ok_or(BarIdError)?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(turn) || !digits(attempt) {
            return Err(BarIdError);
        }
        let turn = turn.parse().map_err(|_| BarIdError)?;
        let attempt = attempt.parse().map_err(|_| BarIdError)?;
        Ok(Self { turn, operation, attempt, wait })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_as_it_was_written() {
        for name in ["t2-load-1", "t17-save-3-wait", "t1-publish-1", "t3-delete-2"] {
            assert_eq!(name.parse::<BarId>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn what_names_no_bar_is_refused() {
        for name in ["", "t-load-1", "2-load-1", "t2-lode-1", "t2-load", "t2-load-+1", "t2-load-1-2", "t2-load-999"] {
            assert_eq!(name.parse::<BarId>(), Err(BarIdError), "{name}");
        }
    }
}
