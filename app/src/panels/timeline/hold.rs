//! The bar of an attempt that is held before it begins: not to scale, since it lasts as long as a person likes.

use maud::{Markup, html};

use super::{Lab, bar::tip, scale::Percent, wait, words};
use crate::format::clock_ms;
use model::timeline::Hold;

/// Its width while it lasts, in pixels: room for the countdown.
pub(super) const LIVE: f64 = 74.0;
/// Its width afterwards.
pub(super) const OVER: f64 = 24.0;

/// The hold of an attempt of `turn`.
pub(super) fn hold(lab: Lab<'_>, turn: u64, x: Percent, w: Percent, hold: &Hold) -> Markup {
    let end = match hold.released {
        Some((at, by)) => words::released(hold.from, at, by),
        None => format!("goes by itself at {}", clock_ms(hold.due_at, lab.utc_offset_min)),
    };
    let (operation, attempt, max) = (hold.operation.as_str(), hold.attempt, hold.max);
    let label = format!("Turn {turn}, {operation} attempt {attempt} of {max}, held: {end}");
    let told = [format!("Held before attempt {attempt}"), end, "The turn is held meanwhile".to_owned()];
    html! {
        g.bar.held role="img" aria-label=(label) {
            rect.hit x=(x) y="24" width=(w) height="28" {}
            @if hold.released.is_some() { (wait::gone(x, w)) } @else { (wait::running(lab, x, w, hold.due_at)) }
            svg x=(x) y="0" {
                path.post d="M0 22v32" {}
                @if hold.released.is_some() { use.mark href="#i-pause" x="6" y="32" width="12" height="12" {} }
            }
            @if hold.released.is_none() { text.op x=(x) dx="6" y="16" { "held" } }
            (tip(x, &told))
        }
    }
}
