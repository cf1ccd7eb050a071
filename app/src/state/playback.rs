//! Going along the time: what happens now, an earlier moment, or a turn shown again as it went. Events go on being taken
//! in meanwhile.

use std::time::Duration;

use leptos::prelude::*;

use super::clock::ClockState;
use model::timeline::{Event, Step};

/// How often a replay moves on, in milliseconds. No more than one event each time, so that steps of a few milliseconds
/// can be seen.
const TICK_MS: u64 = 50;
/// How long the end is shown before the page goes on, in milliseconds of the replay.
const REST_MS: u64 = 600;

/// How many times slower a replay can be.
pub const SLOWER: [u8; 3] = [1, 2, 5];

/// A moment of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The number of the last event that had happened.
    pub seq: u64,
    /// What the server's clock showed, in milliseconds since the Unix epoch.
    pub time: u64,
}

impl Position {
    /// Right after an event.
    const fn after(event: &Event) -> Self {
        Self { seq: event.seq, time: event.at }
    }

    /// Right after the last event up to this number, if others have happened since.
    fn at(events: &[Event], seq: u64) -> Option<Self> {
        let then = until(events, Some(seq));
        (then.len() < events.len()).then(|| then.last().map(Self::after)).flatten()
    }
}

/// What of the timeline the page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Playback {
    /// What happens now.
    Live,
    /// An earlier moment.
    Paused {
        /// The moment.
        at: Position,
    },
    /// An earlier moment that moves on until the end of its turn.
    Replaying {
        /// The moment.
        at: Position,
    },
}

impl Playback {
    /// The moment that is shown; `None` if that is now.
    pub const fn position(self) -> Option<Position> {
        match self {
            Self::Live => None,
            Self::Paused { at } | Self::Replaying { at } => Some(at),
        }
    }

    const fn paused(at: Option<Position>) -> Self {
        match at {
            Some(at) => Self::Paused { at },
            None => Self::Live,
        }
    }
}

/// The playback of one page.
#[derive(Clone, Copy)]
pub struct PlaybackState {
    playback: RwSignal<Playback>,
    /// How many times slower than it went a turn is replayed. It outlives a replay.
    pub slower: RwSignal<u8>,
    /// The clock of what is shown, in milliseconds since the Unix epoch.
    pub time: Memo<u64>,
    /// The number of the last event that is shown; `None` while that is the newest.
    seq: Memo<Option<u64>>,
    events: ReadSignal<Vec<Event>>,
    clock: ClockState,
    /// What moves a replay on.
    timer: StoredValue<Option<IntervalHandle>>,
}

impl PlaybackState {
    /// Shows these events as they were after the event `at`; without a number, as they are now.
    pub fn new(events: ReadSignal<Vec<Event>>, clock: ClockState, at: Option<u64>) -> Self {
        let at = at.and_then(|seq| events.with_untracked(|events| Position::at(events, seq)));
        let playback = RwSignal::new(Playback::paused(at));
        let time = Memo::new(move |_| playback.get().position().map_or_else(|| clock.now(), |at| at.time));
        let seq = Memo::new(move |_| playback.get().position().map(|at| at.seq));
        Self { playback, slower: RwSignal::new(1), time, seq, events, clock, timer: StoredValue::new(None) }
    }

    /// What is shown.
    pub fn get(self) -> Playback {
        self.playback.get()
    }

    /// What is shown, without subscribing to it.
    pub fn get_untracked(self) -> Playback {
        self.playback.get_untracked()
    }

    /// Whether an earlier moment is shown.
    pub fn is_past(self) -> bool {
        self.playback.with(|playback| *playback != Playback::Live)
    }

    /// Whether an earlier moment is shown and stands still.
    pub fn is_paused(self) -> bool {
        self.playback.with(|playback| matches!(playback, Playback::Paused { .. }))
    }

    /// Whether a turn is replayed.
    pub fn is_replaying(self) -> bool {
        self.playback.with(|playback| matches!(playback, Playback::Replaying { .. }))
    }

    /// What `read` makes of the events that had happened at the moment that is shown.
    pub fn with_events<T>(self, read: impl FnOnce(&[Event]) -> T) -> T {
        let seq = self.seq.get();
        self.events.with(|events| read(until(events, seq)))
    }

    /// What `read` makes of all events, without subscribing to them.
    pub(super) fn with_all_events_untracked<T>(self, read: impl FnOnce(&[Event]) -> T) -> T {
        self.events.with_untracked(|events| read(events))
    }

    /// Shows what happens now.
    pub fn go_live(self) {
        self.show(Playback::Live);
    }

    /// Shows the moment right after this event; if no other has happened since, what happens now.
    pub fn seek(self, seq: u64) {
        self.show(Playback::paused(self.events.with_untracked(|events| Position::at(events, seq))));
    }

    /// Freezes what is shown, be it live or a replay; or goes on with what happens now.
    pub fn toggle_pause(self) {
        self.show(match self.get_untracked() {
            Playback::Live => {
                let seq = self.events.with_untracked(|events| events.last().map_or(0, |event| event.seq));
                Playback::Paused { at: Position { seq, time: self.clock.now_untracked() } }
            }
            Playback::Replaying { at } => Playback::Paused { at },
            Playback::Paused { .. } => Playback::Live,
        });
    }

    /// Shows the end of a turn: what happens now, if no other has begun since.
    pub fn show_turn(self, number: u64) {
        let end = self.events.with_untracked(|events| {
            next_turn(events, number)?;
            span_of_turn(events, number).map(|(_, end)| end)
        });
        self.show(Playback::paused(end));
    }

    /// Shows a turn again as it went, at its own pace or slower; then what happens now, or the end of an older turn.
    pub fn replay(self, number: u64) {
        let Some((first, last)) = self.events.with_untracked(|events| span_of_turn(events, number)) else { return };
        self.show(Playback::Replaying { at: first });
        let tick = move || {
            let Playback::Replaying { at } = self.get_untracked() else { return };
            let slower = self.slower.get_untracked();
            match self.events.with_untracked(|events| step_on(events, at, last, slower)) {
                Some(at) => self.playback.set(Playback::Replaying { at }),
                None => self.show_turn(number),
            }
        };
        self.timer.set_value(set_interval_with_handle(tick, Duration::from_millis(TICK_MS)).ok());
    }

    /// What a step changes: a lab that was reset has no earlier moments.
    pub(super) fn apply(self, step: &Step) {
        if matches!(step, Step::LabReset) {
            self.go_live();
        }
    }

    /// Shows this from now on, and ends a replay.
    fn show(self, playback: Playback) {
        self.timer.update_value(|timer| {
            if let Some(timer) = timer.take() {
                timer.clear();
            }
        });
        self.playback.set(playback);
    }
}

/// The moment that a replay comes to next, one tick after `at`; `None` once it has rested at `last`.
fn step_on(events: &[Event], at: Position, last: Position, slower: u8) -> Option<Position> {
    let time = at.time + TICK_MS / u64::from(slower);
    if at.seq >= last.seq && time > last.time + REST_MS {
        return None;
    }
    let next = events.iter().find(|event| event.seq > at.seq);
    let seq = next.filter(|next| next.at <= time && next.seq <= last.seq).map_or(at.seq, |next| next.seq);
    Some(Position { seq, time })
}

/// The events up to this number; all of them without one.
fn until(events: &[Event], seq: Option<u64>) -> &[Event] {
    let end = seq.map_or(events.len(), |seq| events.partition_point(|event| event.seq <= seq));
    &events[..end]
}

/// When a turn was asked for, and when everything of it had happened or the next one began.
pub fn span_of_turn(events: &[Event], number: u64) -> Option<(Position, Position)> {
    let mut span = None;
    for event in events {
        match event.step.turn() {
            Some(turn) if turn == number => {
                let first = span.map_or_else(|| Position::after(event), |(first, _)| first);
                span = Some((first, Position::after(event)));
            }
            Some(turn) if turn > number && matches!(event.step, Step::TurnStarted { .. }) => break,
            _ => {}
        }
    }
    span
}

/// The first turn after this one that has begun.
pub fn next_turn(events: &[Event], number: u64) -> Option<u64> {
    events.iter().find_map(|event| match event.step {
        Step::TurnStarted { turn, .. } if turn > number => Some(turn),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};

    fn state(at: Option<u64>) -> PlaybackState {
        let (events, _) = signal(fixture::two_turns());
        PlaybackState::new(events, ClockState::new(9_000), at)
    }

    #[test]
    fn a_turn_lasts_until_all_of_it_has_happened_or_the_next_began() {
        let events = fixture::two_turns();
        let span = |number| span_of_turn(&events, number).map(|(first, last)| (first.seq, last.seq));
        assert_eq!((span(1), span(2), span(3)), (Some((1, 4)), Some((5, 8)), None));
        assert_eq!((next_turn(&events, 0), next_turn(&events, 1), next_turn(&events, 2)), (Some(1), Some(2), None));
        let mut steps: Vec<Step> = events.into_iter().map(|event| event.step).collect();
        steps.push(Step::EventDelivered { turn: Some(1), input: "one".into(), output: "1".into() });
        let late = fixture::events(steps);
        assert_eq!(span_of_turn(&late, 1).map(|(_, last)| last.seq), Some(4), "the next had begun");
    }

    #[test]
    fn an_earlier_moment_has_the_events_up_to_it_and_its_own_time() {
        let _owner = fixture::owner();
        let playback = state(Some(5));
        assert_eq!(playback.get_untracked(), Playback::Paused { at: Position { seq: 5, time: 1_005 } });
        assert_eq!(untrack(|| playback.with_events(<[Event]>::len)), 5);
        assert_eq!(playback.time.get_untracked(), 1_005);
        playback.go_live();
        assert_eq!(untrack(|| playback.with_events(<[Event]>::len)), 8);
        assert_eq!(playback.time.get_untracked(), 9_000);
    }

    #[test]
    fn the_last_event_and_what_was_before_the_first_are_no_earlier_moments() {
        let _owner = fixture::owner();
        for at in [None, Some(0), Some(8), Some(80)] {
            assert_eq!(state(at).get_untracked(), Playback::Live, "{at:?}");
        }
        let playback = state(Some(3));
        playback.seek(8);
        assert_eq!(playback.get_untracked(), Playback::Live);
    }

    #[test]
    fn pause_freezes_what_is_shown_and_a_second_press_goes_on_with_now() {
        let _owner = fixture::owner();
        let playback = state(None);
        playback.toggle_pause();
        assert_eq!(playback.get_untracked(), Playback::Paused { at: Position { seq: 8, time: 9_000 } });
        playback.toggle_pause();
        assert_eq!(playback.get_untracked(), Playback::Live);
        let at = Position { seq: 2, time: 1_020 };
        playback.playback.set(Playback::Replaying { at });
        playback.toggle_pause();
        assert_eq!(playback.get_untracked(), Playback::Paused { at });
    }

    #[test]
    fn the_end_of_the_last_turn_is_now_and_a_reset_leads_there_too() {
        let _owner = fixture::owner();
        let playback = state(None);
        playback.show_turn(1);
        assert_eq!(playback.get_untracked().position().map(|at| at.seq), Some(4));
        playback.show_turn(2);
        assert_eq!(playback.get_untracked(), Playback::Live);
        playback.show_turn(1);
        playback.apply(&Step::LabReset);
        assert_eq!(playback.get_untracked(), Playback::Live);
    }

    #[test]
    fn a_replay_shows_one_event_at_a_time_and_rests_at_the_end() {
        let events = fixture::two_turns();
        let (first, last) = span_of_turn(&events, 1).unwrap();
        let moments: Vec<_> = std::iter::successors(Some(first), |at| step_on(&events, *at, last, 1))
            .map(|at| (at.seq, at.time))
            .collect();
        assert_eq!(moments[..5], [(1, 1_001), (2, 1_051), (3, 1_101), (4, 1_151), (4, 1_201)]);
        assert_eq!(moments.last(), Some(&(4, 1_601)), "0.6 s after its end");
        assert_eq!(step_on(&events, first, last, 5).map(|at| (at.seq, at.time)), Some((2, 1_011)), "five times slower");
    }
}
