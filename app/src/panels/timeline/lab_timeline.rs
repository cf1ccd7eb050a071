//! The timeline of a lab.

use leptos::prelude::*;

use super::{
    bar_facts::facts,
    frame::{Shown, TimelineFrame},
    layout::Plot,
    rows::{Source, rows},
    tools::Tools,
    window::{Drawing, draw},
};
use crate::{
    hooks::use_media_query,
    state::{
        lab::LabState,
        messages::MessagesState,
        playback::{PlaybackState, span_of_turn},
        prediction::PredictionState,
        timeline::TimelineState,
        view::ViewState,
    },
};
use model::timeline::{AttemptState, Turn, registered};

/// The timeline.
#[component]
pub fn Timeline() -> impl IntoView {
    let prediction = expect_context::<PredictionState>();
    let messages = expect_context::<MessagesState>();
    let timeline = expect_context::<TimelineState>();
    let playback = expect_context::<PlaybackState>();
    let view = expect_context::<ViewState>();
    let lab = expect_context::<LabState>();
    // In one column the axis has room for one turn.
    let narrow = use_media_query("(max-width: 53.75rem)");
    let next = Memo::new(move |_| messages.next_content());
    let has_next = Memo::new(move |_| next.with(Option::is_some));
    let drawing = Memo::new(move |_| {
        let plot = if narrow.get() { Plot::NARROW } else { Plot::WIDE };
        drawing(timeline, playback, prediction, has_next.get(), plot)
    });
    let rows = Memo::new(move |before: Option<&Vec<_>>| {
        let (drawing, next) = (drawing.read(), next.read());
        let end_of = |turn: &Turn| end_of(timeline, playback, turn);
        let selected = view.selected.get();
        timeline.turns.with(|turns| {
            let source = Source { turns, drawing: &drawing, selected, next: next.as_deref(), end_of: &end_of };
            rows(&source, before.map_or(&[], Vec::as_slice))
        })
    });
    let log = Memo::new(move |_| {
        let first = lab.registered_at().map(registered);
        timeline.log.with(|log| first.iter().chain(log).cloned().collect::<Vec<_>>())
    });
    let actor = lab.actor();
    let of = actor.clone();
    let facts =
        Memo::new(move |_| timeline.turns.with(|turns| facts(turns, view.selected.get(), &of, lab.utc_offset_min)));
    let time = playback.time.into();
    let shown = Shown { drawing, rows, log, facts, time, utc_offset_min: lab.utc_offset_min, narrow };
    view! { <TimelineFrame title="Retry timeline" tools=view! { <Tools /> } shown actor=Some(actor) /> }
}

/// What stands on the axis. `next` is whether there is a message that would be sent next: in a lab without turns, or
/// again after a failure.
fn drawing(
    timeline: TimelineState,
    playback: PlaybackState,
    prediction: PredictionState,
    next: bool,
    plot: Plot,
) -> Drawing {
    timeline.turns.with(|turns| {
        let moves = timeline.running.get() && under_way(turns);
        let now = if moves { playback.time.get() } else { playback.time.get_untracked() };
        prediction.forecast.with(|forecast| draw(turns, Some(&forecast.next), next, now, plot))
    })
}

/// Whether an attempt is under way: then the axis itself, and not only *now* on it, changes as time goes by.
fn under_way(turns: &[Turn]) -> bool {
    let running = |turn: &Turn| turn.attempts.last().is_some_and(|a| a.state == AttemptState::Running);
    turns.iter().any(|turn| !turn.ended() && running(turn))
}

/// The number of the event at a turn's end.
fn end_of(timeline: TimelineState, playback: PlaybackState, turn: &Turn) -> Option<u64> {
    // Of an earlier moment the turn may have more to come than is shown.
    if playback.is_past() {
        timeline.events.with_untracked(|events| span_of_turn(events, turn.number)).map(|(_, end)| end.seq)
    } else {
        Some(turn.until)
    }
}
