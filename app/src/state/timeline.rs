//! The timeline: the events of this lab as they arrive, and the turns, the log and the actor's standing that are read from
//! those up to the moment that is shown.

use leptos::prelude::*;

use super::playback::PlaybackState;
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
#[derive(Clone, Copy)]
pub struct TimelineState {
    /// The events, oldest first, whatever moment is shown.
    pub events: ReadSignal<Vec<Event>>,
    set_events: WriteSignal<Vec<Event>>,
    /// How often events were taken out: what was read from the others is read anew.
    removals: StoredValue<u64>,
    /// Where the stream goes on.
    last: StoredValue<EventId>,
    playback: PlaybackState,
    /// The turns, in the order of their numbers.
    pub turns: Memo<Vec<Turn>>,
    /// The last lines of the log, oldest first.
    pub log: Memo<Vec<LogLine>>,
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
        let removals = StoredValue::new(0);
        let turns = fold(playback, removals, timeline::read_on);
        let log = fold(playback, removals, move |lines, events, from| add_log_lines(lines, &events[from..], &actor));
        let active = Memo::new(move |_| playback.with_events(in_memory));
        let running = Memo::new(move |_| turns.with(|turns| turns.iter().any(|turn| !turn.ended())));
        let last = StoredValue::new(last);
        Self { events, set_events, removals, last, playback, turns, log, active, running }
    }

    /// Takes in what has arrived, in its order, and answers what of it is new. What is known changes nothing; a reset takes
    /// out what was before it; of too many the oldest go.
    pub fn apply(self, batch: Vec<(EventId, Event)>) -> Vec<Event> {
        let last = self.last.get_value();
        let is_new = |(id, _): &(EventId, Event)| id.epoch != last.epoch || id.seq > last.seq;
        let new: Vec<(EventId, Event)> = batch.into_iter().filter(is_new).collect();
        let Some((last, _)) = new.last() else { return Vec::new() };
        self.last.set_value(*last);
        let new: Vec<Event> = new.into_iter().map(|(_, event)| event).collect();
        self.set_events.update(|events| {
            let known = events.len();
            events.extend(new.iter().cloned());
            let reset = new.iter().rposition(|event| matches!(event.step, Step::LabReset));
            let gone = reset.map_or_else(|| too_many(events), |place| known + place);
            if gone > 0 {
                events.drain(..gone);
                self.removals.update_value(|times| *times += 1);
            }
        });
        new
    }

    /// Takes a whole timeline in place of what is known: the stream could not go on where it broke.
    pub fn replace(self, timeline: TimelineSnapshot) {
        self.last.set_value(timeline.last);
        self.removals.update_value(|times| *times += 1);
        self.set_events.set(timeline.events);
    }

    /// The id of the last event: where a stream goes on.
    pub fn last(self) -> EventId {
        self.last.get_value()
    }

    /// What `read` makes of the events up to the moment that is shown, one after the other: it is given what it made of
    /// those before, all events, and the place of the first new one, and says whether it changed anything.
    pub fn fold<T: Default + Send + Sync + 'static>(
        self,
        read: impl Fn(&mut T, &[Event], usize) -> bool + Send + Sync + 'static,
    ) -> Memo<T> {
        fold(self.playback, self.removals, read)
    }

    /// The number of the last turn that is known; 0 if there is none.
    pub fn last_turn(self) -> u64 {
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
    pub fn knows(self, id: &str, after_turn: u64) -> bool {
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

/// It begins anew when the moment that is shown goes back, and when events were taken out.
fn fold<T: Default + Send + Sync + 'static>(
    playback: PlaybackState,
    removals: StoredValue<u64>,
    read: impl Fn(&mut T, &[Event], usize) -> bool + Send + Sync + 'static,
) -> Memo<T> {
    let reached = StoredValue::new(None::<(u64, u64)>);
    Memo::new_owning(move |before: Option<T>| {
        playback.with_events(|events| {
            let now = (removals.get_value(), events.last().map_or(0, |event| event.seq));
            let goes_on = reached.get_value().filter(|(removed, seq)| *removed == now.0 && *seq <= now.1);
            reached.set_value(Some(now));
            let (mut made, from) = match (before, goes_on) {
                (Some(made), Some((_, seq))) => (made, events.partition_point(|event| event.seq <= seq)),
                _ => (T::default(), 0),
            };
            let changed = read(&mut made, events, from);
            (made, changed || goes_on.is_none())
        })
    })
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
