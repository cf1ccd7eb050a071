//! What is going to happen, said before it does, and whether it came true.

use leptos::prelude::*;

use crate::{
    components::Icon,
    format::tenths_ms,
    state::{
        messages::MessagesState,
        prediction::{Forecast, PredictionState, Verdict},
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
                prediction.forecast.with(verdict).map(|(class, mark, words)| view! {
                    <span class=class>
                        <Icon href=mark />
                        " "
                        <span>{words}</span>
                    </span>
                })
            }}
        </p>
    }
}

/// While a message is on its way, what was predicted for it; else what the next one would meet.
fn words(timeline: TimelineState, messages: MessagesState, forecast: &Forecast) -> String {
    let running = timeline.turns.with(|turns| running_turn(turns).map(|turn| turn.number));
    match &forecast.last {
        Some(last) if running == Some(last.turn) => format!("Turn {}: {}", last.turn, last.prediction.sentence()),
        _ if messages.sends_again() => format!("Sent again: {}", forecast.next.sentence()),
        _ => forecast.next.sentence(),
    }
}

/// How far the last message kept to what was predicted for it: a class, a symbol and the words.
fn verdict(forecast: &Forecast) -> Option<(&'static str, &'static str, String)> {
    let last = forecast.last.as_ref()?;
    let turn = last.turn;
    match &last.verdict {
        Verdict::Open => None,
        Verdict::RightSoFar => Some(("sofar", "#i-check", "right so far".to_owned())),
        Verdict::CameTrue => Some(("sofar", "#i-check", format!("turn {turn}: it came true"))),
        Verdict::Otherwise(how) => Some(("sofar otherwise", "#i-alert", format!("turn {turn} went otherwise: {how}"))),
    }
}

/// How long it takes.
fn range(next: &Prediction) -> String {
    let (least, most) = (tenths_ms(next.min_ms), tenths_ms(next.max_ms));
    let takes = if next.held { "what the store itself and your holds take" } else { "what the store itself takes" };
    format!("{least} and {takes}: {most} at most, or the turn goes otherwise")
}
