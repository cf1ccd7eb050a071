//! What is going to happen, said before it does, and whether it came true.

use leptos::prelude::*;

use crate::{
    components::Icon,
    format::tenths_ms,
    live::{
        outlook::{Outlook, Verdict},
        store::{Store, running_turn},
    },
};
use model::lesson::prediction::Prediction;

/// The line under the signal path.
#[component]
pub fn PredictionLine() -> impl IntoView {
    let store = expect_context::<Store>();
    let title = move || store.outlook.with(|outlook| range(&outlook.next));
    view! {
        <p class="predict">
            <b>"Predicted"</b>
            " "
            <span title=title>{move || store.outlook.with(|outlook| words(store, outlook))}</span>
            " "
            {move || {
                store.outlook.with(verdict).map(|(class, mark, words)| view! {
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
fn words(store: Store, outlook: &Outlook) -> String {
    let running = store.turns.with(|turns| running_turn(turns).map(|turn| turn.number));
    match &outlook.last {
        Some(last) if running == Some(last.turn) => format!("Turn {}: {}", last.turn, last.prediction.sentence()),
        _ if store.sends_again() => format!("Sent again: {}", outlook.next.sentence()),
        _ => outlook.next.sentence(),
    }
}

/// How far the last message kept to what was predicted for it: a class, a symbol and the words.
fn verdict(outlook: &Outlook) -> Option<(&'static str, &'static str, String)> {
    let last = outlook.last.as_ref()?;
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
