//! The lab while it is being watched: its state, the event stream that feeds it, and what a person can do to it.
//!
//! Everything here is also compiled for the server, which renders the first state and never starts the rest.

pub mod actions;
mod clock;
pub mod controls;
pub mod hold;
pub mod moment;
mod news;
pub mod outlook;
pub mod replay;
mod speech;
pub mod store;
mod stream;
pub mod travel;

use self::store::Store;
use crate::{
    dom,
    state::address::{self, Address},
};
use leptos::prelude::*;

/// Starts what runs in the browser alone, once the page has been hydrated. Effects do not run on the server.
pub fn start(store: Store) {
    Effect::new(move |_| {
        store.view.hydrated.set(true);
        clock::start(store);
        stream::start(store);
        dom::listen("popstate", move |_| follow(store, &address::current()));
    });
    // The address follows the page. At the first run it only loses the error of a form, which has been shown. A replay
    // is not told: it moves on many times a second.
    let shown = Memo::new(move |_| Address {
        bar: store.view.selected.get().map(|bar| bar.to_string()),
        at: store.moment.get().filter(|_| store.replay.with(Option::is_none)).map(|moment| moment.seq),
        present: store.view.present.get(),
    });
    Effect::new(move |_| shown.with(address::replace));
}

/// Shows what the address says: the browser has gone back or forward.
fn follow(store: Store, address: &Address) {
    let at = address.at.and_then(|seq| store.events.with_untracked(|events| moment::at(events, seq)));
    store.go(at);
    store.view.restore(address);
}
