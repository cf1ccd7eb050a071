//! The dashes of a turn that waits for the actor: one turn of an actor at a time.

use leptos::prelude::*;

use super::{Lab, bar::tip, scale::Percent};
use crate::format::tenths_ms;

/// What a queue's drawing needs to know.
pub(super) struct Queue {
    /// Where it begins.
    pub(super) x: Percent,
    /// Where the turn starts; without, it still waits and the dashes go to the right edge.
    pub(super) to: Option<Percent>,
    /// When the turn was asked for, in milliseconds since the Unix epoch.
    pub(super) from: u64,
    /// When it started.
    pub(super) until: Option<u64>,
    /// Whether there is room for words.
    pub(super) named: bool,
}

/// Draws the queue of `turn`.
pub(super) fn queue(lab: Lab, turn: u64, queue: &Queue) -> impl IntoView + use<> {
    let Queue { x, to, from, until, named } = *queue;
    let known = move || {
        let now = lab.now.get();
        let now = lab.drawing.with(|drawing| drawing.now(now)).unwrap_or(x);
        to.unwrap_or(now).max(x).to_string()
    };
    let rest = to.is_none().then(|| view! { <line class="q-rest" x1=known x2="100%" y1="38" y2="38"></line> });
    let time = move || tenths_ms(until.unwrap_or_else(|| lab.now.get()).saturating_sub(from));
    let text = named.then(|| view! { <text class="op" x=x.to_string() y="16">"queued " {time}</text> });
    let told = vec!["Queued".to_owned(), "One turn of an actor at a time".to_owned()];
    view! {
        <g class="bar queue" role="img" aria-label=format!("Turn {turn}, queued")>
            <rect class="hit" x=x.to_string() y="24" width=Percent(to.map_or(10_000, |to| to.0) - x.0).to_string() height="28"></rect>
            <line class="q" x1=x.to_string() x2=known y1="38" y2="38"></line>
            {rest}
            <svg x=x.to_string() y="38">
                <path class="q-start" d="M0-7v14"></path>
            </svg>
            {text}
            {tip(x, told)}
        </g>
    }
}
