//! What happens now, in words that the last row of a room can read, and where the lesson is. Only on a page that is laid
//! out for a room.

use leptos::prelude::*;
use maud::{Markup, html};

use crate::markup::drawn;
use crate::{format::tenths_ms, icons::symbol, live::store::Store, markup::keep, panels::chat::words};
use model::{
    lesson::steps,
    operation::Method,
    timeline::{Outcome, Turn},
};

/// The line.
#[component]
pub fn Headline() -> impl IntoView {
    let store = expect_context::<Store>();
    drawn(|| line(store))
}

/// Keeps it.
pub(super) fn start(store: Store) {
    keep(".p-say", move || line(store));
}

fn line(store: Store) -> Markup {
    html! { p.p-say { @if store.present.get() { (now(store)) " " (step(store)) } } }
}

/// What happens, with what is left of a wait.
fn now(store: Store) -> Markup {
    let (mark, words, due_at) = store.turns.with(|turns| {
        let mut messages = turns.iter().filter(|turn| turn.method == Method::ProcessMessage);
        // What happens is told of the turn that holds the actor, not of those that queue behind it.
        let at = messages.clone().find(|turn| turn.outcome == Outcome::Running).or_else(|| messages.next_back());
        at.map_or_else(|| ("", "Nothing has happened yet.".to_owned(), None), told)
    });
    let shape = match mark {
        "ok-t" => "#i-check",
        "fail-t" => "#i-cross",
        _ => "#i-dot",
    };
    html! {
        span class=(mark) { (symbol(shape)) } " "
        span.p-words {
            @match words.split_once(". ") {
                Some((past, ahead)) => { (past) ". " span { (ahead) } },
                None => (words),
            }
            @if let Some(due_at) = due_at {
                b.wait-t.tnum { (tenths_ms(due_at.saturating_sub(store.clock.get()))) }
            }
        }
    }
}

/// How a turn stands: the colour, the words, and the end of a wait.
fn told(turn: &Turn) -> (&'static str, String, Option<u64>) {
    match &turn.outcome {
        Outcome::Queued | Outcome::Running => {
            let foot = words::pending(turn, None);
            let failed = turn.attempts.last().is_some_and(|a| a.failed()) && turn.held().is_none();
            (if failed { "fail-t" } else { "run-t" }, foot.words, foot.due_at)
        }
        Outcome::Completed { took_us, repeated } => ("ok-t", words::answered(turn, *took_us, *repeated).words, None),
        Outcome::Failed { error, .. } => ("fail-t", words::failure(Some(turn), error).0, None),
    }
}

/// Where the lesson is.
fn step(store: Store) -> Markup {
    let number = store.opened.get().max(1);
    html! {
        @if let Some(step) = steps::step(number) {
            span.p-step { b { (number) "  " (step.title) } " " (store.check(number).progress) }
        }
    }
}
