//! The conversation: messages, how each turn goes, and the field to write in.

pub(crate) mod composer;
mod lines;
mod row;
mod scenario;
pub(crate) mod words;

use leptos::prelude::*;
use maud::{PreEscaped, html};

pub use self::scenario::ScenarioHtml;
use self::{lines::lines, row::row};
use crate::markup::{drawn, items};
use crate::{
    live::{actions::SEND, dom, store::Store},
    markup::{Entries, Entry, follow_list},
    panels::deeds::is_busy,
};

/// The chat.
#[component]
pub fn Chat() -> impl IntoView {
    let store = expect_context::<Store>();
    drawn(|| {
        let scenarios = expect_context::<ScenarioHtml>();
        html! {
            section.panel.chat aria-labelledby="h-chat" {
                div.panel-head {
                    h2 id="h-chat" { "Chat " span.note { "with " code { "ChatAgent" } " " (store.actor_id()) } }
                    (scenarios.menu())
                }
                (scenarios.card())
                div.msgs tabindex="0" role="region" aria-label="Conversation" hidden[store.is_untouched()] {
                    div { (PreEscaped(items(&entries(store, None)))) }
                }
                (composer::invitation(store))
                (composer::composer(store))
                (composer::then_try(store))
            }
        }
    })
}

/// Keeps what moves in it.
pub(super) fn start(store: Store) {
    composer::start(store);
    let lines = Memo::new_owning(move |drawn| (entries(store, drawn), true));
    Effect::new(move |_| {
        if let Some(list) = dom::find(".msgs > div") {
            follow_list(list.into(), lines);
        }
    });
    // The first message takes the invitation away, and a reset brings it back.
    let mut before = untrack(|| store.is_untouched());
    Effect::new(move |_| {
        let untouched = store.is_untouched();
        if before != untouched {
            before = untouched;
            for (selector, hidden) in [(".msgs", untouched), (".invite-box", !untouched), (".then", !untouched)] {
                if let Some(part) = dom::find(selector) {
                    part.set_hidden(hidden);
                }
            }
            if let Some(form) = dom::find(".composer") {
                form.set_class_name(if untouched { "composer invite" } else { "composer" });
            }
        }
    });
}

/// The lines, those drawn anew that have changed.
fn entries(store: Store, drawn: Option<Vec<Entry>>) -> Vec<Entry> {
    // What has just been sent is no part of an earlier moment.
    let unsent = if store.is_past() { Vec::new() } else { store.unsent.get() };
    let busy = is_busy(store, SEND);
    let mut entries = Entries::after(drawn, lines::PLACES_OF_A_PART);
    store.panels.with(|panels| {
        store.turns.with(|turns| {
            for line in lines(&panels.before, turns, &unsent) {
                // The button that sends again shows whether something is being sent.
                let made_of = line.made_of.as_ref().map(|of| match line.failure {
                    Some(_) => format!("{of} {busy}"),
                    None => of.clone(),
                });
                entries.add(line.place, line.class, made_of, || row(store, &line));
            }
        });
    });
    entries.done()
}
