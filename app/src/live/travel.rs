//! Going along the time: the moment that is drawn, and what the page shows of it.

use super::{
    moment::{self, Moment},
    store::Store,
};
use leptos::prelude::*;
use model::{lab::Panels, message::Message, timeline::Event};

impl Store {
    /// Draws this moment from now on; without one, now. Ends a replay.
    pub fn go(self, moment: Option<Moment>) {
        if let Some(replay) = self.replay.get_untracked() {
            replay.clear();
            self.replay.set(None);
        }
        self.moment.set(moment);
    }

    /// Whether another moment than now is drawn.
    pub fn is_past(self) -> bool {
        self.moment.with(Option::is_some)
    }

    /// Freezes what is drawn, be it now or a replay; or goes on with now.
    pub fn pause(self) {
        let now = self.now.get_untracked();
        let last = Moment { seq: self.newest(), now };
        let replays = self.replay.with_untracked(Option::is_some);
        let drawn = self.moment.get_untracked();
        self.go(if drawn.is_some() { drawn.filter(|_| replays) } else { Some(last) });
    }

    /// Whether an earlier moment is drawn and stands still.
    pub fn is_halted(self) -> bool {
        self.is_past() && self.replay.with(Option::is_none)
    }

    /// The number of the newest event; 0 if there is none.
    pub fn newest(self) -> u64 {
        self.events.with_untracked(|events| events.last().map_or(0, |event| event.seq))
    }

    /// Draws the end of a turn: now, if no other has begun since.
    pub fn show_turn(self, number: u64) {
        let end = self.events.with_untracked(|events| {
            moment::next_turn(events, number)?;
            moment::of_turn(events, number).map(|(_, end)| end)
        });
        self.go(end);
    }

    /// The history at the moment that is drawn, if that is not now.
    pub fn history_then(self) -> Option<Vec<Message>> {
        let before = self.lab.panels.with(|panels| panels.before.clone());
        self.is_past().then(|| self.turns.with(|turns| moment::history(&before, turns)))
    }

    /// The panels as the moment that is drawn knew them: what could not be reached is not known any more.
    pub fn panels_then(self) -> Option<Panels> {
        self.is_past().then(|| {
            let mut panels = self.lab.panels.get();
            panels.history = Ok(Vec::new());
            if let Some(status) = &mut panels.wire {
                status.fault = drawn(self.events, self.moment, moment::wire);
            }
            panels
        })
    }
}

/// What `read` makes of the events that had happened at the moment that is drawn.
pub fn drawn<T>(events: RwSignal<Vec<Event>>, moment: RwSignal<Option<Moment>>, read: impl FnOnce(&[Event]) -> T) -> T {
    let moment = moment.get();
    events.with(|events| read(moment::until(events, moment)))
}

/// What `read` makes of the events that had happened at the moment that is drawn, one after the other: it is given what
/// it made of those before, all events, and the place of the first new one, and says whether it changed anything.
///
/// It begins anew when the moment goes back, and when events were taken out.
pub fn read_on<T: Default + Send + Sync + 'static>(
    events: RwSignal<Vec<Event>>,
    taken_out: RwSignal<u64>,
    moment: RwSignal<Option<Moment>>,
    read: impl Fn(&mut T, &[Event], usize) -> bool + Send + Sync + 'static,
) -> Memo<T> {
    let reached = RwSignal::new(None::<(u64, u64)>);
    Memo::new_owning(move |before: Option<T>| {
        drawn(events, moment, |events| {
            let now = (taken_out.get_untracked(), events.last().map_or(0, |event| event.seq));
            let goes_on = reached.get_untracked().filter(|(out, seq)| *out == now.0 && *seq <= now.1);
            reached.set(Some(now));
            let (mut made, from) = match (before, goes_on) {
                (Some(made), Some((_, seq))) => (made, events.partition_point(|event| event.seq <= seq)),
                _ => (T::default(), 0),
            };
            let changed = read(&mut made, events, from);
            (made, changed || goes_on.is_none())
        })
    })
}
