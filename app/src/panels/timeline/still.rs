//! Turns that are over: the same axis, bars and detail, for a page without a lab and without script.

use std::sync::Arc;

use leptos::prelude::*;

use super::{
    bar_facts::facts,
    frame::{Shown, TimelineFrame},
    layout::Plot,
    rows::{Bars, Body, Look, Row, has_no_room_below, head},
    window::draw,
    words,
};
use model::{
    actor_id::ActorId,
    timeline::{BarId, LogLine, Turn},
};

/// The timeline of a recording.
#[component]
pub fn StillTimeline(
    /// The turns, in the order of their numbers.
    turns: Vec<Turn>,
    /// The bar that is selected.
    selected: Option<BarId>,
    /// The log, oldest line first.
    log: Vec<LogLine>,
    /// The actor.
    actor: ActorId,
    /// The offset from UTC of the server that recorded it, in minutes.
    utc_offset_min: i32,
) -> impl IntoView {
    let now = turns.iter().filter_map(|turn| turn.ended_at).max().unwrap_or_default();
    let drawing = draw(&turns, None, false, now, Plot::WIDE);
    let shown = words::shown(&turns, selected);
    let low = has_no_room_below(turns.len());
    let row = |(nth, turn): (usize, &Turn)| {
        let items = drawing.row(turn.number).cloned().unwrap_or_default();
        let body = Body::Bars(Bars { turn: turn.number, items, shown, low: false, newest: false });
        let look = Look { kind: "turn", tips_up: nth >= low, ..Look::default() };
        Arc::new(Row::new(turn.number, look, Some(head(turn, &turns, None)), body))
    };
    let rows: Vec<_> = turns.iter().enumerate().map(row).collect();
    let facts = facts(&turns, selected, &actor, utc_offset_min);
    let shown = Shown {
        drawing: Memo::new(move |_| drawing.clone()),
        rows: Memo::new(move |_| rows.clone()),
        log: Memo::new(move |_| log.clone()),
        facts: Memo::new(move |_| facts.clone()),
        time: Signal::stored(now),
        utc_offset_min,
        narrow: Signal::stored(false),
    };
    view! { <TimelineFrame title="Timeline" tools=() shown actor=None /> }
}
