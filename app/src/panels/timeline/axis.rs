//! The axis above the rows, and what it lays under and over them: the dotted future, the grid, the folds, *now*.

use leptos::prelude::*;

use super::{context::AxisClock, marks::Marks, scale::Percent, window::Drawing};

/// The axis.
#[component]
pub(super) fn Axis(
    /// What stands on it.
    drawing: Memo<Drawing>,
    /// Its clock.
    clock: AxisClock,
    /// The server's offset from UTC, in minutes.
    utc_offset_min: i32,
) -> impl IntoView {
    let marks = Memo::new(move |_| drawing.with(|drawing| drawing.marks.clone()));
    let now = move |x: Percent| {
        view! {
            {upright("now", x, "20", "28")}
            <svg class="now-tag" x=x.to_string() y="3">
                <rect x="-17" width="34" height="17" rx="3"></rect>
                <text y="12.5">"now"</text>
            </svg>
        }
    };
    view! {
        <svg class="axis" height="28" aria-hidden="true">
            <Future drawing clock />
            {move || marks.with(|marks| axis_marks(marks, utc_offset_min))}
            {move || clock.x.get().map(now)}
        </svg>
    }
}

/// Verniers, ticks, folds and labels.
fn axis_marks(marks: &Marks, utc_offset_min: i32) -> impl IntoView + use<> {
    let verniers = marks.verniers.iter().map(|&(x, w)| {
        view! {
            <rect class="vern" x=x.to_string() y="20" width=w.to_string() height="8" fill="url(#vernier)"></rect>
            <line class="vern-l" x1=x.to_string() x2=Percent(x.0 + w.0).to_string() y1="20" y2="20"></line>
        }
    });
    let ticks = marks.ticks.iter().map(|&(x, main)| {
        let (class, y1) = if main { ("t1", "19") } else { ("t0", "23") };
        upright(class, x, y1, "28")
    });
    let folds = marks.folds.iter().map(|&(x, w)| fold(x, w));
    let labels = marks.labels.iter().map(|&(x, kind)| {
        view! {
            <text class=kind.class() x=x.to_string() y="15">
                {kind.text(utc_offset_min)}
            </text>
        }
    });
    view! {
        {verniers.collect::<Vec<_>>()}
        {ticks.collect::<Vec<_>>()}
        {folds.collect::<Vec<_>>()}
        {labels.collect::<Vec<_>>()}
    }
}

/// What lies under the rows.
#[component]
pub(super) fn Under(
    /// What stands on the axis.
    drawing: Memo<Drawing>,
    /// Its clock.
    clock: AxisClock,
) -> impl IntoView {
    let marks = Memo::new(move |_| drawing.with(|drawing| drawing.marks.clone()));
    let grid = |marks: &Marks| {
        let main = marks.ticks.iter().filter(|(_, main)| *main);
        let lines: Vec<_> = main.map(|&(x, _)| upright("g1", x, "0", "100%")).collect();
        let folds = marks.folds.iter().map(|&(x, w)| {
            let edge = |x| upright("idle-e", x, "0", "100%");
            (fold(x, w), edge(x), edge(Percent(x.0 + w.0)))
        });
        (lines, folds.collect::<Vec<_>>())
    };
    view! {
        <svg class="plot under" aria-hidden="true">
            <Future drawing clock />
            {move || marks.with(grid)}
        </svg>
    }
}

/// What lies over the rows.
#[component]
pub(super) fn Over(
    /// The axis' clock.
    clock: AxisClock,
) -> impl IntoView {
    view! {
        <svg class="plot over" aria-hidden="true">
            {move || clock.x.get().map(|x| upright("now", x, "0", "100%"))}
        </svg>
    }
}

/// The dots of the future: from *now* on, or everywhere in a lab that has not begun.
#[component]
fn Future(drawing: Memo<Drawing>, clock: AxisClock) -> impl IntoView {
    let is_all = Memo::new(move |_| drawing.with(|drawing| drawing.begins.is_none() && drawing.next.is_some()));
    let from = move || if is_all.get() { Some(Percent(0)) } else { clock.x.get() };
    move || {
        from().map(|x| {
            let width = Percent(10_000 - x.0).to_string();
            view! { <rect class="future" x=x.to_string() width=width height="100%" fill="url(#future)"></rect> }
        })
    }
}

fn upright(class: &'static str, x: Percent, y1: &'static str, y2: &'static str) -> impl IntoView {
    view! { <line class=class x1=x.to_string() x2=x.to_string() y1=y1 y2=y2></line> }
}

fn fold(x: Percent, w: Percent) -> impl IntoView {
    view! { <rect class="idle" x=x.to_string() width=w.to_string() height="100%"></rect> }
}
