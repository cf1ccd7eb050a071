//! What the lab's page holds, by subject: small `Copy` structs of signals with what can be done to them. The island
//! provides them once; a component takes what it needs by `expect_context`.
//!
//! # Layout
//! - [`lab`]: the lab beside its timeline; [`timeline`]: its events, and what is read from them; [`playback`]: which moment of
//!   it is shown; [`shown_lab`]: the lab at that moment; [`prediction`]: what is going to happen; [`clock`]: the server's
//!   clock
//! - [`messages`]: what stands in the field and what is on its way; [`lesson`]: which step is open; [`form`]: what became of
//!   the forms
//! - [`view`], [`address`]: what a reader has chosen to see, and how the address says it; [`announcements`]: what is
//!   announced to those who hear the page
//! - [`connection`], [`event_stream`], [`incoming`]: whether events arrive, from where, and to which states they go

pub mod address;
pub mod announcements;
pub mod clock;
pub mod connection;
pub mod event_stream;
#[cfg(test)]
mod fixture;
pub mod form;
pub mod incoming;
pub mod lab;
pub mod lesson;
pub mod messages;
pub mod playback;
pub mod prediction;
pub mod shown_lab;
pub mod timeline;
pub mod view;

use leptos::prelude::*;

use self::{
    address::Address, connection::ConnectionState, event_stream::EventStream, incoming::Incoming, playback::Playback,
};
use crate::dom;

/// Starts what runs in the browser alone, once the page has been hydrated. Effects do not run on the server.
pub fn run_states() {
    let (connection, incoming) = (expect_context::<ConnectionState>(), expect_context::<Incoming>());
    let Incoming { view, clock, playback, timeline, .. } = incoming;
    let runs = Memo::new(move |_| timeline.running.get() && !playback.is_past());
    let newest = Memo::new(move |_| timeline.newest_at());
    Effect::new(move |_| {
        view.hydrated.set(true);
        clock.run(runs.into(), newest.into());
        EventStream::new(connection, incoming).run();
        dom::listen("popstate", move |_| {
            let address = address::current();
            view.restore(&address);
            match address.at {
                Some(seq) => playback.seek(seq),
                None => playback.go_live(),
            }
        });
    });
    // The address says what the page shows. At first it only loses the error of a form, which has been shown. Of a replay
    // it says nothing: that moves on many times a second.
    let shown = Memo::new(move |_| Address {
        bar: view.selected.get().map(|bar| bar.to_string()),
        at: match playback.get() {
            Playback::Paused { at } => Some(at.seq),
            Playback::Live | Playback::Replaying { .. } => None,
        },
        present: view.present.get(),
    });
    Effect::new(move |_| shown.with(address::replace));
    // The hatching of a wait drifts only while something moves: a page at rest draws nothing.
    let moves = Memo::new(move |_| timeline.running.get() && (!playback.is_past() || playback.is_replaying()));
    Effect::new(move |_| dom::mark_document("data-moves", moves.get().then_some("")));
}
