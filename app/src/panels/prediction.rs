//! What is going to happen, said before it does, and whether it came true.

use leptos::prelude::*;

use crate::{
    components::Icon,
    format::tenths_ms,
    state::{
        messages::MessagesState,
        prediction::{Forecast, PredictionState, TurnForecast, Verdict},
        timeline::{TimelineState, running_turn},
    },
};
use model::lesson::prediction::Prediction;

/// The line under the signal path.
#[component]
pub fn PredictionLine() -> impl IntoView {
    let timeline = expect_context::<TimelineState>();
    let messages = expect_context::<MessagesState>();
    let prediction = expect_context::<PredictionState>();
    let title = move || prediction.forecast.with(|forecast| range(&forecast.next));
    view! {
        <p class="predict">
            <b>"Predicted"</b>
            " "
            <span title=title>{move || prediction.forecast.with(|forecast| words(timeline, messages, forecast))}</span>
            " "
            {move || {
                prediction.forecast.with(|forecast| running(timeline, forecast).and_then(verdict))
            }}
        </p>
    }
}

/// While a message is on its way, what was predicted for it; else what the next one would meet.
fn words(timeline: TimelineState, messages: MessagesState, forecast: &Forecast) -> String {
    match running(timeline, forecast) {
        Some(last) if last.is_anew => format!("Turn {}, anew: {}", last.turn, last.prediction.sentence()),
        Some(last) => format!("Turn {}: {}", last.turn, last.prediction.sentence()),
        _ if messages.sends_again() => format!("Sent again: {}", forecast.next.sentence()),
        _ => forecast.next.sentence(),
    }
}

/// What was predicted for the turn that runs.
fn running(timeline: TimelineState, forecast: &Forecast) -> Option<&TurnForecast> {
    let running = timeline.turns.with(|turns| running_turn(turns).map(|turn| turn.number));
    forecast.last.as_ref().filter(|last| running == Some(last.turn))
}

/// How far a message keeps to what was predicted for it; nothing while that is open.
fn verdict(last: &TurnForecast) -> Option<impl IntoView + use<>> {
    let (class, mark, words) = match &last.verdict {
        Verdict::Open => return None,
        Verdict::RightSoFar => ("sofar", "#i-check", "right so far".to_owned()),
        Verdict::CameTrue => ("sofar", "#i-check", "it came true".to_owned()),
        Verdict::Otherwise(how) => ("sofar otherwise", "#i-alert", format!("it went otherwise: {how}")),
    };
    Some(view! {
        <span class=class>
            <Icon href=mark />
            " "
            <span>{words}</span>
        </span>
    })
}

/// What was predicted for the last turn, once that has ended: under its message, with the verdict on it.
#[component]
pub fn LastPrediction(
    /// The turn.
    turn: u64,
) -> impl IntoView {
    let prediction = expect_context::<PredictionState>();
    let of_turn = Memo::new(move |_| {
        prediction.forecast.with(|forecast| forecast.last.clone().filter(|last| last.turn == turn && last.has_ended))
    });
    move || {
        of_turn.get().and_then(|last| {
            let verdict = verdict(&last)?;
            Some(view! {
                <p class="msg-foot foretold">
                    <span>{said(&last)}</span>
                    " "
                    {verdict}
                </p>
            })
        })
    }
}

/// What was predicted for a turn, and whether that was before it began.
fn said(of: &TurnForecast) -> String {
    let when = if of.is_anew { "Predicted anew on the way" } else { "Predicted" };
    format!("{when}: {}", of.prediction.sentence())
}

/// How long it takes.
fn range(next: &Prediction) -> String {
    let (least, most) = (tenths_ms(next.min_ms), tenths_ms(next.max_ms));
    let takes = if next.held { "what the store itself and your holds take" } else { "what the store itself takes" };
    format!("{least} and {takes}: {most} at most, or the turn goes otherwise")
}
