//! The axis above the rows, and what it lays under and over them: the dotted future, the grid, the folds, *now*. For each
//! `now` is the server's clock, in milliseconds since the Unix epoch.

use maud::{Markup, html};

use super::{scale::Percent, window::Drawing};

/// The dots of the future: from *now* on, or everywhere in a lab that has not begun.
fn future(drawing: &Drawing, now: u64) -> Markup {
    let begins = (drawing.begins.is_none() && drawing.next.is_some()).then_some(Percent(0));
    html! {
        @if let Some(x) = begins.or_else(|| drawing.now(now)) {
            rect.future x=(x) width=(Percent(10_000 - x.0)) height="100%" fill="url(#future)" {}
        }
    }
}

fn upright(class: &str, x: Percent, y1: &str, y2: &str) -> Markup {
    html! { line class=(class) x1=(x) x2=(x) y1=(y1) y2=(y2) {} }
}

fn fold(x: Percent, w: Percent) -> Markup {
    html! { rect.idle x=(x) width=(w) height="100%" {} }
}

/// The axis.
pub(super) fn axis(drawing: &Drawing, now: u64, utc_offset_min: i32) -> Markup {
    html! {
        svg.axis height="28" aria-hidden="true" {
            (future(drawing, now))
            @for &(x, w) in &drawing.marks.verniers {
                rect.vern x=(x) y="20" width=(w) height="8" fill="url(#vernier)" {}
                line.vern-l x1=(x) x2=(Percent(x.0 + w.0)) y1="20" y2="20" {}
            }
            @for &(x, main) in &drawing.marks.ticks {
                (if main { upright("t1", x, "19", "28") } else { upright("t0", x, "23", "28") })
            }
            @for &(x, w) in &drawing.marks.folds { (fold(x, w)) }
            @for &(x, kind) in &drawing.marks.labels {
                text class=(kind.class()) x=(x) y="15" { (kind.text(utc_offset_min)) }
            }
            @if let Some(x) = drawing.now(now) {
                (upright("now", x, "20", "28"))
                svg.now-tag x=(x) y="3" {
                    rect x="-17" width="34" height="17" rx="3" {}
                    text y="12.5" { "now" }
                }
            }
        }
    }
}

/// What lies under the rows.
pub(super) fn under(drawing: &Drawing, now: u64) -> Markup {
    html! {
        svg.plot.under aria-hidden="true" {
            (future(drawing, now))
            @for &(x, main) in &drawing.marks.ticks { @if main { (upright("g1", x, "0", "100%")) } }
            @for &(x, w) in &drawing.marks.folds {
                (fold(x, w))
                (upright("idle-e", x, "0", "100%"))
                (upright("idle-e", Percent(x.0 + w.0), "0", "100%"))
            }
        }
    }
}

/// What lies over the rows.
pub(super) fn over(drawing: &Drawing, now: u64) -> Markup {
    html! { svg.plot.over aria-hidden="true" { @if let Some(x) = drawing.now(now) { (upright("now", x, "0", "100%")) } } }
}
