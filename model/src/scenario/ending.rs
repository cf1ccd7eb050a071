//! How a scenario ended, held against how it has to end.

use serde::{Deserialize, Serialize};

use crate::{
    error::ErrorCode,
    operation::{Method, Operation},
    timeline::{Event, Outcome, Step, Turn, turns},
};

/// How a scenario has to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Ending {
    /// The turns of its messages and readings, in the order in which they ran.
    pub turns: Vec<TurnEnd>,
    /// How many messages, replies included, the history holds.
    pub messages: usize,
    /// How many events came back through the subscription; where it is left out it does not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<usize>,
}

/// How one turn has to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TurnEnd {
    /// What becomes of the message, or of the reading.
    pub outcome: TurnOutcome,
    /// How many load attempts there are; where it is left out real time decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<usize>,
    /// How many save attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save: Option<usize>,
    /// How many calls the sidecar made to the store for the save attempts, where they are seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save_calls: Option<usize>,
    /// How many publish attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish: Option<usize>,
}

/// What became of a message or of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TurnOutcome {
    /// It is stored, and was answered.
    Stored,
    /// It had been stored before, and got its stored reply again.
    Repeated,
    /// The history was returned.
    Returned,
    /// It was given up, and nothing was stored.
    Failed,
    /// It was given up, and may be stored all the same.
    Unknown,
    /// Its turn has not ended.
    Open,
}

/// How a scenario ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScenarioReport {
    /// The scenario's name.
    pub scenario: String,
    /// How it ended.
    pub ended: Ending,
    /// What is not as it has to be, in words; empty if everything is.
    pub differences: Vec<String>,
    /// When it ended, in milliseconds since the Unix epoch.
    pub at: u64,
}

impl ScenarioReport {
    /// Whether it ended as it has to.
    #[must_use]
    pub fn as_told(&self) -> bool {
        self.differences.is_empty()
    }
}

impl TurnEnd {
    /// How a turn ended.
    #[must_use]
    pub fn of(turn: &Turn) -> Self {
        let outcome = match &turn.outcome {
            Outcome::Completed { .. } if turn.method == Method::GetConversationHistory => TurnOutcome::Returned,
            Outcome::Completed { repeated: true, .. } => TurnOutcome::Repeated,
            Outcome::Completed { repeated: false, .. } => TurnOutcome::Stored,
            Outcome::Failed { error, .. } if error.code == ErrorCode::OutcomeUnknown => TurnOutcome::Unknown,
            Outcome::Failed { .. } => TurnOutcome::Failed,
            Outcome::Queued | Outcome::Running => TurnOutcome::Open,
        };
        let tried = |operation| Some(turn.attempts.iter().filter(|attempt| attempt.operation == operation).count());
        let saves = turn.attempts.iter().filter(|attempt| attempt.operation == Operation::Save);
        let seen = saves.map(|attempt| attempt.calls.len()).sum::<usize>();
        Self {
            outcome,
            load: tried(Operation::Load),
            save: tried(Operation::Save),
            publish: tried(Operation::Publish),
            save_calls: (seen > 0).then_some(seen),
        }
    }
}

impl Ending {
    /// How what these events tell of ended, with this many messages stored.
    #[must_use]
    pub fn of(events: &[Event], messages: usize) -> Self {
        let mut done: Vec<_> =
            turns(events).into_iter().filter(|turn| turn.method != Method::ResetConversation).collect();
        // Messages that are sent at the same moment may reach the actor in another order than they were numbered in.
        done.sort_by_key(|turn| turn.started_at.unwrap_or(u64::MAX));
        let delivered = events.iter().filter(|event| matches!(event.step, Step::EventDelivered { .. })).count();
        Self { turns: done.iter().map(TurnEnd::of).collect(), messages, events: Some(delivered) }
    }

    /// What of `ended` is not as this ending says, in words.
    #[must_use]
    pub fn differences(&self, ended: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        let mut differs = |what: String, due: String, is: String| {
            if due != is {
                differences.push(format!("{what}: {is}, and not {due}"));
            }
        };
        differs("turns".to_owned(), self.turns.len().to_string(), ended.turns.len().to_string());
        for (n, (due, is)) in self.turns.iter().zip(&ended.turns).enumerate() {
            let turn = n + 1;
            differs(format!("turn {turn}"), format!("{:?}", due.outcome), format!("{:?}", is.outcome));
            for (word, due, is) in [
                ("load attempts", due.load, is.load),
                ("save attempts", due.save, is.save),
                ("publish attempts", due.publish, is.publish),
                ("calls to save", due.save_calls, is.save_calls.or(Some(0))),
            ] {
                if let (Some(due), Some(is)) = (due, is) {
                    differs(format!("{word} of turn {turn}"), due.to_string(), is.to_string());
                }
            }
        }
        differs("stored messages".to_owned(), self.messages.to_string(), ended.messages.to_string());
        if let (Some(due), Some(is)) = (self.events, ended.events) {
            differs("events that came back".to_owned(), due.to_string(), is.to_string());
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(load: usize) -> Ending {
        let turn =
            TurnEnd { outcome: TurnOutcome::Stored, load: Some(load), save: Some(1), publish: None, save_calls: None };
        Ending { turns: vec![turn], messages: 2, events: None }
    }

    #[test]
    fn an_ending_is_compared_part_by_part() {
        assert!(ending(2).differences(&ending(2)).is_empty());
        assert_eq!(ending(2).differences(&ending(1)), ["load attempts of turn 1: 1, and not 2"]);
        let none = Ending { turns: Vec::new(), messages: 0, events: Some(0) };
        assert_eq!(ending(2).differences(&none), ["turns: 0, and not 1", "stored messages: 0, and not 2"]);
        let (one, none) = (Ending { events: Some(1), ..ending(2) }, Ending { events: Some(0), ..ending(2) });
        assert_eq!(one.differences(&none), ["events that came back: 0, and not 1"]);
        assert!(ending(2).differences(&none).is_empty(), "a file need not say how many events come back");
    }
}
