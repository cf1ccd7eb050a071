//! What is going to happen, said before it does, and whether it came true.

use leptos::prelude::*;

use crate::{
    format::tenths_ms,
    icons::icon,
    live::{
        outlook::Verdict,
        store::{Store, running_turn},
    },
};

/// The line under the signal path.
#[component]
pub fn PredictionLine() -> impl IntoView {
    let store = expect_context::<Store>();
    // While a message is on its way, what was predicted for it; else what the next one would meet.
    let words = move || {
        let outlook = store.outlook.read();
        let running = store.turns.with(|turns| running_turn(turns).map(|turn| turn.number));
        match &outlook.last {
            Some(last) if running == Some(last.turn) => format!("Turn {}: {}", last.turn, last.prediction.sentence()),
            _ if store.sends_again() => format!("Sent again: {}", outlook.next.sentence()),
            _ => outlook.next.sentence(),
        }
    };
    let verdict = move || {
        let outlook = store.outlook.read();
        let last = outlook.last.as_ref()?;
        let turn = last.turn;
        let (class, mark, words) = match &last.verdict {
            Verdict::Open => return None,
            Verdict::RightSoFar => ("sofar", "#i-check", "right so far".to_owned()),
            Verdict::CameTrue => ("sofar", "#i-check", format!("turn {turn}: it came true")),
            Verdict::Otherwise(how) => ("sofar otherwise", "#i-alert", format!("turn {turn} went otherwise: {how}")),
        };
        Some(view! { <span class=class>{icon(mark)} <span>{words}</span></span> })
    };
    let range = move || {
        let outlook = store.outlook.read();
        let (least, most) = (tenths_ms(outlook.next.min_ms), tenths_ms(outlook.next.max_ms));
        let takes =
            if outlook.next.held { "what the store itself and your holds take" } else { "what the store itself takes" };
        format!("{least} and {takes}: {most} at most, or the turn goes otherwise")
    };
    view! { <p class="predict"><b>"Predicted"</b> <span title=range>{words}</span> {verdict}</p> }
}
