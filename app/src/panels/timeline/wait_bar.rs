//! The bar of a wait: what is gone is hatched, what is left is dashed and counts down.

use leptos::{either::Either, prelude::*};

use super::{
    bar::{SelectingBar, Tip},
    context::AxisClock,
    scale::Percent,
    words,
};
use crate::format::{clock_ms, tenths_ms};
use model::timeline::{BarId, Wait};

/// The room that the countdown needs, of a plot of 824 pixels.
const FIGURE: i32 = 540;

/// The bar of a wait.
#[component]
pub(super) fn WaitBar(
    /// The number of its turn.
    turn: u64,
    /// The wait.
    wait: Wait,
    /// Its place in its row.
    nth: usize,
    /// Its left edge.
    x: Percent,
    /// Its width.
    w: Percent,
    /// Whether it is the one that the detail shows.
    selected: bool,
    /// Whether it is the one that a key leads to.
    leads: bool,
    /// The axis' clock.
    clock: AxisClock,
    /// The server's offset from UTC, in minutes.
    utc_offset_min: i32,
) -> impl IntoView {
    let text = words::wait_text(wait.delay_ms);
    let label = format!("{text} before attempt {}, turn {turn}", wait.attempt);
    let due = format!("due {}", clock_ms(wait.due_at, utc_offset_min));
    let lines = vec![format!("Wait before attempt {}", wait.attempt), due, "The turn is held meanwhile".to_owned()];
    let due_at = (!wait.over).then_some(wait.due_at);
    view! {
        <SelectingBar bar=BarId::of_wait(turn, &wait) kind="wait" nth label selected leads>
            <rect class="hit" x=x.to_string() y="24" width=w.to_string() height="28"></rect>
            <Span x w due_at clock />
            <text class="op" x=x.to_string() dx="6" y="16">
                {text}
            </text>
            <Tip x lines />
        </SelectingBar>
    }
}

/// The time between two attempts: hatched once it is gone, with a countdown before.
#[component]
pub(super) fn Span(
    /// Its left edge.
    x: Percent,
    /// Its width.
    w: Percent,
    /// When it ends, in milliseconds since the Unix epoch, if it still lasts.
    due_at: Option<u64>,
    /// The axis' clock.
    clock: AxisClock,
) -> impl IntoView {
    match due_at {
        Some(due_at) => Either::Left(view! { <Remaining x w due_at clock /> }),
        None => Either::Right(view! {
            <rect
                class="gone thin"
                x=x.to_string()
                y="29"
                width=w.to_string()
                height="18"
                rx="3"
                fill="url(#hatch-wait)"
            ></rect>
        }),
    }
}

/// A time that still lasts, with its countdown.
#[component]
fn Remaining(x: Percent, w: Percent, due_at: u64, clock: AxisClock) -> impl IntoView {
    let elapsed = move || clock.x.get().map_or(w.0, |now| now.0 - x.0).clamp(0, w.0);
    let figure = move || {
        let elapsed = elapsed();
        let left = w.0 - elapsed;
        let middle = if left > FIGURE { elapsed + left / 2 } else { w.0 - FIGURE / 2 };
        Percent(x.0 + middle.max(w.0 / 2)).to_string()
    };
    view! {
        <rect class="rest thin" x=x.to_string() y="29" width=w.to_string() height="18" rx="3"></rect>
        <rect
            class="gone thin"
            x=x.to_string()
            y="29"
            width=move || Percent(elapsed()).to_string()
            height="18"
            rx="3"
            fill="url(#hatch-live)"
        ></rect>
        <text class="count" x=figure y="42.5">
            {move || tenths_ms(due_at.saturating_sub(clock.time.get()))}
        </text>
    }
}
