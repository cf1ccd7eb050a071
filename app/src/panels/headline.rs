//! What happens now, in words that the last row of a room can read, and where the lesson is. Only on a page that is laid
//! out for a room.

use leptos::prelude::*;

use crate::{
    format::tenths_ms,
    icons::icon,
    lesson::steps,
    live::store::Store,
    panels::chat::words,
    timeline::{Method, Outcome, Turn},
};

/// The line.
#[component]
pub fn Headline() -> impl IntoView {
    let store = expect_context::<Store>();
    let told = Memo::new(move |_| {
        let last = |turns: &Vec<Turn>| turns.iter().rfind(|turn| turn.method == Method::ProcessMessage).cloned();
        let turn = store.turns.with(last)?;
        Some(match &turn.outcome {
            Outcome::Queued | Outcome::Running => {
                let foot = words::pending(&turn, None);
                let failed = turn.attempts.last().is_some_and(|a| a.failed()) && turn.held().is_none();
                let mark = if failed { "fail-t" } else { "run-t" };
                (mark, foot.words, foot.due_at)
            }
            Outcome::Completed { took_us, repeated } => {
                ("ok-t", words::answered(&turn, *took_us, *repeated).words, None)
            }
            Outcome::Failed { error, .. } => ("fail-t", words::failure(Some(&turn), error).0, None),
        })
    });
    let said = move || {
        let Some((mark, words, due_at)) = told.get() else { return ("", "Nothing has happened yet.".to_owned(), None) };
        (mark, words, due_at)
    };
    let line = move || {
        let (mark, words, due_at) = said();
        let symbol = match mark {
            "ok-t" => "#i-check",
            "fail-t" => "#i-cross",
            _ => "#i-dot",
        };
        let left = due_at.map(|due_at| {
            view! { <b class="wait-t tnum">{move || tenths_ms(due_at.saturating_sub(store.clock.get()))}</b> }
        });
        view! { <span class=mark>{icon(symbol)}</span> <span class="p-words">{words} {left}</span> }
    };
    let step = move || {
        let number = store.opened.get().max(1);
        let step = steps::step(number)?;
        let progress = store.check(number).progress;
        Some(view! { <span class="p-step"><b>{format!("{number}  {}", step.title)}</b> " " {progress}</span> })
    };
    move || store.present.get().then(|| view! { <p class="p-say">{line} {step}</p> })
}
