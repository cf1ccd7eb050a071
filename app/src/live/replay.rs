//! Showing a turn again as it went, at its own pace or slower.

use std::time::Duration;

use leptos::prelude::*;

use super::{
    moment::{self, Moment},
    store::Store,
};
use model::timeline::Turn;

/// How often the drawing moves on. No more than one event each time, so that steps of a few milliseconds can be seen.
const TICK_MS: u64 = 50;
/// How long the end is shown before the page goes on, in milliseconds of the replay.
const REST_MS: u64 = 600;

/// How many times slower a replay can be.
pub const SLOWER: [u8; 3] = [1, 2, 5];

/// Replays the turn that is drawn last; then the page shows now again, or stays at the end of an older turn.
pub fn start(store: Store) {
    let begun = |turns: &Vec<Turn>| turns.iter().rfind(|turn| turn.started_at.is_some()).map(|turn| turn.number);
    let drawn = store.turns.with_untracked(begun);
    let Some(number) = drawn else { return };
    let Some((first, last)) = store.events.with_untracked(|events| moment::of_turn(events, number)) else { return };
    store.go(Some(first));
    let tick = move || {
        let Some(before) = store.moment.get_untracked() else { return };
        let now = before.now + TICK_MS / u64::from(store.slower.get_untracked());
        if before.seq >= last.seq && now > last.now + REST_MS {
            store.show_turn(number);
        } else {
            store.moment.set(Some(store.events.with_untracked(|events| {
                let next = events.iter().find(|event| event.seq > before.seq);
                let seq =
                    next.filter(|next| next.at <= now && next.seq <= last.seq).map_or(before.seq, |next| next.seq);
                Moment { seq, now }
            })));
        }
    };
    store.replay.set(set_interval_with_handle(tick, Duration::from_millis(TICK_MS)).ok());
}
