//! The dashes of a turn that waits for the actor: one turn of an actor at a time.

use leptos::prelude::*;

use super::{bar::Tip, context::AxisClock, scale::Percent, window::Queue};
use crate::format::tenths_ms;

/// The dashes.
#[component]
pub(super) fn QueueBar(
    /// The number of the turn.
    turn: u64,
    /// Where and how long it waits.
    queue: Queue,
    /// The axis' clock.
    clock: AxisClock,
) -> impl IntoView {
    let Queue { x, to, from, until, named } = queue;
    let known = move || to.or_else(|| clock.x.get()).unwrap_or(x).max(x).to_string();
    let rest = to.is_none().then(|| view! { <line class="q-rest" x1=known x2="100%" y1="38" y2="38"></line> });
    let waited = move || tenths_ms(until.unwrap_or_else(|| clock.time.get()).saturating_sub(from));
    let name = named.then(|| {
        view! {
            <text class="op" x=x.to_string() y="16">
                {move || format!("queued {}", waited())}
            </text>
        }
    });
    let width = Percent(to.map_or(10_000, |to| to.0) - x.0).to_string();
    let lines = vec!["Queued".to_owned(), "One turn of an actor at a time".to_owned()];
    view! {
        <g class="bar queue" role="img" aria-label=format!("Turn {turn}, queued")>
            <rect class="hit" x=x.to_string() y="24" width=width height="28"></rect>
            <line class="q" x1=x.to_string() x2=known y1="38" y2="38"></line>
            {rest}
            <svg x=x.to_string() y="38">
                <path class="q-start" d="M0-7v14"></path>
            </svg>
            {name}
            <Tip x lines />
        </g>
    }
}
