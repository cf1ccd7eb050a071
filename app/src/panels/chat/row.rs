//! One line of the conversation, drawn.

use leptos::prelude::*;

use super::lines::{Failure, Foot, Line};
use crate::{
    format::tenths_ms,
    icons::icon,
    live::{
        actions::{self, SEND},
        store::Store,
    },
    panels::trace::{telling_bar, trace},
    timeline::Turn,
};

/// The line.
pub(super) fn row(store: Store, line: Line) -> impl IntoView {
    let Line { class, who, text, foot, failure, .. } = line;
    let content = text.clone();
    let bubble = who.map(|who| {
        let text = text.clone();
        view! {
            <span class="who">{who}</span>
            <div class="bubble">
                <p>{text}</p>
            </div>
        }
    });
    let note = who.is_none().then_some(text);
    view! {
        <li class=class>
            {bubble} {note} {foot.map(|foot| foot_view(store, foot))}
            {failure.map(|failure| failure_view(store, failure, content))}
        </li>
    }
}

fn foot_view(store: Store, foot: Foot) -> impl IntoView {
    let left = foot.due_at.map(|due_at| {
        view! { <b class="tnum">{move || tenths_ms(due_at.saturating_sub(store.clock.get()))}</b> }
    });
    view! {
        <div class="msg-foot">
            {foot.turn.map(|turn| traced(store, &turn))} <span class=foot.class>{foot.words} {left}</span>
        </div>
    }
}

/// The trace of a turn, as a link to its telling bar in the timeline; before its first attempt it leads nowhere.
fn traced(store: Store, turn: &Turn) -> impl IntoView + use<> {
    let bar = telling_bar(turn);
    let href = bar.as_ref().map(|bar| format!("?bar={bar}#timeline"));
    let select = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        if let Some(bar) = &bar {
            store.select(bar);
        }
    };
    view! { <a href=href on:click=select>{trace(turn)}</a> }
}

fn failure_view(store: Store, failure: Failure, content: String) -> impl IntoView {
    let Failure { title, text, turn, again, sent_again_in } = failure;
    let attempt = turn.as_ref().and_then(|turn| turn.attempts.iter().rfind(|a| a.failed())).map(|a| a.attempt);
    let where_to = turn.map(|turn| {
        let attempt = attempt.map(|attempt| format!("Attempt {attempt}"));
        view! { <span class="failure-trace">{traced(store, &turn)} {attempt}</span> }
    });
    let sent = sent_again_in.map(|n| view! { <span class="note">{format!("Sent again in turn {n}")}</span> });
    view! {
        <div class="failure">
            <p class="failure-t">{icon("#i-alert")} <b>{title}</b></p>
            <p class="failure-s">{text}</p>
            <div class="failure-a">{again.map(|id| send_again(store, id, content))} {sent} {where_to}</div>
        </div>
    }
}

/// Sends the same message with the same id: if it was stored after all, its stored reply comes back.
fn send_again(store: Store, id: String, content: String) -> impl IntoView {
    let (fields_id, fields_content) = (id.clone(), content.clone());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        actions::send(store, content.clone(), id.clone());
    };
    view! {
        <form action=SEND method="post" on:submit=submit>
            <input type="hidden" name="actor" value=store.actor_id() />
            <input type="hidden" name="message_id" value=fields_id />
            <input type="hidden" name="content" value=fields_content />
            <button class="btn primary" type="submit">{icon("#i-replay")} "Send again"</button>
        </form>
    }
}
