//! One row: a turn's number, message and standing at the left, and what it did beside it.

use leptos::prelude::*;
use maud::{Markup, html};

use super::{
    Lab,
    bar::{self, attempt, ring},
    bar_id::BarId,
    hold::hold,
    predicted::ghost,
    queue::{Queue, queue},
    scale::Percent,
    wait::wait,
    window::{Drawing, Item},
    words::{self, Mark},
};
use crate::{
    icons::symbol,
    live::{moment, store::Store},
    markup::{Entries, Entry},
    panels::trace::{telling_bar, trace},
};
use model::timeline::{Attempt, Outcome, Turn};

/// The head of a row. `link` is what shows the whole lab as it was at the turn's end.
pub(super) fn head(number: u64, subject: &str, (mark, words): (Mark, String), link: Option<String>) -> Markup {
    html! {
        div.turn-head {
            @if let Some(link) = link {
                a.turn-n href=(link) data-turn=(number) title="Show the lab as it was at the end of this turn" {
                    b { (number) }
                    q { (subject) }
                }
            } @else {
                p.turn-n { b { (number) } q { (subject) } }
            }
            p class=(mark.row_class()) { (symbol(mark.icon())) span { (words) } }
        }
    }
}

/// The key of the row in which nothing is drawn yet.
const BLANK: u64 = u64::MAX;

/// How many turns are of one part of the list.
const TURNS_OF_A_PART: u64 = 16;

/// A row for each turn, and one for what comes next. `before` are the rows as they were drawn last.
pub(super) fn rows(store: Store, drawing: &Drawing, before: Option<Vec<Entry>>) -> Vec<Entry> {
    let mut entries = Entries::after(before, TURNS_OF_A_PART);
    store.turns.with(|turns| {
        let shown = words::shown(turns, store.selected.get());
        let lab = Lab { drawing, now: &|| store.clock.get(), shown, utc_offset_min: store.utc_offset_min };
        let queued = turns.iter().filter(|turn| turn.outcome == Outcome::Queued).count();
        for turn in turns {
            let is_queued = turn.outcome == Outcome::Queued;
            let torn = if turn.attempts.iter().any(Attempt::failed) { " torn" } else { "" };
            let selected = if shown.is_some_and(|bar| bar.turn == turn.number) { " sel" } else { "" };
            let head = || {
                let ahead = if is_queued { words::ahead(turns, turn.number) } else { None };
                head(turn.number, &words::subject(turn), words::status(turn, ahead), link(store, turn))
            };
            match drawing.row(turn.number) {
                Some(items) if is_queued && queued > 1 => {
                    // Low: the turn that runs is to stay in sight.
                    let low = || html! { svg.plot height="32" { svg y="-22" { (plot(lab, turn.number, items)) } } };
                    let class = format!("turn short low{selected}");
                    entries.add(turn.number, class, None, || html! { (head()) (low()) });
                }
                Some(items) => {
                    let hold = if queued > 4 && turn.outcome == Outcome::Running { " hold" } else { "" };
                    let class = format!("turn{torn}{hold}{selected}");
                    entries.add(turn.number, class, None, || html! { (head()) (plot(lab, turn.number, items)) });
                }
                None => {
                    let earlier = drawing.begins.zip(turn.started_at).map(|(axis, began)| axis.saturating_sub(began));
                    let earlier = earlier.map(words::earlier).unwrap_or_default();
                    let made_of = turn.ended().then(|| turn.seq.to_string());
                    let class = format!("turn short past{selected}");
                    let draw = || html! { (head()) (stub(turn, &earlier)) };
                    entries.add_with(turn.number, class, made_of, earlier.clone(), draw);
                }
            }
        }
        next_row(store, lab, turns, &mut entries);
    });
    let mut rows = entries.done();
    if let Some(newest) = rows.iter_mut().rfind(|row| row.key() != BLANK) {
        newest.also("newest");
    }
    let low = has_no_room_below(rows.len());
    rows[low..].iter_mut().for_each(|row| row.also("tips-up"));
    rows
}

/// The place from which on the tips of so many rows open upwards: under the last two there is no room, unless there is
/// none above them either.
pub(super) fn has_no_room_below(rows: usize) -> usize {
    rows.saturating_sub(2).max(2).min(rows)
}

/// The link to the lab as it was at the turn's end.
fn link(store: Store, turn: &Turn) -> Option<String> {
    // Of an earlier moment the turn may have more to come than is drawn.
    let end = if store.is_past() {
        store.events.with_untracked(|events| moment::of_turn(events, turn.number)).map(|(_, end)| end.seq)
    } else {
        Some(turn.until)
    };
    end.map(|seq| format!("?at={seq}#timeline"))
}

/// A turn off the axis: small, with how long before it the turn began. Pressing it selects the attempt that says most
/// about it, and shows the lab as it was then, with the turn on the axis.
fn stub(turn: &Turn, earlier: &str) -> Markup {
    let number = turn.number;
    html! {
        div.stub {
            span.stub-w data-aside { (symbol("#i-older")) (earlier) }
            @if let Some(bar) = telling_bar(turn) {
                a.trace-a href=(bar.href()) data-turn=(number) aria-label={ "Turn " (number) " in detail" } {
                    (trace(turn))
                }
            } @else {
                (trace(turn))
            }
        }
    }
}

/// What the row of a turn holds, drawn.
pub(super) fn plot(lab: Lab<'_>, number: u64, items: &[Item]) -> Markup {
    html! {
        svg.plot height="64" {
            @for (nth, item) in items.iter().enumerate() { (draw_item(lab, number, nth, item)) }
            @for (nth, item) in items.iter().enumerate() { (over_item(lab, number, nth, item)) }
        }
    }
}

/// What is painted over all bars of the row.
fn over_item(lab: Lab<'_>, number: u64, nth: usize, item: &Item) -> Markup {
    html! {
        @match item {
            Item::Attempt(x, w, a) => {
                (ring(lab, BarId::of_attempt(number, a), nth, *x, *w, false))
                (bar::number(*x, a))
            }
            Item::Wait(x, w, wait) => (ring(lab, BarId::of_wait(number, wait), nth, *x, *w, true)),
            _ => {}
        }
    }
}

fn glyph(x: Percent, class: &str, icon: &str, name: &str) -> Markup {
    html! {
        svg x=(x) y="32" class={ "glyph " (class) } role="img" aria-label=(name) {
            use href=(icon) width="12" height="12" {}
        }
    }
}

fn draw_item(lab: Lab<'_>, number: u64, nth: usize, item: &Item) -> Markup {
    match item {
        Item::Activated(x) => glyph(*x, "act", "#i-power", "Actor activated"),
        Item::Reply(x) => glyph(*x, "rep", "#i-reply", "Reply sent"),
        &Item::Queue { x, to, from, until, named } => queue(lab, number, &Queue { x, to, from, until, named }),
        Item::Attempt(x, w, a) => attempt(lab, number, nth, *x, *w, a),
        Item::Wait(x, w, waits) => wait(lab, number, nth, *x, *w, waits),
        Item::Hold(x, w, held) => hold(lab, number, *x, *w, held),
        Item::Ghost(x, w, step) => ghost(*x, *w, *step),
        Item::GaveUp(x) => html! {
            svg.end x=(x) y="24" {
                path d="M1.5-4v36" {}
                text x="9" y="18" { "gave up" }
            }
        },
    }
}

/// The row of the turn that comes next: the first one of a lab, or the one after a failure.
fn next_row(store: Store, lab: Lab<'_>, turns: &[Turn], entries: &mut Entries) {
    let Some(items) = &lab.drawing.next else { return };
    let content = store.next_content();
    let last = turns.last().and_then(|turn| turn.content.as_ref());
    let words = if last.is_some() && last == content.as_ref() { "if sent again" } else { "predicted" };
    let first = lab.drawing.begins.is_none();
    let class = if first { "turn coming" } else { "turn coming past" };
    entries.add(u64::MAX - 1, class, None, || {
        html! {
            div.turn-head {
                p.turn-n { b { "next" } q { (content.unwrap_or_default()) } }
                p.turn-s.queue-t { (symbol("#i-dash")) span { (words) } }
            }
            (plot(lab, 0, items))
        }
    });
    if first {
        entries.add(BLANK, "turn blank-row", None, || {
            html! {
                div.turn-head {}
                svg.plot height="64" {
                    text.blank x="4.85%" y="36" { "Your turns are drawn here, as they happen." }
                }
            }
        });
    }
}
