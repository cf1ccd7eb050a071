//! The moment that the page draws: now, or an earlier one, while events go on being kept. What was then is read from the
//! events. Pure.

use model::{
    fault::FaultStatus,
    message::{Message, keep_last},
    timeline::{Event, Step, Turn},
    wire::WireFault,
};

/// An earlier moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The last event that had happened.
    pub seq: u64,
    /// What the clock showed, in milliseconds since the Unix epoch.
    pub now: u64,
}

impl Moment {
    /// The moment right after an event.
    pub const fn after(event: &Event) -> Self {
        Self { seq: event.seq, now: event.at }
    }
}

/// The events that had happened; all of them if the moment is now.
pub fn until(events: &[Event], moment: Option<Moment>) -> &[Event] {
    let end = moment.map_or(events.len(), |moment| events.partition_point(|event| event.seq <= moment.seq));
    &events[..end]
}

/// The moment right after the last event up to this number, if that was before now.
pub fn at(events: &[Event], seq: u64) -> Option<Moment> {
    let then = until(events, Some(Moment { seq, now: 0 }));
    (then.len() < events.len()).then(|| then.last().map(Moment::after)).flatten()
}

/// When a turn was asked for, and when everything of it had happened or the next one began.
pub fn of_turn(events: &[Event], number: u64) -> Option<(Moment, Moment)> {
    let mut of_turn = None;
    for event in events {
        match event.step.turn() {
            Some(turn) if turn == number => {
                let first = of_turn.map_or_else(|| Moment::after(event), |(first, _)| first);
                of_turn = Some((first, Moment::after(event)));
            }
            Some(turn) if turn > number && matches!(event.step, Step::TurnStarted { .. }) => break,
            _ => {}
        }
    }
    of_turn
}

/// The first turn after this one that has begun.
pub fn next_turn(events: &[Event], number: u64) -> Option<u64> {
    events.iter().find_map(|event| match event.step {
        Step::TurnStarted { turn, .. } if turn > number => Some(turn),
        _ => None,
    })
}

/// The failure switch as these events left it.
pub fn fault(events: &[Event]) -> Option<&FaultStatus> {
    events.iter().rev().find_map(|event| match &event.step {
        Step::FaultChanged { fault } | Step::FaultFired { fault, .. } => Some(fault),
        _ => None,
    })
}

/// What the wire to Redis did after these events.
pub fn wire(events: &[Event]) -> Option<WireFault> {
    let changed = events.iter().rev().find_map(|event| match &event.step {
        Step::WireChanged { wire } => Some(*wire),
        _ => None,
    });
    changed.flatten()
}

/// Whether an attempt was held after these events.
pub fn held(events: &[Event]) -> bool {
    let last = events.iter().rev().find_map(|event| match event.step {
        Step::AttemptHeld { .. } => Some(true),
        Step::AttemptReleased { .. } | Step::AttemptStarted { .. } | Step::LabReset => Some(false),
        _ => None,
    });
    last.unwrap_or(false)
}

/// The history that these turns made of the one before them.
pub fn history(before: &[Message], turns: &[Turn]) -> Vec<Message> {
    let mut history = before.to_vec();
    for turn in turns.iter().filter(|turn| turn.acknowledged()) {
        if let Some((content, reply)) = turn.content.clone().zip(turn.reply.clone()) {
            history.extend([Message::user(content), Message { content: reply, ..Message::reply_to("") }]);
        }
    }
    keep_last(&mut history);
    history
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        operation::{Method, Operation},
        timeline::{ReleasedBy, turns},
    };

    fn said(turn: u64, content: &str) -> [Step; 4] {
        let (method, message_id, text) = (Method::ProcessMessage, None, content.to_owned());
        [
            Step::TurnQueued { turn, method, message_id: message_id.clone(), content: Some(text.clone()) },
            Step::TurnStarted { turn, method, message_id, content: Some(text.clone()) },
            Step::ReplyReady { turn, content: text, reply: Message::reply_to(content).content },
            Step::TurnCompleted { turn, took_us: 1_000, repeated: false },
        ]
    }

    fn told(steps: impl IntoIterator<Item = Step>) -> Vec<Event> {
        (1..).zip(steps).map(|(seq, step)| Event { seq, at: 1_000 + seq, step }).collect()
    }

    fn two_turns() -> Vec<Event> {
        told(said(1, "one").into_iter().chain(said(2, "two")))
    }

    #[test]
    fn a_turn_ends_with_the_last_thing_that_happened_in_it() {
        let events = two_turns();
        assert_eq!(of_turn(&events, 1), Some((Moment { seq: 1, now: 1_001 }, Moment { seq: 4, now: 1_004 })));
        assert_eq!(of_turn(&events, 3), None);
        assert_eq!((next_turn(&events, 1), next_turn(&events, 2)), (Some(2), None));
    }

    #[test]
    fn an_event_that_comes_back_after_the_next_turn_has_begun_is_not_waited_for() {
        let mut steps: Vec<Step> = said(1, "one").into_iter().chain(said(2, "two")).collect();
        steps.push(Step::EventDelivered { turn: Some(1), input: "one".into(), output: "1".into() });
        assert_eq!(of_turn(&told(steps), 1).map(|(_, last)| last.seq), Some(4));
    }

    #[test]
    fn an_attempt_is_held_until_it_is_released_whatever_else_happens() {
        let (turn, operation, attempt, max, by) = (1, Operation::Load, 1, 3, ReleasedBy::Person);
        let mut events = told([
            Step::AttemptHeld { turn, operation, attempt, max, due_at: 40_000 },
            Step::HoldChanged { on: false },
            Step::AttemptReleased { turn, operation, attempt, max, by },
        ]);
        assert!(held(&events[..1]) && held(&events[..2]) && !held(&events));
        events.clear();
        assert!(!held(&events));
    }

    #[test]
    fn what_had_happened_is_what_there_was_to_see() {
        let events = two_turns();
        let then = at(&events, 5);
        assert_eq!(then, Some(Moment { seq: 5, now: 1_005 }));
        assert_eq!(turns(until(&events, then)).len(), 2);
        assert_eq!(until(&events, at(&events, 4)).len(), 4);
        assert_eq!(at(&events, 8), None, "that is now");
        assert_eq!(at(&events, 0), None, "nothing had happened");
    }

    #[test]
    fn the_history_of_a_moment_is_what_the_turns_before_it_stored() {
        let events = two_turns();
        let one = history(&[], &turns(&events[..4]));
        assert_eq!(one, [Message::user("one"), Message::reply_to("one")]);
        let before: Vec<Message> = (0..4).map(|n| Message::user(n.to_string())).collect();
        assert_eq!(history(&before, &turns(&events[..7])).len(), 5, "the last five are kept");
    }
}
