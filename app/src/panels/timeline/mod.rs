//! The retry timeline: a row for each turn, a bar for each attempt, on one axis.
//!
//! - [`words`]: what everything is called; [`bar_id`]: the name of a bar in the address, by which it is selected
//! - [`width`]: how much room there is; [`scale`]: time to place; [`layout`]: what the axis consists of; [`window`]:
//!   which turns stand on it, and the drawing of them; [`marks`]: ticks, labels, verniers, folds; [`predicted`]: what a running turn has before it; all
//!   of them pure functions
//! - [`row`], [`bar`], [`calls`], [`wait`], [`hold`], [`queue`], [`axis`]: the drawing's pieces as SVG
//! - [`panel`] (server only): all of it, of a lab; [`still`]: of turns that are over, drawn once
//! - [`tools`]: going along the time; [`legend`] (server only), [`log`], [`detail`]: what else stands around it

mod axis;
mod bar;
pub mod bar_id;
mod calls;
mod detail;
mod hold;
mod layout;
mod legend;
mod log;
mod marks;
mod panel;
mod predicted;
mod queue;
mod row;
#[cfg(test)]
mod samples;
mod scale;
#[cfg(feature = "ssr")]
mod still;
pub(crate) mod tools;
mod wait;
mod width;
mod window;
mod words;

use leptos::prelude::*;
use maud::Markup;

pub use self::bar_id::BarId;
pub use self::panel::Timeline;
#[cfg(feature = "ssr")]
pub use self::still::still;
use self::{
    axis::{axis, over, under},
    detail::detail,
    window::{Drawing, Plot, draw},
};
use crate::{
    live::{dom, store::Store},
    markup::{follow_list, keep},
};
use model::timeline::{AttemptState, Turn};

/// What every part of a row is drawn from.
#[derive(Clone, Copy)]
struct Lab<'a> {
    drawing: &'a Drawing,
    /// The server's clock, in milliseconds since the Unix epoch. Only what reads it is drawn anew as it moves.
    now: &'a dyn Fn() -> u64,
    /// The bar that the detail shows, chosen or not.
    shown: Option<BarId>,
    utc_offset_min: i32,
}

/// Whether an attempt is under way: then the drawing itself, and not only *now* on it, changes as time goes by.
fn under_way(turns: &[Turn]) -> bool {
    let running = |turn: &Turn| turn.attempts.last().is_some_and(|a| a.state == AttemptState::Running);
    turns.iter().any(|turn| !turn.ended() && running(turn))
}

/// The drawing of a lab. `next` is whether there is a message that would be sent next: in a lab without turns, or again
/// after a failure.
fn drawing(store: Store, next: bool, plot: Plot) -> Drawing {
    store.turns.with(|turns| {
        let moves = store.running.get() && under_way(turns);
        let now = if moves { store.clock.get() } else { store.clock.get_untracked() };
        store.outlook.with(|outlook| draw(turns, Some(&outlook.next), next, now, plot))
    })
}

/// The detail of a lab.
fn selected(store: Store) -> Markup {
    let (turns, bar) = (store.turns.read(), store.selected.get());
    store.actor.with_untracked(|actor| detail(&turns, bar, actor, store.utc_offset_min, false))
}

/// Keeps what moves in the timeline of a lab.
pub(super) fn start(store: Store) {
    let narrow = RwSignal::new(false);
    let has_next = Memo::new(move |_| store.next_content().is_some());
    let drawing = Memo::new(move |_| {
        let plot = if narrow.get() { Plot::NARROW } else { Plot::WIDE };
        drawing(store, has_next.get(), plot)
    });
    let rows = Memo::new_owning(move |drawn| (drawing.with(|drawing| row::rows(store, drawing, drawn)), true));
    let log = Memo::new_owning(move |drawn| (log::of_lab(store, drawn), true));
    Effect::new(move |_| {
        for (list, entries) in [(".turns", rows), (".tl-log .log", log)] {
            if let Some(list) = dom::find(list) {
                follow_list(list.into(), entries);
            }
        }
        // After the lists: they begin as the server has drawn them, which knows no width.
        width::watch_width(narrow);
    });
    Effect::new(move |_| dom::mark(".tl-head", "with-calls", drawing.with(Drawing::has_calls)));
    keep(".axis", move || drawing.with(|drawing| axis(drawing, store.clock.get(), store.utc_offset_min)));
    keep(".plot.under", move || drawing.with(|drawing| under(drawing, store.clock.get())));
    keep(".plot.over", move || drawing.with(|drawing| over(drawing, store.clock.get())));
    keep(".tl-tools", move || tools::tools(store));
    keep("aside.detail", move || selected(store));
}
