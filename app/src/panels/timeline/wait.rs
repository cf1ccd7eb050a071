//! The bar of a wait: what is gone is hatched, what is left is dashed and counts down.

use maud::{Markup, html};

use super::{
    Lab,
    bar::{selecting, tip},
    bar_id::BarId,
    scale::Percent,
    words,
};
use crate::format::{clock_ms, tenths_ms};
use model::timeline::Wait;

/// The room that the countdown needs, of a plot of 824 pixels.
const FIGURE: i32 = 540;

/// The bar of a wait of `turn`.
pub(super) fn wait(lab: Lab<'_>, turn: u64, nth: usize, x: Percent, w: Percent, wait: &Wait) -> Markup {
    let text = words::wait_text(wait.delay_ms);
    let label = format!("{text} before attempt {}, turn {turn}", wait.attempt);
    let due = format!("due {}", clock_ms(wait.due_at, lab.utc_offset_min));
    let told = [format!("Wait before attempt {}", wait.attempt), due, "The turn is held meanwhile".to_owned()];
    let children = html! {
        rect.hit x=(x) y="24" width=(w) height="28" {}
        @if wait.over { (gone(x, w)) } @else { (running(lab, x, w, wait.due_at)) }
        text.op x=(x) dx="6" y="16" { (text) }
        (tip(x, &told))
    };
    selecting(lab, BarId::of_wait(turn, wait), "wait", nth, &label, &children)
}

/// What is gone of a wait, hatched.
pub(super) fn gone(x: Percent, w: Percent) -> Markup {
    html! { rect.gone.thin x=(x) y="29" width=(w) height="18" rx="3" fill="url(#hatch-wait)" {} }
}

/// A wait that lasts until `due_at`, with its countdown.
pub(super) fn running(lab: Lab<'_>, x: Percent, w: Percent, due_at: u64) -> Markup {
    let now = (lab.now)();
    let at = lab.drawing.now(now).map_or(w.0, |now| now.0 - x.0);
    let elapsed = at.clamp(0, w.0);
    let left = w.0 - elapsed;
    let middle = if left > FIGURE { elapsed + left / 2 } else { w.0 - FIGURE / 2 };
    let figure = Percent(x.0 + middle.max(w.0 / 2));
    html! {
        rect.rest.thin x=(x) y="29" width=(w) height="18" rx="3" {}
        rect.gone.thin x=(x) y="29" width=(Percent(elapsed)) height="18" rx="3" fill="url(#hatch-live)" {}
        text.count x=(figure) y="42.5" { (tenths_ms(due_at.saturating_sub(now))) }
    }
}
