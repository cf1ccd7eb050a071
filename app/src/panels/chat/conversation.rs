//! The lines of the conversation on the page.

use leptos::{either::Either, prelude::*};

use super::{
    foot::{Foot, TurnSummary},
    lines::{Failure, Line, PLACES_OF_A_PART, lines},
};
use crate::{
    components::{BarLink, Countdown, Icon, PartedList, SendAgain, TurnTrace},
    panels::prediction::LastPrediction,
    state::{lab::LabState, messages::MessagesState, playback::PlaybackState, timeline::TimelineState},
};
use model::message::MessageId;

/// All of it.
#[component]
pub(super) fn Conversation() -> impl IntoView {
    let playback = expect_context::<PlaybackState>();
    let messages = expect_context::<MessagesState>();
    let timeline = expect_context::<TimelineState>();
    let lab = expect_context::<LabState>();
    let entries = Memo::new(move |_| shown_lines(lab, timeline, messages, playback));
    view! { <PartedList entries key=|line| line.place keys_of_a_part=PLACES_OF_A_PART entry=line /> }
}

/// What is shown of it.
fn shown_lines(lab: LabState, timeline: TimelineState, messages: MessagesState, playback: PlaybackState) -> Vec<Line> {
    // What has just been sent is no part of an earlier moment.
    let unsent = if playback.is_past() { Vec::new() } else { messages.unsent.get() };
    lab.panels.with(|panels| timeline.turns.with(|turns| lines(&panels.before, turns, &unsent)))
}

/// The last message that offers to be sent again, and its id.
pub(in crate::panels) fn last_to_send_again_untracked(
    lab: LabState,
    timeline: TimelineState,
    messages: MessagesState,
    playback: PlaybackState,
) -> Option<(String, MessageId)> {
    let lines = untrack(|| shown_lines(lab, timeline, messages, playback));
    lines.into_iter().rev().find_map(|line| Some((line.text, line.failure?.again?)))
}

/// One line.
fn line(line: Memo<Line>) -> impl IntoView {
    move || {
        let Line { class, who, text, foot, failure, ends, .. } = line.get();
        let failure = failure.map(|failure| view! { <FailureCard failure content=text.clone() /> });
        let said = match who {
            Some(who) => Either::Left(view! {
                <span class="who">{who}</span>
                <div class="bubble">
                    <p>{text}</p>
                </div>
            }),
            None => Either::Right(text),
        };
        view! {
            <li class=class>
                {said}
                {foot.map(|foot| view! { <MessageFoot foot /> })}
                {failure}
                {ends.map(|turn| view! { <LastPrediction turn /> })}
            </li>
        }
    }
}

/// How the message's turn goes.
#[component]
fn MessageFoot(
    /// What there is to say of it.
    foot: Foot,
) -> impl IntoView {
    let Foot { turn, class, words, due_at } = foot;
    view! {
        <div class="msg-foot">
            {turn.map(|turn| view! { <TurnLink turn /> })}
            " "
            <span class=class>
                {words}
                {due_at.map(|due_at| view! {
                    " "
                    <Countdown due_at class="tnum" />
                })}
            </span>
        </div>
    }
}

/// The turn in small, as a link to its telling bar.
#[component]
fn TurnLink(
    /// The turn.
    turn: TurnSummary,
) -> impl IntoView {
    let TurnSummary { marks, bar } = turn;
    view! {
        <BarLink bar>
            <TurnTrace marks />
        </BarLink>
    }
}

/// Why a message was not stored, and what can be done about it.
#[component]
fn FailureCard(
    /// What there is to say of it.
    failure: Failure,
    /// The message.
    content: String,
) -> impl IntoView {
    let Failure { title, text, turn, attempt, again, sent_again_in } = failure;
    let turn = turn.map(|turn| {
        view! {
            <span class="failure-trace">
                <TurnLink turn />
                {attempt.map(|attempt| format!(" Attempt {attempt}"))}
            </span>
        }
    });
    view! {
        <div class="failure">
            <p class="failure-t">
                <Icon href="#i-alert" />
                " "
                <b>{title}</b>
            </p>
            <p class="failure-s">{text}</p>
            <div class="failure-a">
                {again.map(|id| view! { <SendAgain content id class="btn primary" /> })}
                {sent_again_in.map(|number| view! { <span class="note">{format!("Sent again in turn {number}")}</span> })}
                {turn}
            </div>
        </div>
    }
}
