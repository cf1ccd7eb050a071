//! The axis above the rows, and what it lays under and over them: the dotted future, the grid, the folds, *now*.

use leptos::prelude::*;

use super::{Lab, marks::Kind, scale::Percent};

/// Where the future begins: at *now*, or everywhere in a lab that has not begun.
fn future(lab: Lab) -> Memo<Option<Percent>> {
    Memo::new(move |_| {
        let now = lab.now.get();
        lab.drawing.with(|drawing| match drawing.begins {
            None if drawing.next.is_some() => Some(Percent(0)),
            _ => drawing.now(now),
        })
    })
}

fn dots(x: Percent) -> impl IntoView {
    let width = Percent(10_000 - x.0).to_string();
    view! { <rect class="future" x=x.to_string() width=width height="100%" fill="url(#future)"></rect> }
}

fn upright(class: &'static str, x: Percent, y1: &'static str, y2: &'static str) -> impl IntoView {
    view! { <line class=class x1=x.to_string() x2=x.to_string() y1=y1 y2=y2></line> }
}

fn fold(x: Percent, w: Percent) -> impl IntoView {
    view! { <rect class="idle" x=x.to_string() width=w.to_string() height="100%"></rect> }
}

/// The axis.
pub(super) fn axis(lab: Lab) -> impl IntoView {
    let marks = Memo::new(move |_| lab.drawing.with(|drawing| drawing.marks.clone()));
    let future = future(lab);
    let now = lab.now_place();
    let verniers = move || {
        let vernier = |(x, w): (Percent, Percent)| {
            let end = Percent(x.0 + w.0).to_string();
            view! {
                <rect class="vern" x=x.to_string() y="20" width=w.to_string() height="8" fill="url(#vernier)"></rect>
                <line class="vern-l" x1=x.to_string() x2=end y1="20" y2="20"></line>
            }
        };
        marks.with(|marks| marks.verniers.iter().copied().map(vernier).collect_view())
    };
    let ticks = move || {
        let tick = |(x, main): (Percent, bool)| {
            if main { upright("t1", x, "19", "28") } else { upright("t0", x, "23", "28") }
        };
        marks.with(|marks| marks.ticks.iter().copied().map(tick).collect_view())
    };
    let folds = move || marks.with(|marks| marks.folds.iter().map(|(x, w)| fold(*x, *w)).collect_view());
    let labels = move || {
        let label = |(x, kind): (Percent, Kind)| {
            view! { <text class=kind.class() x=x.to_string() y="15">{kind.text(lab.utc_offset_min)}</text> }
        };
        marks.with(|marks| marks.labels.iter().copied().map(label).collect_view())
    };
    let tag = move || {
        now.get().map(|x| {
            view! {
                {upright("now", x, "20", "28")}
                <svg class="now-tag" x=x.to_string() y="3">
                    <rect x="-17" width="34" height="17" rx="3"></rect>
                    <text y="12.5">"now"</text>
                </svg>
            }
        })
    };
    view! {
        <div class="tl-axis">
            <span class="tl-axis-l">"turn"</span>
            <svg class="axis" height="28" aria-hidden="true">
            {move || future.get().map(dots)}
                {verniers}
                {ticks}
            {folds}
                {labels}
                {tag}
            </svg>
        </div>
    }
}

/// What lies under the rows.
pub(super) fn under(lab: Lab) -> impl IntoView {
    let future = future(lab);
    let grid = move || {
        lab.drawing.with(|drawing| {
            let main = drawing.marks.ticks.iter().filter(|(_, main)| *main);
            main.map(|(x, _)| upright("g1", *x, "0", "100%")).collect_view()
        })
    };
    let folds = move || {
        let edged = |(x, w): (Percent, Percent)| {
            let end = Percent(x.0 + w.0);
            view! {
                {fold(x, w)}
                {upright("idle-e", x, "0", "100%")}
                {upright("idle-e", end, "0", "100%")}
            }
        };
        lab.drawing.with(|drawing| drawing.marks.folds.iter().copied().map(edged).collect_view())
    };
    view! {
        <svg class="plot under" aria-hidden="true">
            {move || future.get().map(dots)}
            {grid}
            {folds}
        </svg>
    }
}

/// What lies over the rows.
pub(super) fn over(lab: Lab) -> impl IntoView {
    let now = lab.now_place();
    view! {
        <svg class="plot over" aria-hidden="true">
            {move || now.get().map(|x| upright("now", x, "0", "100%"))}
        </svg>
    }
}
