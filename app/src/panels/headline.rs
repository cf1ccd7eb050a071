//! What happens now, in words that the last row of a room can read, and where the lesson is. Only on a page that is laid
//! out for a room.

use leptos::prelude::*;

use crate::{
    components::{Countdown, Icon},
    panels::chat::words,
    state::{lab::LabState, lesson::LessonState, timeline::TimelineState, view::ViewState},
};
use model::{
    lesson::steps,
    operation::Method,
    timeline::{Outcome, Turn},
};

/// The line.
#[component]
pub fn Headline() -> impl IntoView {
    let view = expect_context::<ViewState>();
    view! {
        <p class="p-say">
            {move || {
                view.present.get().then(|| view! {
                    <CurrentTurn />
                    " "
                    <LessonStep />
                })
            }}
        </p>
    }
}

/// What happens, with what is left of a wait.
#[component]
fn CurrentTurn() -> impl IntoView {
    let timeline = expect_context::<TimelineState>();
    let status = Memo::new(move |_| timeline.turns.with(|turns| current_status(turns)));
    move || {
        let Status { class, words, due_at } = status.get();
        let mark = match class {
            "ok-t" => "#i-check",
            "fail-t" => "#i-cross",
            _ => "#i-dot",
        };
        let (past, ahead) = match words.split_once(". ") {
            Some((past, ahead)) => (format!("{past}. "), Some(view! { <span>{ahead.to_owned()}</span> })),
            None => (words, None),
        };
        view! {
            <span class=class>
                <Icon href=mark />
            </span>
            " "
            <span class="p-words">
                {past} {ahead} {due_at.map(|due_at| view! { <Countdown due_at class="wait-t tnum" /> })}
            </span>
        }
    }
}

/// Where the lesson is.
#[component]
fn LessonStep() -> impl IntoView {
    let lesson = expect_context::<LessonState>();
    let lab = expect_context::<LabState>();
    let number = move || lesson.open_check.get().max(1);
    move || {
        steps::step(number()).map(|step| {
            view! {
                <span class="p-step">
                    <b>{format!("{}  {}", number(), step.title)}</b>
                    " "
                    {lab.check(number()).progress.to_string()}
                </span>
            }
        })
    }
}

/// How a turn stands.
#[derive(Clone, Debug, PartialEq)]
struct Status {
    /// The colour, as a class.
    class: &'static str,
    /// The words.
    words: String,
    /// The end of a wait that they count down to, in milliseconds since the Unix epoch.
    due_at: Option<u64>,
}

/// Of the turn that holds the actor, not of those that queue behind it; else of the last.
fn current_status(turns: &[Turn]) -> Status {
    let mut messages = turns.iter().filter(|turn| turn.method == Method::ProcessMessage);
    let running = messages.clone().find(|turn| turn.outcome == Outcome::Running);
    running
        .or_else(|| messages.next_back())
        .map_or_else(|| Status { class: "", words: "Nothing has happened yet.".to_owned(), due_at: None }, status)
}

fn status(turn: &Turn) -> Status {
    let ended = |class, words| Status { class, words, due_at: None };
    match &turn.outcome {
        Outcome::Queued | Outcome::Running => {
            let foot = words::pending(turn, None);
            let failed = turn.attempts.last().is_some_and(|a| a.failed()) && turn.held().is_none();
            Status { class: if failed { "fail-t" } else { "run-t" }, words: foot.words, due_at: foot.due_at }
        }
        Outcome::Completed { took_us, repeated } => ended("ok-t", words::answered(turn, *took_us, *repeated).words),
        Outcome::Failed { error, .. } => ended("fail-t", words::failure(Some(turn), error).0),
    }
}
