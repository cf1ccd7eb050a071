//! The bar of a wait: what is gone is hatched, what is left is dashed and counts down.

use leptos::{either::Either, prelude::*};

use super::{
    Lab,
    bar::{bar_class, selecting, tip},
    bar_id::BarId,
    scale::Percent,
    words,
};
use crate::{
    format::{clock_ms, tenths_ms},
    timeline::Wait,
};

/// The room that the countdown needs, of a plot of 824 pixels.
const FIGURE: i32 = 540;

/// The bar of a wait of `turn`.
pub(super) fn wait(lab: Lab, turn: u64, nth: usize, x: Percent, w: Percent, wait: &Wait) -> impl IntoView + use<> {
    let bar = BarId::of_wait(turn, wait);
    let (left, width) = (x.to_string(), w.to_string());
    let text = words::wait_text(wait.delay_ms);
    let label = format!("{text} before attempt {}, turn {turn}", wait.attempt);
    let face = if wait.over {
        Either::Left(gone(left.clone(), width.clone()))
    } else {
        Either::Right(running(lab, x, w, wait.due_at))
    };
    let due = format!("due {}", clock_ms(wait.due_at, lab.utc_offset_min));
    let lines = vec![format!("Wait before attempt {}", wait.attempt), due, "The turn is held meanwhile".to_owned()];
    let children = view! {
        <rect class="hit" x=left.clone() y="24" width=width height="28"></rect>
        {face}
        <text class="op" x=left dx="6" y="16">{text}</text>
        {tip(x, lines)}
    };
    selecting(lab, bar, bar_class(lab, bar, "wait", nth), label, children)
}

/// What is gone of a wait, hatched.
pub(super) fn gone(x: String, w: String) -> impl IntoView {
    view! { <rect class="gone" x=x y="29" width=w height="18" rx="3" fill="url(#hatch-wait)"></rect> }
}

/// A wait that lasts until `due_at`, with its countdown.
pub(super) fn running(lab: Lab, x: Percent, w: Percent, due_at: u64) -> impl IntoView {
    let elapsed = Memo::new(move |_| {
        let now = lab.now.get();
        let at = lab.drawing.with(|drawing| drawing.now(now)).map_or(w.0, |now| now.0 - x.0);
        at.clamp(0, w.0)
    });
    let figure = move || {
        let left = w.0 - elapsed.get();
        let middle = if left > FIGURE { elapsed.get() + left / 2 } else { w.0 - FIGURE / 2 };
        Percent(x.0 + middle.max(w.0 / 2)).to_string()
    };
    let left = move || tenths_ms(due_at.saturating_sub(lab.now.get()));
    view! {
        <rect class="rest" x=x.to_string() y="29" width=w.to_string() height="18" rx="3"></rect>
        <rect
            class="gone"
            x=x.to_string()
            y="29"
            width=move || Percent(elapsed.get()).to_string()
            height="18"
            rx="3"
            fill="url(#hatch-live)"
        ></rect>
        <text class="count" x=figure y="42.5">{left}</text>
    }
}
