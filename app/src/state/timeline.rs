//! The timeline: the events of this lab as they arrive, and the turns, the log and the actor's standing that are read from
//! those up to the moment that is shown.

use leptos::prelude::*;

use super::{playback::PlaybackState, projection::Projection};
use model::{
    actor_id::ActorId,
    timeline::{self, Event, EventId, LogLine, Outcome, Step, TimelineSnapshot, Turn, in_memory},
};

/// How many log lines the page shows at most.
const MAX_LOG_LINES: usize = 200;
/// How many turns the page keeps at most, as the server does.
const MAX_TURNS: u64 = 300;
/// How many more there are before the oldest go, all of these at once.
const TURNS_AT_ONCE: u64 = 30;
/// How many events it keeps at most, whatever they tell of; the oldest sixth goes at once.
const MAX_EVENTS: usize = 9_000;

/// The timeline of one lab.
///
/// The turns are one signal and not one for each. What is shown of a turn depends on the others: its place on the axis,
/// what it queues behind, where it was sent again, whether it has dropped out of the history. So the lists of the page are
/// made from all of them by pure functions; each row is a memo in a keyed `<For>`, and only those run that have changed.
/// (A field of a keyed store runs all rows when one is added.)
#[derive(Clone, Copy)]
pub struct TimelineState {
    /// The events, oldest first, whatever moment is shown.
    pub events: ReadSignal<Vec<Event>>,
    set_events: WriteSignal<Vec<Event>>,
    /// Where the stream goes on.
    last: StoredValue<EventId>,
    actor: StoredValue<ActorId>,
    /// The turns, in the order of their numbers.
    pub turns: Projection<Vec<Turn>>,
    /// The last lines of the log, oldest first.
    pub log: Projection<Vec<LogLine>>,
    /// Whether the actor is in memory.
    pub active: Memo<bool>,
    /// Whether a turn runs, or waits its turn.
    pub running: Memo<bool>,
}

impl TimelineState {
    /// The timeline of these events, of which `last` was the last.
    pub fn new(
        (events, set_events): (ReadSignal<Vec<Event>>, WriteSignal<Vec<Event>>),
        last: EventId,
        playback: PlaybackState,
        actor: ActorId,
    ) -> Self {
        let turns = Projection::new(playback, timeline::turns);
        let of = actor.clone();
        let log = Projection::new(playback, move |events| log_lines(events, &of));
        let active = Memo::new(move |_| playback.with_events(in_memory));
        let running = Memo::new(move |_| turns.with(|turns| turns.iter().any(|turn| !turn.ended())));
        let (last, actor) = (StoredValue::new(last), StoredValue::new(actor));
        Self { events, set_events, last, actor, turns, log, active, running }
    }

    /// The reducer: takes in what has arrived, in its order, and answers what of it is new. What is known changes nothing;
    /// a reset takes out what was before it; of too many the oldest go.
    pub fn apply(self, batch: Vec<(EventId, Event)>) -> Vec<Event> {
        let last = self.last.get_value();
        let is_new = |(id, _): &(EventId, Event)| id.epoch != last.epoch || id.seq > last.seq;
        let new: Vec<(EventId, Event)> = batch.into_iter().filter(is_new).collect();
        let Some((last, _)) = new.last() else { return Vec::new() };
        self.last.set_value(*last);
        let new: Vec<Event> = new.into_iter().map(|(_, event)| event).collect();
        let known = self.events.with_untracked(Vec::len);
        let mut gone = 0;
        self.set_events.update(|events| {
            events.extend(new.iter().cloned());
            let reset = new.iter().rposition(|event| matches!(event.step, Step::LabReset));
            gone = reset.map_or_else(|| too_many(events), |place| known + place);
            events.drain(..gone);
        });
        if gone > 0 {
            self.read_anew();
        } else {
            self.events.with_untracked(|events| self.turns.reduce(|turns| timeline::read_on(turns, events, known)));
            self.log.reduce(|lines| self.actor.with_value(|actor| add_log_lines(lines, &new, actor)));
        }
        new
    }

    /// Takes a whole timeline in place of what is known: the stream could not go on where it broke.
    pub fn replace(self, timeline: TimelineSnapshot) {
        self.last.set_value(timeline.last);
        self.set_events.set(timeline.events);
        self.read_anew();
    }

    fn read_anew(self) {
        self.events.with_untracked(|events| {
            self.turns.replace(timeline::turns(events));
            self.log.replace(self.actor.with_value(|actor| log_lines(events, actor)));
        });
    }

    /// The id of the last event: where a stream goes on.
    pub fn last(self) -> EventId {
        self.last.get_value()
    }

    /// The number of the last turn that is known; 0 if there is none.
    pub fn last_turn_untracked(self) -> u64 {
        self.turns.with_untracked(|turns| turns.last().map_or(0, |turn| turn.number))
    }

    /// The last turn that has begun.
    pub fn last_begun_untracked(self) -> Option<u64> {
        let begun = |turns: &Vec<Turn>| turns.iter().rfind(|turn| turn.started_at.is_some()).map(|turn| turn.number);
        self.turns.with_untracked(begun)
    }

    /// When the newest event happened, in milliseconds since the Unix epoch, whatever moment is shown; 0 if there is none.
    pub fn newest_at(self) -> u64 {
        self.events.with(|events| events.last().map_or(0, |event| event.at))
    }

    /// Whether a turn after this one runs the message with this id, whatever moment is shown.
    pub fn knows_untracked(self, id: &str, after_turn: u64) -> bool {
        self.events.with_untracked(|events| knows(events, id, after_turn))
    }

    /// Whether an attempt is held now, whatever moment is shown.
    pub fn is_held(self) -> bool {
        self.events.with(|events| held(events))
    }

    /// The same, without subscribing to it.
    pub fn is_held_untracked(self) -> bool {
        self.events.with_untracked(|events| held(events))
    }
}

/// The turn that holds the actor now.
pub fn running_turn(turns: &[Turn]) -> Option<&Turn> {
    turns.iter().find(|turn| turn.outcome == Outcome::Running)
}

/// Whether a turn after this one runs the message with this id.
pub(super) fn knows(events: &[Event], id: &str, after_turn: u64) -> bool {
    events.iter().any(|event| match &event.step {
        Step::TurnQueued { turn, message_id, .. } | Step::TurnStarted { turn, message_id, .. } => {
            *turn > after_turn && message_id.as_ref().is_some_and(|message_id| message_id.as_str() == id)
        }
        _ => false,
    })
}

/// Whether an attempt is held after these events.
fn held(events: &[Event]) -> bool {
    let last = events.iter().rev().find_map(|event| match event.step {
        Step::AttemptHeld { .. } => Some(true),
        Step::AttemptReleased { .. } | Step::AttemptStarted { .. } | Step::LabReset => Some(false),
        _ => None,
    });
    last.unwrap_or(false)
}

/// The lines of these events, the last of what is too much.
fn log_lines(events: &[Event], actor: &ActorId) -> Vec<LogLine> {
    let mut lines = Vec::new();
    add_log_lines(&mut lines, events, actor);
    lines
}

/// Adds the lines of these events, and drops the oldest of what is too much. Says whether there were any.
fn add_log_lines(lines: &mut Vec<LogLine>, events: &[Event], actor: &ActorId) -> bool {
    let newest_first = events.iter().rev().filter_map(|event| event.log_line(actor));
    let mut new: Vec<LogLine> = newest_first.take(MAX_LOG_LINES).collect();
    new.reverse();
    let changed = !new.is_empty();
    lines.append(&mut new);
    lines.drain(..lines.len().saturating_sub(MAX_LOG_LINES));
    changed
}

/// How many events at the beginning are to go. A turn whose first events are gone is left out by
/// [`turns`](model::timeline::turns), so nothing half remains.
fn too_many(events: &[Event]) -> usize {
    if events.len() > MAX_EVENTS {
        return MAX_EVENTS / 6;
    }
    let number = |event: &Event| event.step.turn();
    let ends = events.iter().find_map(number).zip(events.iter().rev().find_map(number));
    match ends {
        Some((first, last)) if last >= first + MAX_TURNS + TURNS_AT_ONCE => {
            let stays = |event: &Event| number(event).is_some_and(|turn| turn > last - MAX_TURNS);
            events.iter().position(stays).unwrap_or_default()
        }
        _ => 0,
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
