//! Turns that are over, drawn once: the same axis, bars and detail, for a page without a lab and without script.

use leptos::prelude::*;
use maud::html;

use super::{
    BarId, DetailPanel, Lab,
    axis::{axis, over, under},
    legend::legend,
    row::{has_no_room_below, head, plot},
    window::{Plot, draw},
    words,
};
use crate::{
    actor_id::ActorId,
    timeline::{LogLine, Turn},
};

/// The timeline of these turns of `actor`, in the order of their numbers, with the bar that is selected and its detail.
pub fn still(
    turns: Vec<Turn>,
    selected: Option<BarId>,
    log: Vec<LogLine>,
    actor: ActorId,
    utc_offset_min: i32,
) -> impl IntoView {
    let now = turns.iter().filter_map(|turn| turn.ended_at).max().unwrap_or_default();
    let rows: Vec<_> =
        turns.iter().map(|turn| (turn.number, words::subject(turn), words::status(turn, None))).collect();
    let drawing = draw(&turns, None, false, now, Plot::WIDE);
    let with_calls = drawing.has_calls();
    let turns = Signal::stored(turns);
    let selected = RwSignal::new(selected);
    let lab = Lab {
        turns,
        now: Signal::stored(now),
        shown: turns.with_untracked(|turns| words::shown(turns, selected.get_untracked())),
        drawing: Memo::new(move |_| drawing.clone()),
        utc_offset_min,
    };
    let low = has_no_room_below(rows.len());
    let row = |(nth, (number, subject, standing)): (usize, (u64, String, (words::Mark, String)))| {
        let items = lab.drawing.with(|drawing| drawing.row(number).cloned()).unwrap_or_default();
        let row = html! { (head(number, &subject, standing, None)) (plot(lab, number, &items)) };
        let class = if nth < low { "turn" } else { "turn tips-up" };
        view! { <li class=class inner_html=row.into_string()></li> }
    };
    view! {
        <div class="tl-head" class:with-calls=with_calls>
            <h2 id="h-time">"Timeline"</h2>
            {legend()}
        </div>
        <div class="tl-body">
            <div class="rows">
                <div class="rows-in">
                    {axis(lab)}
                    <div class="rows-plot">
                        {under(lab)}
                        <ol class="turns">{rows.into_iter().enumerate().map(row).collect_view()}</ol>
                        {over(lab)}
                    </div>
                </div>
            </div>
            {super::log::log(Signal::stored(log), utc_offset_min)}
        </div>
        <DetailPanel turns selected actor utc_offset_min recorded=true />
    }
}
