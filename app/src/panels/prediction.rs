//! What is going to happen, said before it does, and whether it came true.

use leptos::prelude::*;
use maud::{Markup, html};

use crate::markup::drawn;
use crate::{
    format::tenths_ms,
    icons::symbol,
    live::{
        outlook::{Outlook, Verdict},
        store::{Store, running_turn},
    },
    markup::keep,
};

/// The line under the signal path.
#[component]
pub fn PredictionLine() -> impl IntoView {
    let store = expect_context::<Store>();
    drawn(|| line(store))
}

/// Keeps it.
pub(super) fn start(store: Store) {
    keep(".predict", move || line(store));
}

fn line(store: Store) -> Markup {
    store.outlook.with(|outlook| {
        html! {
            p.predict {
                b { "Predicted" } " "
                span title=(range(outlook)) { (words(store, outlook)) } " "
                (verdict(outlook))
            }
        }
    })
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

/// How far the last message kept to what was predicted for it.
fn verdict(outlook: &Outlook) -> Markup {
    let told = outlook.last.as_ref().and_then(|last| {
        let turn = last.turn;
        match &last.verdict {
            Verdict::Open => None,
            Verdict::RightSoFar => Some(("sofar", "#i-check", "right so far".to_owned())),
            Verdict::CameTrue => Some(("sofar", "#i-check", format!("turn {turn}: it came true"))),
            Verdict::Otherwise(how) => {
                Some(("sofar otherwise", "#i-alert", format!("turn {turn} went otherwise: {how}")))
            }
        }
    });
    html! { @if let Some((class, mark, words)) = told { span class=(class) { (symbol(mark)) " " span { (words) } } } }
}

fn range(outlook: &Outlook) -> String {
    let (least, most) = (tenths_ms(outlook.next.min_ms), tenths_ms(outlook.next.max_ms));
    let takes =
        if outlook.next.held { "what the store itself and your holds take" } else { "what the store itself takes" };
    format!("{least} and {takes}: {most} at most, or the turn goes otherwise")
}
