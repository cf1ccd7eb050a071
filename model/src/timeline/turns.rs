//! Turns, put together from events: the one reading of the timeline that the page and the checks share.

use super::{Event, Step, Turn};

/// The turns that these events tell of, in the order of their numbers. A turn whose first events are gone from the
/// timeline is left out: half of it would mislead.
#[must_use]
pub fn turns(events: &[Event]) -> Vec<Turn> {
    let mut turns = Vec::new();
    read_on(&mut turns, events, 0);
    turns
}

/// Reads the events from the place `from` on, `turns` being those of the events before it. Says whether it told of a
/// turn.
pub fn read_on(turns: &mut Vec<Turn>, events: &[Event], from: usize) -> bool {
    let mut told = false;
    for (place, event) in events.iter().enumerate().skip(from) {
        told |= read(turns, event, &events[..place]);
    }
    told
}

fn read(turns: &mut Vec<Turn>, event: &Event, before: &[Event]) -> bool {
    if matches!(event.step, Step::LabReset) {
        turns.clear();
        return true;
    }
    let Some(number) = event.step.turn() else { return false };
    let known = turns.binary_search_by_key(&number, |turn| turn.number);
    let place = match (known, &event.step) {
        (Ok(place), _) => place,
        (
            Err(place),
            Step::TurnQueued { method, message_id, content, .. }
            | Step::TurnStarted { method, message_id, content, .. },
        ) => {
            turns.insert(place, Turn::new(number, *method, message_id.clone(), content.clone()));
            place
        }
        (Err(_), _) => return false,
    };
    if matches!(event.step, Step::TurnStarted { .. }) {
        let of_another = |event: &&Event| !matches!(event.step, Step::TurnStarted { .. });
        let since = before.iter().rev().take_while(of_another);
        turns[place].activated = since.into_iter().any(|event| matches!(event.step, Step::Activated));
    }
    let (known, later) = turns.split_at_mut(place + 1);
    known[place].apply(event);
    if later.iter().all(|turn| turn.started_at.is_none()) {
        known[place].until = event.seq;
    }
    true
}

/// Whether the actor is in memory, as far as the events tell: a turn and a reset need it there.
#[must_use]
pub fn in_memory(events: &[Event]) -> bool {
    let said = events.iter().rev().find_map(|event| match event.step {
        Step::Activated | Step::TurnStarted { .. } | Step::LabReset => Some(true),
        Step::Deactivated => Some(false),
        _ => None,
    });
    said.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        operation::{Method, Operation},
        timeline::{Hold, ReleasedBy},
    };

    #[test]
    fn turns_that_are_read_bit_by_bit_are_those_that_are_read_at_once() {
        let (operation, attempt, max, method) = (Operation::Load, 1, 3, Method::ProcessMessage);
        let (message_id, content) = (None, None);
        let steps = [
            Step::TurnQueued { turn: 1, method, message_id: message_id.clone(), content: content.clone() },
            Step::Activated,
            Step::TurnStarted { turn: 1, method, message_id: message_id.clone(), content: content.clone() },
            Step::TurnQueued { turn: 2, method, message_id: message_id.clone(), content: content.clone() },
            Step::AttemptStarted { turn: 1, operation, attempt, max },
            Step::TurnCompleted { turn: 1, took_us: 1, repeated: false },
            Step::TurnStarted { turn: 2, method, message_id, content },
            Step::EventDelivered { turn: Some(1), input: String::new(), output: String::new() },
            Step::LabReset,
        ];
        let events: Vec<Event> = (1..).zip(steps).map(|(seq, step)| Event { seq, at: seq, step }).collect();
        let mut bit_by_bit = Vec::new();
        for n in 1..=events.len() {
            read_on(&mut bit_by_bit, &events[..n], n - 1);
            assert_eq!(bit_by_bit, turns(&events[..n]), "after {n} events");
        }
        let both = turns(&events[..8]);
        assert_eq!((both[0].activated, both[1].activated), (true, false));
        assert_eq!((both[0].seq, both[1].seq), (8, 7));
        assert_eq!(both[0].until, 6, "what came back after the next turn had begun is not waited for");
    }

    #[test]
    fn a_hold_ends_the_wait_before_it_and_lasts_until_it_is_released() {
        let (turn, operation, attempt, max) = (1, Operation::Load, 2, 3);
        let held = |due_at| Step::AttemptHeld { turn, operation, attempt, max, due_at };
        let steps = [
            Step::TurnStarted { turn, method: Method::ProcessMessage, message_id: None, content: None },
            Step::RetryScheduled { turn, operation, attempt, max, delay_ms: 1, due_at: 3 },
            held(40),
            held(30),
            Step::AttemptReleased { turn, operation, attempt, max, by: ReleasedBy::Person },
        ];
        let events: Vec<Event> = (1..).zip(steps).map(|(seq, step)| Event { seq, at: seq, step }).collect();
        let after = |n: usize| turns(&events[..n]).remove(0);
        let hold = Hold { operation, attempt, max, from: 3, due_at: 40, released: None };
        assert!(after(3).waits[0].over);
        assert_eq!(after(3).held(), Some(&hold));
        assert_eq!(after(4).holds, [Hold { due_at: 30, ..hold.clone() }], "its end has moved, it is one hold");
        assert_eq!(after(5).held(), None);
        assert_eq!(after(5).holds[0].released, Some((5, ReleasedBy::Person)));
    }
}
