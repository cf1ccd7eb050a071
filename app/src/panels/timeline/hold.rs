//! The bar of an attempt that is held before it begins: not to scale, since it lasts as long as a person likes.

use leptos::{either::Either, prelude::*};

use super::{Lab, bar::tip, scale::Percent, wait, words};
use crate::{format::clock_ms, timeline::Hold};

/// Its width while it lasts, in pixels: room for the countdown.
pub(super) const LIVE: f64 = 74.0;
/// Its width afterwards.
pub(super) const OVER: f64 = 24.0;

/// The hold of an attempt of `turn`.
pub(super) fn hold(lab: Lab, turn: u64, x: Percent, w: Percent, hold: &Hold) -> impl IntoView + use<> {
    let (left, width) = (x.to_string(), w.to_string());
    let (face, name, mark) = match hold.released {
        Some(_) => (Either::Left(wait::gone(left.clone(), width.clone())), None, Some("#i-pause")),
        None => (Either::Right(wait::running(lab, x, w, hold.due_at)), Some("held"), None),
    };
    let end = match hold.released {
        Some((at, by)) => words::released(hold.from, at, by),
        None => format!("goes by itself at {}", clock_ms(hold.due_at, lab.utc_offset_min)),
    };
    let title = format!("Held before attempt {}", hold.attempt);
    let label =
        format!("Turn {turn}, {} attempt {} of {}, held: {end}", hold.operation.as_str(), hold.attempt, hold.max);
    let lines = vec![title, end, "The turn is held meanwhile".to_owned()];
    view! {
        <g class="bar held" role="img" aria-label=label>
            <rect class="hit" x=left.clone() y="24" width=width height="28"></rect>
            {face}
            <svg x=left.clone() y="0">
                <path class="post" d="M0 22v32"></path>
                {mark.map(|mark| view! { <use_ class="mark" href=mark x="6" y="32" width="12" height="12"></use_> })}
            </svg>
            {name.map(|name| view! { <text class="op" x=left dx="6" y="16">{name}</text> })}
            {tip(x, lines)}
        </g>
    }
}
