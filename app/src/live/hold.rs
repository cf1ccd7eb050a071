//! Holding attempts before they begin, and letting them go.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{
    moment,
    store::{Connection, Store},
};
use crate::functions;

/// Where attempts are held and released.
pub const HOLD: &str = "/api/hold";

/// Holds each attempt of a message from now on, or no longer.
pub fn set(store: Store, on: bool) {
    ask(store, on.then(|| "on".to_owned()), None);
}

/// Lets the attempt go that is held.
pub fn release(store: Store) {
    ask(store, None, Some("1".to_owned()));
}

/// What comes of it is told by the stream.
fn ask(store: Store, on: Option<String>, release: Option<String>) {
    spawn_local(async move {
        let asked = store.form.attempt(HOLD, functions::hold::hold(store.lab.actor_id(), on, release)).await;
        if asked.is_ok() && store.connection.get_untracked() != Connection::Live {
            store.lab.refresh();
        }
    });
}

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
