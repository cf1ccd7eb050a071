//! The server's clock in the browser. It moves while something runs and stands still otherwise.

use std::time::Duration;

use leptos::prelude::*;

/// How often a countdown is drawn anew: often enough to look even, seldom enough to cost nothing.
const TICK: Duration = Duration::from_millis(50);
/// How long what has ended well stays lit, in milliseconds.
pub const AFTERGLOW_MS: u64 = 1_500;
/// How long after the last event the clock still moves, in milliseconds: until that is seen to have faded.
const MOVES_ON_MS: u64 = AFTERGLOW_MS + 100;

/// How far the browser's clock is ahead of the server's, in milliseconds.
///
/// What the server says arrives after it was said, so of all the differences seen the smallest is the closest to the
/// truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ahead(i64);

impl Ahead {
    fn between(local: i64, server: u64) -> Self {
        Self(local - signed(server))
    }

    /// What is known once the server's time `server` has arrived at `local`.
    fn and(self, local: i64, server: u64) -> Self {
        Self(self.0.min(Self::between(local, server).0))
    }

    fn server_time(self, local: i64) -> u64 {
        u64::try_from(local - self.0).unwrap_or_default()
    }
}

/// The server's clock.
#[derive(Clone, Copy)]
pub struct ClockState {
    /// In milliseconds since the Unix epoch.
    now: RwSignal<u64>,
}

impl ClockState {
    /// The clock when the page was rendered, in milliseconds since the Unix epoch.
    pub fn new(now: u64) -> Self {
        Self { now: RwSignal::new(now) }
    }

    /// What it shows, in milliseconds since the Unix epoch.
    pub fn now(self) -> u64 {
        self.now.get()
    }

    /// The same, without subscribing to it.
    pub fn now_untracked(self) -> u64 {
        self.now.get_untracked()
    }

    /// It is at least so late. It never goes back.
    pub fn advance_to(self, at: u64) {
        self.now.update(|now| *now = (*now).max(at));
    }

    /// Moves it on in the browser while `runs`, and for a while after the time of the newest event.
    pub(super) fn run(self, runs: Signal<bool>, newest: Signal<u64>) {
        let ahead = StoredValue::new(Ahead::between(local_ms(), self.now_untracked()));
        let ticking = StoredValue::new(None::<IntervalHandle>);
        Effect::new(move |_| {
            let newest_at = newest.get();
            ahead.update_value(|ahead| *ahead = ahead.and(local_ms(), newest_at));
            let due = runs.get() || self.fades(newest_at);
            if !due || ticking.with_value(Option::is_some) {
                return;
            }
            let tick = move || {
                self.advance_to(ahead.get_value().server_time(local_ms()));
                if !runs.get_untracked() && !self.fades(newest.get_untracked()) {
                    ticking.update_value(|handle| {
                        if let Some(handle) = handle.take() {
                            handle.clear();
                        }
                    });
                }
            };
            ticking.set_value(set_interval_with_handle(tick, TICK).ok());
        });
    }

    /// Whether an event of this time is still fresh.
    fn fades(self, at: u64) -> bool {
        self.now_untracked() < at + MOVES_ON_MS
    }
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds since the Unix epoch are far from the limit")]
fn local_ms() -> i64 {
    js_sys::Date::now() as i64
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};

    #[test]
    fn of_all_differences_between_the_clocks_the_smallest_counts() {
        // 70 ms ahead; the first word of the server took 30 ms to arrive, the second 5 ms, the third 900 ms.
        let ahead = Ahead::between(1_100, 1_000).and(1_175, 1_100).and(3_000, 2_030);
        assert_eq!(ahead, Ahead(75));
        assert_eq!(ahead.server_time(5_075), 5_000);
        assert_eq!(ahead.server_time(10), 0, "before the epoch there is no time");
    }

    #[test]
    fn it_never_goes_back() {
        let _owner = fixture::owner();
        let clock = ClockState::new(1_000);
        clock.advance_to(900);
        assert_eq!(clock.now_untracked(), 1_000);
        clock.advance_to(1_200);
        assert_eq!(clock.now_untracked(), 1_200);
        assert!(clock.fades(0) && !ClockState::new(1_600).fades(0));
    }
}
