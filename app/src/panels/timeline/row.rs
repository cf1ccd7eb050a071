//! One row: a turn's number, message and standing at the left, and what it did beside it.

use leptos::{
    either::{Either, EitherOf3, EitherOf6},
    ev::MouseEvent,
    prelude::*,
};

use super::{
    Lab,
    bar::{self, attempt, ring},
    bar_id::{BarId, find},
    hold::hold,
    link,
    predicted::ghost,
    queue::{Queue, queue},
    scale::Percent,
    wait::wait,
    window::Item,
    words::{self, Mark},
};
use crate::{
    icons::icon,
    live::{dom, moment, store::Store},
    panels::trace::{telling_bar, trace},
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

/// The head of a row. Pressing the turn shows the whole lab as it was at its end.
fn head(number: u64, subject: String, (mark, words): (Mark, String)) -> impl IntoView {
    let store = expect_context::<Store>();
    let end = store.events.with_untracked(|events| moment::of_turn(events, number));
    let show = move |click: MouseEvent| {
        if link::is_plain(&click) {
            click.prevent_default();
            store.show_turn(number);
        }
    };
    view! {
        <div class="turn-head">
            <a
                class="turn-n"
                href=end.map(|(_, end)| format!("?at={}#timeline", end.seq))
                title="Show the lab as it was at the end of this turn"
                on:click=show
            >
                <b>{number.to_string()}</b>
                <q>{subject}</q>
            </a>
            <p class=mark.row_class()>
                {icon(mark.icon())}
                <span>{words}</span>
            </p>
        </div>
    }
}

/// The row of the turn of this number.
pub(super) fn row(lab: Lab, number: u64) -> impl IntoView {
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
        let selected = lab.shown.get().is_some_and(|bar| bar.turn == number);
        format!("{kind}{}", if selected { " sel" } else { "" })
    };
    let title = move || {
        turn.with(|turn| {
            let turn = turn.as_ref()?;
            Some(head(number, words::subject(turn), words::status(turn, ahead.get())))
        })
    };
    let body = move || match shape.get() {
        Shape::Full(items) => EitherOf3::A(plot(lab, number, items)),
        Shape::Low(items) => EitherOf3::B(view! {
            <svg class="plot" height="32">
                <svg y="-22">{plot(lab, number, items)}</svg>
            </svg>
        }),
        Shape::Small(earlier) => EitherOf3::C(view! {
            <div class="stub">
                <span class="stub-w">
                    {icon("#i-older")}
                    {earlier}
                </span>
                {small(lab, turn)}
            </div>
        }),
    };
    view! {
        <li class=class>
            {title}
            {body}
        </li>
    }
}

fn is_queued(turn: &Option<Turn>) -> bool {
    turn.as_ref().is_some_and(|turn| turn.outcome == Outcome::Queued)
}

/// The turn in small; pressing it selects the attempt that says most about it, and shows the lab as it was then, with
/// the turn on the axis.
fn small(lab: Lab, turn: Memo<Option<Turn>>) -> impl IntoView {
    let store = expect_context::<Store>();
    move || {
        let turn = turn.get()?;
        let bar = telling_bar(&turn).and_then(|bar| bar.parse::<BarId>().ok());
        let (number, trace) = (turn.number, trace(&turn));
        Some(match bar {
            Some(bar) => Either::Left(view! {
                <a
                    class="trace-a"
                    href=bar.href()
                    aria-label=format!("Turn {number} in detail")
                    on:click=move |click| {
                        if link::is_plain(&click) {
                            link::on_click(lab.selected, Some(bar))(click);
                            store.show_turn(number);
                            // The small turn is gone then, and the focus with it: on to its bar.
                            request_animation_frame(|| {
                                dom::focus(".bar.sel");
                            });
                        }
                    }
                >
                    {trace}
                </a>
            }),
            None => Either::Right(trace),
        })
    }
}

/// What the row of a turn holds, drawn.
pub(super) fn plot(lab: Lab, number: u64, items: Vec<Item>) -> impl IntoView {
    let over: Vec<_> = items.iter().enumerate().filter_map(|(nth, i)| over_item(lab, number, nth, i)).collect();
    let drawn: Vec<_> = items.into_iter().enumerate().map(|(nth, i)| draw_item(lab, number, nth, i)).collect();
    view! {
        <svg class="plot" height="64">
            {drawn}
            {over}
        </svg>
    }
}

/// What is painted over all bars of the row.
fn over_item(lab: Lab, number: u64, nth: usize, item: &Item) -> Option<impl IntoView + use<>> {
    match item {
        Item::Attempt(x, w, a) => {
            let ring = ring(lab, BarId::of_attempt(number, a), nth, *x, *w, false);
            Some(view! { {ring} {Some(bar::number(*x, a))} })
        }
        Item::Wait(x, w, wait) => {
            let ring = ring(lab, BarId::of_wait(number, wait), nth, *x, *w, true);
            Some(view! { {ring} {None} })
        }
        _ => None,
    }
}

fn glyph(x: Percent, class: &'static str, icon: &'static str, name: &'static str) -> impl IntoView {
    view! {
        <svg x=x.to_string() y="32" class=class role="img" aria-label=name>
            <use_ href=icon width="12" height="12"></use_>
        </svg>
    }
}

fn draw_item(lab: Lab, number: u64, nth: usize, item: Item) -> impl IntoView {
    match item {
        Item::Activated(x) => EitherOf6::A(glyph(x, "glyph act", "#i-power", "Actor activated")),
        Item::Reply(x) => EitherOf6::A(glyph(x, "glyph rep", "#i-reply", "Reply sent")),
        Item::Queue { x, to, from, until, named } => {
            EitherOf6::B(queue(lab, number, &Queue { x, to, from, until, named }))
        }
        Item::Attempt(x, w, a) => EitherOf6::C(attempt(lab, number, nth, x, w, &a)),
        Item::Wait(x, w, waits) => EitherOf6::D(wait(lab, number, nth, x, w, &waits)),
        Item::Hold(x, w, held) => EitherOf6::E(Either::Left(hold(lab, number, x, w, &held))),
        Item::Ghost(x, w, step) => EitherOf6::E(Either::Right(ghost(x, w, step))),
        Item::GaveUp(x) => EitherOf6::F(view! {
            <svg x=x.to_string() y="24" class="end">
                <path d="M1.5-4v36"></path>
                <text x="9" y="18">"gave up"</text>
            </svg>
        }),
    }
}

/// The row of the turn that comes next: the first one of a lab, or the one after a failure. `next_content` is the
/// message that would be sent.
pub(super) fn next_row(lab: Lab, next_content: Signal<Option<String>>) -> impl IntoView {
    let coming = Memo::new(move |_| {
        lab.drawing.with(|drawing| drawing.next.clone().map(|items| (items, drawing.begins.is_none())))
    });
    let again = move || {
        let last = lab.turns.with(|turns| turns.last().and_then(|turn| turn.content.clone()));
        last.is_some() && last == next_content.get()
    };
    let drawn = move |(items, first): (Vec<Item>, bool)| {
        let words = move || if again() { "if sent again" } else { "predicted" };
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
        view! {
            <li class=if first { "turn coming" } else { "turn coming past" }>
                <div class="turn-head">
                    <p class="turn-n">
                        <b>"next"</b>
                        <q>{move || next_content.get()}</q>
                    </p>
                    <p class="turn-s queue-t">
                        {icon("#i-dash")}
                        <span>{words}</span>
                    </p>
                </div>
                {plot(lab, 0, items)}
            </li>
            {blank}
        }
    };
    move || coming.get().map(drawn)
}
