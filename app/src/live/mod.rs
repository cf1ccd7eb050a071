//! The lab while it is being watched: its state, the event stream that feeds it, and what a person can do to it.
//!
//! Everything here is also compiled for the server, which renders the first state and never starts the rest.

pub mod actions;
mod clock;
pub mod dom;
pub mod outlook;
pub mod store;
mod stream;

use leptos::prelude::*;

use self::store::Store;

/// Starts what runs in the browser alone, once the page has been hydrated. Effects do not run on the server.
pub fn start(store: Store) {
    Effect::new(move |_| {
        store.mounted.set(true);
        clock::start(store);
        stream::start(store);
    });
    // The address follows the selection. At the first run it only loses the error of a form, which has been shown.
    Effect::new(move |_| {
        let bar = store.selected.get().map(|bar| bar.to_string());
        dom::show_in_address(bar.as_deref());
    });
}
