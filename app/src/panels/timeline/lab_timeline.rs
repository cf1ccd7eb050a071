//! The timeline of a lab.

use leptos::prelude::*;

use super::{
    bar_facts::facts,
    frame::{Shown, TimelineFrame},
    rows::{Source, rows},
    tools::Tools,
    window::{Drawing, Plot, draw},
};
use crate::{
    hooks::use_media_query,
    live::{moment, store::Store},
    state::{lab::LabState, view::ViewState},
};
use model::timeline::{AttemptState, Turn, registered};

/// The timeline.
#[component]
pub fn Timeline() -> impl IntoView {
    let store = expect_context::<Store>();
    let view = expect_context::<ViewState>();
    let lab = expect_context::<LabState>();
    // In one column the axis has room for one turn.
    let narrow = use_media_query("(max-width: 53.75rem)");
    let next = Memo::new(move |_| store.next_content());
    let has_next = Memo::new(move |_| next.with(Option::is_some));
    let drawing = Memo::new(move |_| {
        let plot = if narrow.get() { Plot::NARROW } else { Plot::WIDE };
        drawing(store, has_next.get(), plot)
    });
    let rows = Memo::new(move |before: Option<&Vec<_>>| {
        let (turns, drawing, next) = (store.turns.read(), drawing.read(), next.read());
        let end_of = |turn: &Turn| end_of(store, turn);
        let selected = view.selected.get();
        let source = Source { turns: &turns, drawing: &drawing, selected, next: next.as_deref(), end_of: &end_of };
        rows(&source, before.map_or(&[], Vec::as_slice))
    });
    let log = Memo::new(move |_| {
        let first = lab.registered_at().map(registered);
        store.log.with(|log| first.iter().chain(log).cloned().collect::<Vec<_>>())
    });
    let actor = lab.actor();
    let of = actor.clone();
    let facts = Memo::new(move |_| facts(&store.turns.read(), view.selected.get(), &of, lab.utc_offset_min));
    let time = store.clock.into();
    let shown = Shown { drawing, rows, log, facts, time, utc_offset_min: lab.utc_offset_min, narrow };
    view! { <TimelineFrame title="Retry timeline" tools=view! { <Tools /> } shown actor=Some(actor) /> }
}

/// What stands on the axis. `next` is whether there is a message that would be sent next: in a lab without turns, or
/// again after a failure.
fn drawing(store: Store, next: bool, plot: Plot) -> Drawing {
    store.turns.with(|turns| {
        let moves = store.running.get() && under_way(turns);
        let now = if moves { store.clock.get() } else { store.clock.get_untracked() };
        store.outlook.with(|outlook| draw(turns, Some(&outlook.next), next, now, plot))
    })
}

/// Whether an attempt is under way: then the axis itself, and not only *now* on it, changes as time goes by.
fn under_way(turns: &[Turn]) -> bool {
    let running = |turn: &Turn| turn.attempts.last().is_some_and(|a| a.state == AttemptState::Running);
    turns.iter().any(|turn| !turn.ended() && running(turn))
}

/// The number of the event at a turn's end.
fn end_of(store: Store, turn: &Turn) -> Option<u64> {
    // Of an earlier moment the turn may have more to come than is shown.
    if store.is_past() {
        store.events.with_untracked(|events| moment::of_turn(events, turn.number)).map(|(_, end)| end.seq)
    } else {
        Some(turn.until)
    }
}
