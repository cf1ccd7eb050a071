//! Turns out of what is told of them.
//!
//! An attempt is one of several state calls of one kind on the same keys in one turn, where the one before failed; so are
//! events for one topic. The wait between two is measured; where no other comes, the time without a call is.

use super::moment::{Moment, What};
use crate::operation::Operation;

/// One turn, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The sidecar's number for it.
    pub number: u64,
    /// What is called.
    pub method: String,
    /// When it began, in microseconds since the Unix epoch.
    pub started_us: u64,
    /// When it ended, and with which status; `None` while it goes on.
    pub ended: Option<(u64, Option<u16>)>,
    /// What it tried, in the order of the ends.
    pub attempts: Vec<Attempt>,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What is tried.
    pub operation: Operation,
    /// On which keys, or for which topic.
    pub on: Vec<String>,
    /// Which attempt it is, from 1.
    pub number: u32,
    /// When it began.
    pub started_us: u64,
    /// When it ended.
    pub ended_us: u64,
    /// The error, if it failed.
    pub error: Option<String>,
    /// Whether it failed, or was slow, on purpose.
    pub on_purpose: bool,
    /// How long the program had waited since the attempt before it.
    pub waited_us: Option<u64>,
}

impl Turn {
    /// After a failure that was not tried again: since when there is no call, and for how long, up to `now`.
    #[must_use]
    pub fn silence(&self, now: u64) -> Option<(u64, u64)> {
        let last = self.attempts.last().filter(|last| last.error.is_some())?;
        let end = self.ended.map_or(now, |(at, _)| at);
        Some((last.ended_us, end.saturating_sub(last.ended_us)))
    }

    /// The waits between attempts.
    #[must_use]
    pub fn waits(&self) -> Vec<u64> {
        self.attempts.iter().filter_map(|attempt| attempt.waited_us).collect()
    }
}

/// The turns that these moments tell of, which are of one actor, in the order of their beginnings.
#[must_use]
pub fn turns(moments: &[Moment]) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for moment in moments {
        match &moment.what {
            What::Started { turn, method, .. } if !turns.iter().any(|known| known.number == *turn) => {
                turns.push(Turn {
                    number: *turn,
                    method: method.clone(),
                    started_us: moment.at_us,
                    ended: None,
                    attempts: Vec::new(),
                })
            }
            What::Ended { turn: Some(turn), status, .. } => {
                if let Some(turn) = turns.iter_mut().find(|known| known.number == *turn) {
                    turn.ended = Some((moment.at_us, *status));
                }
            }
            What::State(call) => {
                let operation = if call.write { Operation::Save } else { Operation::Load };
                let (on, error) = (call.keys.clone(), call.error.clone());
                let on_purpose = call.on_purpose.is_some();
                add(&mut turns, call.turn, moment.at_us, call.took_us, operation, on, error, on_purpose);
            }
            What::Published(event) => {
                let (on, error) = (vec![event.topic.clone()], event.error.clone());
                let on_purpose = event.on_purpose.is_some();
                add(&mut turns, event.turn, moment.at_us, event.took_us, Operation::Publish, on, error, on_purpose);
            }
            _ => {}
        }
    }
    turns
}

#[expect(clippy::too_many_arguments, reason = "they are the attempt's fields")]
fn add(
    turns: &mut [Turn],
    turn: Option<u64>,
    ended_us: u64,
    took_us: u64,
    operation: Operation,
    on: Vec<String>,
    error: Option<String>,
    on_purpose: bool,
) {
    let Some(turn) = turns.iter_mut().find(|known| Some(known.number) == turn) else { return };
    let started_us = ended_us.saturating_sub(took_us);
    let before = turn.attempts.iter().rev().find(|before| before.operation == operation && before.on == on);
    let failed = before.filter(|before| before.error.is_some());
    let number = failed.map_or(1, |failed| failed.number + 1);
    let waited_us = failed.map(|failed| started_us.saturating_sub(failed.ended_us));
    turn.attempts.push(Attempt { operation, on, number, started_us, ended_us, error, on_purpose, waited_us });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::own::moment::StateCall;

    fn state(at_us: u64, write: bool, key: &str, failed: bool) -> Moment {
        let error = failed.then(|| "no".to_owned());
        let (keys, on_purpose) = (vec![key.to_owned()], error.clone());
        let call = StateCall { turn: Some(7), write, keys, value: None, error, on_purpose, took_us: 10 };
        Moment { at_us, what: What::State(call) }
    }

    fn turn_of(middle: &[Moment]) -> Turn {
        let started = What::Started { call: 1, turn: 7, method: "M".into() };
        let ended = What::Ended { call: 1, turn: Some(7), status: Some(200), text: String::new() };
        let mut moments = vec![Moment { at_us: 100, what: started }];
        moments.extend_from_slice(middle);
        moments.push(Moment { at_us: 9_000, what: ended });
        turns(&moments).remove(0)
    }

    #[test]
    fn what_is_called_again_after_a_failure_is_the_next_attempt() {
        let turn = turn_of(&[
            state(200, false, "a", true),
            state(1_200, false, "a", true),
            state(1_300, false, "b", false),
            state(2_200, false, "a", false),
            state(2_300, false, "a", false),
            state(2_400, true, "a", true),
        ]);
        let numbers: Vec<_> = turn.attempts.iter().map(|attempt| attempt.number).collect();
        assert_eq!(numbers, [1, 2, 1, 3, 1, 1]);
        assert_eq!(turn.waits(), [990, 990]);
        assert_eq!(turn.silence(20_000), Some((2_400, 6_600)), "the write was not tried again");
        assert_eq!(turn.ended, Some((9_000, Some(200))));
    }

    #[test]
    fn a_turn_that_goes_on_is_silent_until_now() {
        let started = What::Started { call: 1, turn: 7, method: "M".into() };
        let mut moments = vec![Moment { at_us: 100, what: started }, state(200, true, "a", true)];
        assert_eq!(turns(&moments)[0].silence(1_200), Some((200, 1_000)));
        moments.push(state(1_300, true, "a", false));
        assert_eq!(turns(&moments)[0].silence(2_000), None);
    }
}
