//! The axis above the rows, and what it lays under and over them: the dotted future, the grid, the folds, *now*.

use leptos::prelude::*;
use maud::{Markup, html};

use super::{Lab, scale::Percent};
use crate::markup::follow;

/// The dots of the future: from *now* on, or everywhere in a lab that has not begun.
fn future(lab: Lab) -> Markup {
    let begins = lab.drawing.with(|drawing| (drawing.begins.is_none() && drawing.next.is_some()).then_some(Percent(0)));
    html! {
        @if let Some(x) = begins.or_else(|| lab.now_place()) {
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
pub(super) fn axis(lab: Lab) -> impl IntoView {
    let markup = Memo::new(move |_| marked(lab).into_string());
    view! {
        <div class="tl-axis">
            <span class="tl-axis-l">"turn"</span>
            <svg
                class="axis"
                height="28"
                aria-hidden="true"
                inner_html=markup.get_untracked()
                use:follow=markup
            ></svg>
        </div>
    }
}

fn marked(lab: Lab) -> Markup {
    let now = lab.now_place();
    lab.drawing.with(|drawing| {
        html! {
            (future(lab))
            @for &(x, w) in &drawing.marks.verniers {
                rect.vern x=(x) y="20" width=(w) height="8" fill="url(#vernier)" {}
                line.vern-l x1=(x) x2=(Percent(x.0 + w.0)) y1="20" y2="20" {}
            }
            @for &(x, main) in &drawing.marks.ticks {
                (if main { upright("t1", x, "19", "28") } else { upright("t0", x, "23", "28") })
            }
            @for &(x, w) in &drawing.marks.folds { (fold(x, w)) }
            @for &(x, kind) in &drawing.marks.labels {
                text class=(kind.class()) x=(x) y="15" { (kind.text(lab.utc_offset_min)) }
            }
            @if let Some(x) = now {
                (upright("now", x, "20", "28"))
                svg.now-tag x=(x) y="3" {
                    rect x="-17" width="34" height="17" rx="3" {}
                    text y="12.5" { "now" }
                }
            }
        }
    })
}

/// What lies under the rows.
pub(super) fn under(lab: Lab) -> impl IntoView {
    let markup = Memo::new(move |_| {
        lab.drawing.with(|drawing| {
            html! {
                (future(lab))
                @for &(x, main) in &drawing.marks.ticks { @if main { (upright("g1", x, "0", "100%")) } }
                @for &(x, w) in &drawing.marks.folds {
                    (fold(x, w))
                    (upright("idle-e", x, "0", "100%"))
                    (upright("idle-e", Percent(x.0 + w.0), "0", "100%"))
                }
            }
            .into_string()
        })
    });
    view! { <svg class="plot under" aria-hidden="true" inner_html=markup.get_untracked() use:follow=markup></svg> }
}

/// What lies over the rows.
pub(super) fn over(lab: Lab) -> impl IntoView {
    let markup = Memo::new(move |_| {
        html! { @if let Some(x) = lab.now_place() { (upright("now", x, "0", "100%")) } }.into_string()
    });
    view! { <svg class="plot over" aria-hidden="true" inner_html=markup.get_untracked() use:follow=markup></svg> }
}
