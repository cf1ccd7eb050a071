//! Attempts that are held before they begin.

use leptos::prelude::*;

use super::{moment, store::Store};

/// Leaves the layout for a room. Holding stays as it is, since others may be looking at the same lab; it is said, and
/// can be seen and ended in the bar on top.
pub fn leave_room(store: Store) {
    store.view.present.set(false);
    if store.lab.panels.with_untracked(|panels| panels.hold) {
        store.said.set("Each attempt is still held. The box at the top ends that.".to_owned());
    }
}

impl Store {
    /// Whether an attempt is held now, whatever moment is drawn.
    pub fn is_held(self) -> bool {
        self.events.with(|events| moment::held(events))
    }

    /// The same without following it.
    pub fn is_held_untracked(self) -> bool {
        self.events.with_untracked(|events| moment::held(events))
    }
}
