//! The retry timeline: a row for each turn, a bar for each attempt, on one axis.
//!
//! - [`words`]: what everything is called; [`bar_id`]: the name of a bar in the address, by which it is selected
//! - [`width`]: how much room there is; [`scale`]: time to place; [`layout`]: what the axis consists of; [`window`]:
//!   which turns stand on it, and the drawing of them; [`marks`]: ticks, labels, verniers, folds; [`predicted`]: what a running turn has before it; all
//!   of them pure functions
//! - [`row`], [`bar`], [`calls`], [`wait`], [`hold`], [`queue`], [`axis`]: the drawing's pieces as SVG
//! - [`still`] (server only): turns that are over, drawn once
//! - [`tools`]: going along the time; [`legend`], [`log`], [`detail`]: what else stands around it

mod axis;
mod bar;
pub mod bar_id;
mod calls;
pub mod detail;
mod hold;
mod layout;
mod legend;
mod log;
mod marks;
mod predicted;
mod queue;
mod row;
#[cfg(test)]
mod samples;
mod scale;
#[cfg(feature = "ssr")]
mod still;
mod tools;
mod wait;
mod width;
mod window;
mod words;

use leptos::prelude::*;

#[cfg(feature = "ssr")]
pub use self::still::still;
use self::{
    axis::{axis, over, under},
    legend::legend,
    scale::Percent,
    window::{Drawing, Plot, draw},
};
pub use self::{bar_id::BarId, detail::DetailPanel};
use crate::{
    lesson::prediction::Prediction,
    live::store::Store,
    markup::{follow_list, items},
    timeline::{AttemptState, LogLine, Turn},
};

/// What every part of the timeline draws from.
#[derive(Clone, Copy)]
struct Lab {
    turns: Signal<Vec<Turn>>,
    now: Signal<u64>,
    drawing: Memo<Drawing>,
    /// The bar that the detail shows, chosen or not.
    shown: Option<BarId>,
    utc_offset_min: i32,
}

impl Lab {
    /// Where *now* is on the axis, if it is on it.
    fn now_place(self) -> Option<Percent> {
        let now = self.now.get();
        self.drawing.with(|drawing| drawing.now(now))
    }
}

/// Whether an attempt is under way: then the drawing itself, and not only *now* on it, changes as time goes by.
fn under_way(turns: &[Turn]) -> bool {
    let running = |turn: &Turn| turn.attempts.last().is_some_and(|a| a.state == AttemptState::Running);
    turns.iter().any(|turn| !turn.ended() && running(turn))
}

/// The timeline's head, rows and log. It stands in a `section.timeline` together with [`DetailPanel`].
#[component]
pub fn TimelinePanel(
    /// The turns, in the order of their numbers.
    turns: Signal<Vec<Turn>>,
    /// What the next message is going to meet.
    predicted: Signal<Option<Prediction>>,
    /// The server's clock, in milliseconds since the Unix epoch.
    now: Signal<u64>,
    /// Whether anything moves. Only then does the drawing follow the clock.
    live: Signal<bool>,
    /// The bar that the reader chose.
    selected: RwSignal<Option<BarId>>,
    /// The log, oldest line first.
    log: Signal<Vec<LogLine>>,
    /// The server's offset from UTC, in minutes.
    utc_offset_min: i32,
    /// The message that would be sent next: in a lab without turns, or again after a failure.
    next_content: Signal<Option<String>>,
) -> impl IntoView {
    let narrow = RwSignal::new(false);
    width::watch_width(narrow);

    let shown = Memo::new(move |_| turns.with(|turns| words::shown(turns, selected.get())));
    let has_next = Memo::new(move |_| next_content.with(Option::is_some));
    let drawing = Memo::new(move |_| {
        let (next, plot) = (has_next.get(), if narrow.get() { Plot::NARROW } else { Plot::WIDE });
        turns.with(|turns| {
            let now = if live.get() && under_way(turns) { now.get() } else { now.get_untracked() };
            predicted.with(|predicted| draw(turns, predicted.as_ref(), next, now, plot))
        })
    });
    let store = expect_context::<Store>();
    let lab = Lab { turns, now, drawing, shown: None, utc_offset_min };
    let rows = Memo::new_owning(move |drawn| {
        let lab = Lab { shown: shown.get(), ..lab };
        (row::rows(store, lab, next_content, drawn), true)
    });

    let with_calls = Memo::new(move |_| drawing.with(Drawing::has_calls));
    view! {
        <div class="tl-head" class:with-calls=with_calls>
            <h2 id="h-time">"Retry timeline"</h2>
            {tools::tools()}
            {legend()}
        </div>
        <div class="tl-body" class:close=narrow>
            <div class="rows">
                <div class="rows-in">
                    {axis(lab)}
                    <div class="rows-plot">
                        {under(lab)}
                        <ol class="turns" inner_html=rows.with_untracked(|rows| items(rows)) use:follow_list=rows></ol>
                        {over(lab)}
                    </div>
                </div>
            </div>
            {self::log::log(log, utc_offset_min)}
        </div>
    }
}
