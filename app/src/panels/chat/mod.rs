//! The conversation: messages, how each turn goes, and the field to write in.

mod composer;
mod entries;
mod message;

use leptos::prelude::*;

use self::{
    composer::{Composer, Invitation, ThenTry},
    entries::{Entry, entries},
    message::{kept_note, stored_message, turn_messages, unsent_message},
};
use crate::live::store::Store;

/// The chat.
#[component]
pub fn Chat() -> impl IntoView {
    let store = expect_context::<Store>();
    let actor = store.actor_id();
    let untouched = Memo::new(move |_| store.is_untouched());
    let rows = Memo::new(move |_| {
        store
            .panels
            .with(|panels| store.turns.with(|turns| store.unsent.with(|unsent| entries(&panels.before, turns, unsent))))
    });
    let row = move |entry: Entry| match entry {
        Entry::Before { message, .. } => stored_message(message).into_any(),
        Entry::Kept => kept_note().into_any(),
        Entry::Turn(entry) => turn_messages(store, *entry).into_any(),
        Entry::Unsent(unsent) => unsent_message(store, unsent).into_any(),
    };
    view! {
        <section class="panel chat" aria-labelledby="h-chat">
            <div class="panel-head">
                <h2 id="h-chat">"Chat " <span class="note">"with " <code>"ChatAgent"</code> " " {actor}</span></h2>
            </div>
            <div class="msgs" tabindex="0" role="region" aria-label="Conversation" hidden=move || untouched.get()>
                <ol>
                    <For each=move || rows.get() key=Entry::key children=row />
                </ol>
            </div>
            <Show when=move || untouched.get()>
                <Invitation />
            </Show>
            <Composer untouched />
            <Show when=move || untouched.get()>
                <ThenTry />
            </Show>
        </section>
    }
}
