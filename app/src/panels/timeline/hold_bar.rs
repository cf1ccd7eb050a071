//! The bar of an attempt that is held before it begins: not to scale, since it lasts as long as a person likes.

use leptos::prelude::*;

use super::{bar::Tip, context::AxisClock, scale::Percent, wait_bar::Span, words};
use crate::format::clock_ms;
use model::timeline::Hold;

/// The bar of a hold.
#[component]
pub(super) fn HoldBar(
    /// The number of its turn.
    turn: u64,
    /// The hold.
    hold: Hold,
    /// Its left edge.
    x: Percent,
    /// Its width.
    w: Percent,
    /// The axis' clock.
    clock: AxisClock,
    /// The server's offset from UTC, in minutes.
    utc_offset_min: i32,
) -> impl IntoView {
    let end = match hold.released {
        Some((at, by)) => words::released(hold.from, at, by),
        None => format!("goes by itself at {}", clock_ms(hold.due_at, utc_offset_min)),
    };
    let (operation, attempt, max) = (hold.operation.as_str(), hold.attempt, hold.max);
    let label = format!("Turn {turn}, {operation} attempt {attempt} of {max}, held: {end}");
    let lines = vec![format!("Held before attempt {attempt}"), end, "The turn is held meanwhile".to_owned()];
    let due_at = hold.released.is_none().then_some(hold.due_at);
    let pause = due_at
        .is_none()
        .then(|| view! { <use_ class="mark" href="#i-pause" x="6" y="32" width="12" height="12"></use_> });
    let name = due_at.map(|_| {
        view! {
            <text class="op" x=x.to_string() dx="6" y="16">
                "held"
            </text>
        }
    });
    view! {
        <g class="bar held" role="img" aria-label=label>
            <rect class="hit" x=x.to_string() y="24" width=w.to_string() height="28"></rect>
            <Span x w due_at clock />
            <svg x=x.to_string() y="0">
                <path class="post" d="M0 22v32"></path>
                {pause}
            </svg>
            {name}
            <Tip x lines />
        </g>
    }
}
