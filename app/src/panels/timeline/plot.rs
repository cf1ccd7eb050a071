//! The bars of a row.

use leptos::{
    either::{Either, EitherOf8},
    prelude::*,
};

use super::{
    attempt_bar::{AttemptBar, AttemptNumber},
    bar::Ring,
    context::PlotContext,
    hold_bar::HoldBar,
    predicted_bar::PredictedBar,
    queue_bar::QueueBar,
    rows::Bars,
    scale::Percent,
    wait_bar::WaitBar,
    window::Item,
};
use model::timeline::BarId;

/// The bars of a row.
#[component]
pub(super) fn RowPlot(
    /// The bars.
    bars: Bars,
) -> impl IntoView {
    let context = expect_context::<PlotContext>();
    let low = bars.low;
    let over: Vec<_> = bars.items.iter().enumerate().filter_map(|(nth, item)| over_bar(&bars, nth, item)).collect();
    let leads = leading_place(&bars);
    let Bars { turn, items, shown, .. } = bars;
    let bar = |(nth, item)| bar(context, turn, shown, nth, leads == Some(nth), item);
    let items: Vec<_> = items.into_iter().enumerate().map(bar).collect();
    let plot = view! {
        <svg class="plot" height="64">
            {items}
            {over}
        </svg>
    };
    if low {
        Either::Left(view! {
            <svg class="plot" height="32">
                <svg y="-22">{plot}</svg>
            </svg>
        })
    } else {
        Either::Right(plot)
    }
}

/// The place of the bar that a key leads to: the first that can be selected, in the newest row that has one.
fn leading_place(bars: &Bars) -> Option<usize> {
    bars.items.iter().position(Item::is_selectable).filter(|_| bars.newest)
}

fn bar(
    PlotContext { clock, utc_offset_min, .. }: PlotContext,
    turn: u64,
    shown: Option<BarId>,
    nth: usize,
    leads: bool,
    item: Item,
) -> impl IntoView {
    match item {
        Item::Activated(x) => EitherOf8::A(glyph(x, "glyph act", "#i-power", "Actor activated")),
        Item::Reply(x) => EitherOf8::B(glyph(x, "glyph rep", "#i-reply", "Reply sent")),
        Item::GaveUp(x) => EitherOf8::C(gave_up(x)),
        Item::Queue(queue) => EitherOf8::D(view! { <QueueBar turn queue clock /> }),
        Item::Attempt(x, w, attempt) => {
            let selected = shown == Some(BarId::of_attempt(turn, &attempt));
            EitherOf8::E(view! { <AttemptBar turn attempt nth x w selected leads clock /> })
        }
        Item::Wait(x, w, wait) => {
            let selected = shown == Some(BarId::of_wait(turn, &wait));
            EitherOf8::F(view! { <WaitBar turn wait nth x w selected leads clock utc_offset_min /> })
        }
        Item::Hold(x, w, hold) => EitherOf8::G(view! { <HoldBar turn hold x w clock utc_offset_min /> }),
        Item::Ghost(x, w, step) => EitherOf8::H(view! { <PredictedBar step x w /> }),
    }
}

/// What is painted over all bars of the row, so that no neighbour covers it.
fn over_bar(bars: &Bars, nth: usize, item: &Item) -> Option<impl IntoView + use<>> {
    match item {
        Item::Attempt(x, w, attempt) => {
            let selected = bars.shown == Some(BarId::of_attempt(bars.turn, attempt));
            let (x, w, attempt) = (*x, *w, attempt.clone());
            Some(Either::Left(view! {
                <Ring nth x w thin=false selected />
                <AttemptNumber attempt x />
            }))
        }
        Item::Wait(x, w, wait) => {
            let selected = bars.shown == Some(BarId::of_wait(bars.turn, wait));
            let (x, w) = (*x, *w);
            Some(Either::Right(view! { <Ring nth x w thin=true selected /> }))
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

fn gave_up(x: Percent) -> impl IntoView {
    view! {
        <svg class="end" x=x.to_string() y="24">
            <path d="M1.5-4v36"></path>
            <text x="9" y="18">
                "gave up"
            </text>
        </svg>
    }
}
