//! One row: a turn's number, message and standing at the left, and what it did beside it.

use leptos::prelude::*;
use maud::{Markup, html};

use super::{
    Lab,
    bar::{self, attempt, ring},
    bar_id::{BarId, find},
    hold::hold,
    predicted::ghost,
    queue::{Queue, queue},
    scale::Percent,
    wait::wait,
    window::Item,
    words::{self, Mark},
};
use crate::{
    icons::symbol,
    live::{moment, store::Store},
    markup::follow,
    panels::trace::{telling_bar, trace_markup},
    timeline::{Outcome, Turn},
};

/// How a row is drawn.
#[derive(Clone, PartialEq)]
enum Shape {
    /// On the axis.
    Full(Vec<Item>),
    /// On the axis, and low: several turns are queued, and the one that runs is to stay in sight.
    Low(Vec<Item>),
    /// Off the axis: small, with how long before it the turn began.
    Small(String),
}

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

/// The row of the turn of this number.
pub(super) fn row(lab: Lab, number: u64) -> impl IntoView {
    let store = expect_context::<Store>();
    // What is selected elsewhere changes nothing here.
    let shown = Memo::new(move |_| lab.shown.get().filter(|bar| bar.turn == number));
    let lab = Lab { shown, ..lab };
    let turn = Memo::new(move |_| lab.turns.with(|turns| find(turns, number).cloned()));
    let ahead = Memo::new(move |_| lab.turns.with(|turns| words::ahead(turns, number)));
    let shape = Memo::new(move |_| {
        lab.drawing.with(|drawing| match drawing.row(number) {
            Some(items) if turn.with(is_queued) && lab.queued.get() > 1 => Shape::Low(items.clone()),
            Some(items) => Shape::Full(items.clone()),
            None => {
                let began = turn.with(|turn| turn.as_ref().and_then(|turn| turn.started_at));
                let earlier = drawing.begins.zip(began).map(|(axis, began)| axis.saturating_sub(began));
                Shape::Small(earlier.map(words::earlier).unwrap_or_default())
            }
        })
    });
    let class = move || {
        let runs = || turn.with(|turn| turn.as_ref().is_some_and(|turn| turn.outcome == Outcome::Running));
        let kind = shape.with(|shape| match shape {
            Shape::Full(_) if lab.queued.get() > 4 && runs() => "turn hold",
            Shape::Full(_) => "turn",
            Shape::Low(_) => "turn short low",
            Shape::Small(_) => "turn short past",
        });
        format!("{kind}{}", if shown.get().is_some() { " sel" } else { "" })
    };
    // The turn's end is looked up among all events: when the turn changes, and not while the clock moves its bars.
    let head = Memo::new(move |_| {
        turn.with(|turn| {
            let Some(turn) = turn else { return String::new() };
            let end = store.events.with_untracked(|events| moment::of_turn(events, number));
            let link = end.map(|(_, end)| format!("?at={}#timeline", end.seq));
            head(number, &words::subject(turn), words::status(turn, ahead.get()), link).into_string()
        })
    });
    let markup = Memo::new(move |_| {
        let body = |turn: &Turn| shape.with(|shape| body(lab, turn, shape)).into_string();
        head.get() + &turn.with(|turn| turn.as_ref().map(body)).unwrap_or_default()
    });
    view! { <li class=class inner_html=markup.get_untracked() use:follow=markup></li> }
}

fn body(lab: Lab, turn: &Turn, shape: &Shape) -> Markup {
    html! {
        @match shape {
            Shape::Full(items) => (plot(lab, turn.number, items)),
            Shape::Low(items) => svg.plot height="32" { svg y="-22" { (plot(lab, turn.number, items)) } },
            Shape::Small(earlier) => div.stub {
                span.stub-w { (symbol("#i-older")) (earlier) }
                (small(turn))
            },
        }
    }
}

fn is_queued(turn: &Option<Turn>) -> bool {
    turn.as_ref().is_some_and(|turn| turn.outcome == Outcome::Queued)
}

/// The turn in small; pressing it selects the attempt that says most about it, and shows the lab as it was then, with
/// the turn on the axis.
fn small(turn: &Turn) -> Markup {
    let bar = telling_bar(turn).and_then(|bar| bar.parse::<BarId>().ok());
    let number = turn.number;
    html! {
        @if let Some(bar) = bar {
            a.trace-a href=(bar.href()) data-turn=(number) aria-label={ "Turn " (number) " in detail" } {
                (trace_markup(turn))
            }
        } @else {
            (trace_markup(turn))
        }
    }
}

/// What the row of a turn holds, drawn.
pub(super) fn plot(lab: Lab, number: u64, items: &[Item]) -> Markup {
    html! {
        svg.plot height="64" {
            @for (nth, item) in items.iter().enumerate() { (draw_item(lab, number, nth, item)) }
            @for (nth, item) in items.iter().enumerate() { (over_item(lab, number, nth, item)) }
        }
    }
}

/// What is painted over all bars of the row.
fn over_item(lab: Lab, number: u64, nth: usize, item: &Item) -> Markup {
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

fn draw_item(lab: Lab, number: u64, nth: usize, item: &Item) -> Markup {
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

/// The row of the turn that comes next: the first one of a lab, or the one after a failure. `next_content` is the
/// message that would be sent.
pub(super) fn next_row(lab: Lab, next_content: Signal<Option<String>>) -> impl IntoView {
    // Whether it is the first one of its lab.
    let coming =
        Memo::new(move |_| lab.drawing.with(|drawing| drawing.next.as_ref().map(|_| drawing.begins.is_none())));
    let markup = Memo::new(move |_| {
        let content = next_content.get();
        let last = lab.turns.with(|turns| turns.last().and_then(|turn| turn.content.clone()));
        let words = if last.is_some() && last == content { "if sent again" } else { "predicted" };
        lab.drawing.with(|drawing| {
            html! {
                div.turn-head {
                    p.turn-n { b { "next" } q { (content.unwrap_or_default()) } }
                    p.turn-s.queue-t { (symbol("#i-dash")) span { (words) } }
                }
                (plot(lab, 0, drawing.next.as_deref().unwrap_or_default()))
            }
            .into_string()
        })
    });
    let row = move |first: bool| {
        let blank = first.then(|| {
            view! {
                <li class="turn blank-row">
                    <div class="turn-head"></div>
                    <svg class="plot" height="64">
                        <text class="blank" x="4.85%" y="36">"Your turns are drawn here, as they happen."</text>
                    </svg>
                </li>
            }
        });
        let class = if first { "turn coming" } else { "turn coming past" };
        view! {
            <li class=class inner_html=markup.get_untracked() use:follow=markup></li>
            {blank}
        }
    };
    move || coming.get().map(row)
}
