//! One line of the conversation, drawn.

use leptos::prelude::*;
use maud::{Markup, html};

use super::lines::{Failure, Foot, Line};
use crate::{
    format::tenths_ms,
    icons::symbol,
    live::store::Store,
    panels::{
        deeds::send_again,
        timeline::BarId,
        trace::{telling_bar, trace},
    },
};
use model::timeline::Turn;

/// The line.
pub(super) fn row(store: Store, line: &Line<'_>) -> Markup {
    html! {
        @match line.who {
            Some(who) => {
                span.who { (who) }
                div.bubble { p { (line.text) } }
            }
            None => (line.text),
        }
        @if let Some(foot) = &line.foot { (self::foot(store, foot)) }
        @if let Some(failure) = &line.failure { (self::failure(store, failure, &line.text)) }
    }
}

fn foot(store: Store, foot: &Foot<'_>) -> Markup {
    html! {
        div.msg-foot {
            @if let Some(turn) = foot.turn { (traced(turn)) } " "
            span class=(foot.class) {
                (foot.words)
                @if let Some(due_at) = foot.due_at {
                    " " b.tnum { (tenths_ms(due_at.saturating_sub(store.clock.get()))) }
                }
            }
        }
    }
}

/// The trace of a turn, as a link to its telling bar in the timeline; before its first attempt it leads nowhere.
fn traced(turn: &Turn) -> Markup {
    html! { a href=[telling_bar(turn).map(BarId::href)] { (trace(turn)) } }
}

fn failure(store: Store, failure: &Failure<'_>, content: &str) -> Markup {
    let Failure { title, text, turn, again, sent_again_in } = failure;
    let attempt = turn.as_ref().and_then(|turn| turn.attempts.iter().rfind(|a| a.failed())).map(|a| a.attempt);
    html! {
        div.failure {
            p.failure-t { (symbol("#i-alert")) " " b { (title) } }
            p.failure-s { (text) }
            div.failure-a {
                @if let Some(id) = again { (send_again(store, content, id, "btn primary")) }
                @if let Some(n) = sent_again_in { span.note { "Sent again in turn " (n) } }
                @if let Some(turn) = turn {
                    span.failure-trace { (traced(turn)) @if let Some(n) = attempt { " Attempt " (n) } }
                }
            }
        }
    }
}
