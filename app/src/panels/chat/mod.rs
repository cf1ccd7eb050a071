//! The conversation: messages, how each turn goes, and the field to write in.

mod composer;
mod lines;
mod row;
mod scenario;
pub(crate) mod words;

use leptos::prelude::*;

use self::{
    composer::{Composer, Invitation, ThenTry},
    lines::lines,
    row::row,
};
use crate::{island::ScenarioHtml, live::store::Store};

/// The chat.
#[component]
pub fn Chat(
    /// The menu of scenarios, and the one that the address names.
    scenarios: ScenarioHtml,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let actor = store.actor_id();
    let untouched = Memo::new(move |_| store.is_untouched());
    let lines = Memo::new(move |_| {
        // What has just been sent is no part of an earlier moment.
        let unsent = if store.is_past() { Vec::new() } else { store.unsent.get() };
        store.panels.with(|panels| {
            store.events.with(|events| store.turns.with(|turns| lines(&panels.before, events, turns, &unsent)))
        })
    });
    view! {
        <section class="panel chat" aria-labelledby="h-chat">
            <div class="panel-head">
                <h2 id="h-chat">"Chat " <span class="note">"with " <code>"ChatAgent"</code> " " {actor}</span></h2>
                {scenario::menu(&scenarios)}
            </div>
            {scenario::card(&scenarios)}
            <div class="msgs" tabindex="0" role="region" aria-label="Conversation" hidden=move || untouched.get()>
                <ol>
                    <For each=move || 0..lines.with(Vec::len) key=|nth| *nth let:nth>
                        {row(store, lines, nth)}
                    </For>
                </ol>
            </div>
            <Invitation untouched />
            <Composer untouched />
            <ThenTry untouched />
        </section>
    }
}
