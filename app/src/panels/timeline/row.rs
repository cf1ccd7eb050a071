//! One row: a turn's number, message and standing at the left, and what it did beside it.

use std::sync::Arc;

use leptos::{
    either::{Either, EitherOf3},
    ev::MouseEvent,
    prelude::*,
};

use super::{
    context::PlotContext,
    plot::RowPlot,
    rows::{Body, Head, Row},
};
use crate::{
    components::{Icon, TurnTrace, turn_trace::Mark},
    dom,
    state::{playback::PlaybackState, view::ViewState},
};
use model::timeline::BarId;

/// The row of a turn, or of what comes next. Whatever changes in it, its elements stay, and with them the focus.
pub(super) fn turn_row(row: Memo<Arc<Row>>) -> impl IntoView {
    let content = move || {
        row.with(|row| {
            let body = match row.body.clone() {
                Body::Bars(bars) => EitherOf3::A(view! { <RowPlot bars /> }),
                Body::Earlier { ago, bar, marks } => EitherOf3::B(view! { <EarlierTurn turn=row.key ago bar marks /> }),
                Body::Blank => EitherOf3::C(blank()),
            };
            view! {
                <RowHead head=row.head.clone() />
                {body}
            }
        })
    };
    view! { <li class=move || row.with(|row| row.look.class())>{content}</li> }
}

/// The head of a row.
#[component]
fn RowHead(
    /// What it says.
    head: Option<Head>,
) -> impl IntoView {
    let playback = use_context::<PlaybackState>();
    let head = head.map(|Head { number, subject, class, icon, words, end }| {
        let title = view! {
            <b>{number}</b>
            <q>{subject}</q>
        };
        let title = match end {
            Some((turn, seq)) => {
                let show = move |click: MouseEvent| {
                    if let Some(playback) = playback.filter(|_| dom::is_plain(&click)) {
                        click.prevent_default();
                        playback.show_turn(turn);
                    }
                };
                Either::Left(view! {
                    <a
                        class="turn-n"
                        href=format!("?at={seq}#timeline")
                        title="Show the lab as it was at the end of this turn"
                        on:click=show
                    >
                        {title}
                    </a>
                })
            }
            None => Either::Right(view! { <p class="turn-n">{title}</p> }),
        };
        view! {
            {title}
            <p class=class>
                <Icon href=icon />
                <span>{words}</span>
            </p>
        }
    });
    view! { <div class="turn-head">{head}</div> }
}

/// A turn off the axis: small, with how long before it the turn began. Pressing it selects the attempt that says most
/// about it, and shows the lab as it was then, with the turn on the axis.
#[component]
fn EarlierTurn(
    /// Its number.
    turn: u64,
    /// How long before the axis it began.
    ago: String,
    /// The bar that says most about it.
    bar: Option<BarId>,
    /// Its attempts and waits.
    marks: Vec<Mark>,
) -> impl IntoView {
    let playback = use_context::<PlaybackState>();
    let view = use_context::<ViewState>();
    let shown_bar = expect_context::<PlotContext>().shown_bar;
    let trace = match bar {
        Some(bar) => {
            let show = move |click: MouseEvent| {
                if let Some((playback, view)) = playback.zip(view).filter(|_| dom::is_plain(&click)) {
                    click.prevent_default();
                    view.select(Some(bar));
                    playback.show_turn(turn);
                    // The small turn is gone then, and the focus with it: on to its bar.
                    request_animation_frame(move || {
                        if let Some(bar) = shown_bar.get_untracked() {
                            let _ = bar.focus();
                        }
                    });
                }
            };
            Either::Left(view! {
                <a
                    class="trace-a"
                    href=bar.href()
                    aria-label=format!("Turn {turn} in detail")
                    on:click=show
                >
                    <TurnTrace marks />
                </a>
            })
        }
        None => Either::Right(view! { <TurnTrace marks /> }),
    };
    view! {
        <div class="stub">
            <span class="stub-w">
                <Icon href="#i-older" />
                {ago}
            </span>
            {trace}
        </div>
    }
}

fn blank() -> impl IntoView {
    view! {
        <svg class="plot" height="64">
            <text class="blank" x="4.85%" y="36">
                "Your turns are drawn here, as they happen."
            </text>
        </svg>
    }
}
