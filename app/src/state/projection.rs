//! What is read from the events up to the moment that is shown.

use leptos::prelude::*;

use super::playback::PlaybackState;
use model::timeline::Event;

/// What is read from the events: while the page shows what happens now, as the reducer of
/// [`TimelineState`](super::timeline::TimelineState) has brought it up to date with each of them; of an earlier moment
/// read anew.
pub struct Projection<T: Send + Sync + 'static> {
    now: RwSignal<T>,
    then: Memo<T>,
    is_past: Memo<bool>,
}

impl<T: Send + Sync + 'static> Clone for Projection<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Projection<T> {}

impl<T: Default + PartialEq + Send + Sync + 'static> Projection<T> {
    /// What `read` makes of the events.
    pub(super) fn new(playback: PlaybackState, read: impl Fn(&[Event]) -> T + Send + Sync + 'static) -> Self {
        let is_past = Memo::new(move |_| playback.is_past());
        let now = RwSignal::new(playback.with_all_events_untracked(&read));
        let then = Memo::new(move |_| if is_past.get() { playback.with_events(&read) } else { T::default() });
        Self { now, then, is_past }
    }

    /// What `f` makes of it.
    pub fn with<U>(self, f: impl FnOnce(&T) -> U) -> U {
        if self.is_past.get() { self.then.with(f) } else { self.now.with(f) }
    }

    /// The same, without subscribing to it.
    pub fn with_untracked<U>(self, f: impl FnOnce(&T) -> U) -> U {
        untrack(|| self.with(f))
    }

    /// Brings it up to date; `update` says whether that changed anything.
    pub(super) fn reduce(self, update: impl FnOnce(&mut T) -> bool) {
        self.now.maybe_update(update);
    }

    /// Takes what was read anew from all events.
    pub(super) fn replace(self, now: T) {
        self.now.set(now);
    }
}
