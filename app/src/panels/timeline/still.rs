//! Turns that are over, drawn once: the same axis, bars and detail, for a page without a lab and without script.

use leptos::prelude::*;
use maud::html;

use super::{
    BarId, Lab,
    detail::detail,
    log::lines,
    panel::{Parts, panel},
    row::{has_no_room_below, head, plot},
    window::{Plot, draw},
    words,
};
use crate::markup::drawn;
use model::{
    actor_id::ActorId,
    timeline::{LogLine, Turn},
};

/// The timeline of these turns of `actor`, in the order of their numbers, with the bar that is selected and its detail.
pub fn still(
    turns: &[Turn],
    selected: Option<BarId>,
    log: &[LogLine],
    actor: &ActorId,
    utc_offset_min: i32,
) -> impl IntoView + use<> {
    let now = turns.iter().filter_map(|turn| turn.ended_at).max().unwrap_or_default();
    let drawing = draw(turns, None, false, now, Plot::WIDE);
    let lab = Lab { drawing: &drawing, now: &|| now, shown: words::shown(turns, selected), utc_offset_min };
    let low = has_no_room_below(turns.len());
    let rows = html! {
        ol {
            @for (nth, turn) in turns.iter().enumerate() {
                li.turn.tips-up[nth >= low] {
                    (head(turn.number, &words::subject(turn), words::status(turn, None), None))
                    (plot(lab, turn.number, drawing.row(turn.number).map_or(&[], Vec::as_slice)))
                }
            }
        }
    };
    let detail = detail(turns, selected, actor, utc_offset_min, true);
    let parts = Parts { title: "Timeline", tools: None, rows, log: lines(log, utc_offset_min, None), detail };
    drawn(|| panel(&drawing, now, utc_offset_min, &parts))
}
