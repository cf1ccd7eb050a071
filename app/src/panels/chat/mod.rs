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
use crate::{
    island::ScenarioHtml,
    live::{actions::SEND, store::Store},
    markup::{Entries, follow_list, items},
    panels::deeds::is_busy,
};

/// The chat.
#[component]
pub fn Chat(
    /// The menu of scenarios, and the one that the address names.
    scenarios: ScenarioHtml,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let actor = store.actor_id();
    let untouched = Memo::new(move |_| store.is_untouched());
    let before = Memo::new(move |_| store.panels.with(|panels| panels.before.clone()));
    let lines = Memo::new_owning(move |drawn| {
        // What has just been sent is no part of an earlier moment.
        let unsent = if store.is_past() { Vec::new() } else { store.unsent.get() };
        let busy = is_busy(store, SEND);
        let mut entries = Entries::after(drawn);
        before.with(|before| {
            store.turns.with(|turns| {
                for line in lines(before, turns, &unsent) {
                    // The button that sends again shows whether something is being sent.
                    let made_of = line.made_of.as_ref().map(|of| match line.failure {
                        Some(_) => format!("{of} {busy}"),
                        None => of.clone(),
                    });
                    entries.add(line.place, line.class, made_of, || row(store, &line));
                }
            });
        });
        (entries.done(), true)
    });
    view! {
        <section class="panel chat" aria-labelledby="h-chat">
            <div class="panel-head">
                <h2 id="h-chat">"Chat " <span class="note">"with " <code>"ChatAgent"</code> " " {actor}</span></h2>
                {scenario::menu(&scenarios)}
            </div>
            {scenario::card(&scenarios)}
            <div class="msgs" tabindex="0" role="region" aria-label="Conversation" hidden=move || untouched.get()>
                <ol inner_html=lines.with_untracked(|lines| items(lines)) use:follow_list=lines></ol>
            </div>
            <Invitation untouched />
            <Composer untouched />
            <ThenTry untouched />
        </section>
    }
}
