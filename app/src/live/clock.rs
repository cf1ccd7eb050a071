//! The server's clock in the browser. It moves while something runs and stands still otherwise.

use std::time::Duration;

use leptos::prelude::*;

use super::store::Store;
use crate::dom;

/// How often a countdown is redrawn: often enough to look even, seldom enough to cost nothing.
const TICK: Duration = Duration::from_millis(50);
/// How long after the last event the clock still moves, in milliseconds, so that what has just ended can fade.
const AFTERGLOW_MS: u64 = 1_600;

/// Keeps [`Store::now`] going while a turn runs, waits or has just ended.
///
/// The two clocks may differ. What the server says arrives after it was said, so of all the differences heard the
/// smallest is the closest to the truth.
pub fn start(store: Store) {
    let ahead = RwSignal::new(local_ms() - signed(store.now.get_untracked()));
    let ticking = RwSignal::new(None::<IntervalHandle>);
    Effect::new(move |_| {
        let newest = store.events.with(|events| events.last().map_or(0, |event| event.at));
        ahead.update(|ahead| *ahead = (*ahead).min(local_ms() - signed(newest)));
        let due = store.running.get() && !store.is_past() || fades(store);
        if !due || ticking.with_untracked(Option::is_some) {
            return;
        }
        let tick = move || {
            let now = u64::try_from(local_ms() - ahead.get_untracked()).unwrap_or_default();
            store.now.update(|shown| *shown = (*shown).max(now));
            let runs = store.running.get_untracked() && store.moment.with_untracked(Option::is_none);
            if !runs && !fades(store) {
                ticking.update(|handle| {
                    if let Some(handle) = handle.take() {
                        handle.clear();
                    }
                });
            }
        };
        ticking.set(set_interval_with_handle(tick, TICK).ok());
    });
    // The hatching of a wait drifts only while something moves: a page at rest draws nothing.
    let moves = Memo::new(move |_| store.running.get() && (!store.is_past() || store.replay.with(Option::is_some)));
    Effect::new(move |_| dom::mark_document("data-moves", moves.get().then_some("")));
}

/// Whether the last event is still fresh.
fn fades(store: Store) -> bool {
    let newest = store.events.with_untracked(|events| events.last().map_or(0, |event| event.at));
    store.now.get_untracked() < newest + AFTERGLOW_MS
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds since the Unix epoch are far from the limit")]
fn local_ms() -> i64 {
    js_sys::Date::now() as i64
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
