//! The signal path: browser, server function, sidecar, actor, state store, in step with the events.
//!
//! - [`flow`]: how it stands, a pure function of the turns and of what can be reached
//! - [`hop`], [`station`]: its parts as SVG

mod flow;
mod hop;
mod station;

use leptos::prelude::*;

use self::{
    flow::flow,
    hop::{AT, Hop, LastHop},
    station::Station,
};
use crate::state::{
    connection::{Connection, ConnectionState},
    lab::LabState,
    playback::PlaybackState,
    shown_lab::ShownLab,
    timeline::TimelineState,
};
use model::timeline::Turn;

/// The drawing.
#[component]
pub fn SignalPath() -> impl IntoView {
    let timeline = expect_context::<TimelineState>();
    let playback = expect_context::<PlaybackState>();
    let shown = expect_context::<ShownLab>();
    let connection = expect_context::<ConnectionState>();
    let lab = expect_context::<LabState>();
    let path = Memo::new(move |_| {
        let (active, now) = (timeline.active.get(), playback.time.get());
        shown.fault.with(|fault| {
            timeline.turns.with(|turns| match shown.earlier_panels() {
                Some(then) => flow(turns, fault, active, &then, Connection::Live, now),
                None => lab.panels.with(|panels| flow(turns, fault, active, panels, connection.get(), now)),
            })
        })
    });
    let left = Memo::new(move |_| timeline.turns.with(|turns| left(turns, playback.time.get())));
    let hop = |n: usize| view! { <Hop state=Signal::derive(move || path.read().hops[n]) from=AT[n] to=AT[n + 1] /> };
    let runtime = lab.runtime();
    let (sidecar, kind) = (sidecar_word(&runtime.sidecar).to_owned(), runtime.store);
    let actor = Signal::derive(move || path.read().actor.clone());
    let actor_short = Signal::derive(move || path.read().actor_short.to_owned());
    let station = |n: usize, under: Signal<String>, short_under: Signal<String>| {
        let state = Signal::derive(move || path.read().nodes[n]);
        view! { <Station state at=AT[n] place=n under short_under left /> }
    };
    let fixed = |n: usize, under: &str, short_under: &str| station(n, under.into(), short_under.into());
    view! {
        <div class="flow">
            <svg class="flow-line" height="68" role="img" aria-label=move || path.read().sentence.clone()>
                {hop(0)}
                {hop(1)}
                {hop(2)}
                <LastHop path />
                {fixed(0, "you", "you")}
                {fixed(1, "send_message", "send")}
                {fixed(2, &sidecar, &sidecar)}
                {station(3, actor, actor_short)}
                {fixed(4, &kind, &kind)}
            </svg>
        </div>
    }
}

/// The arc that runs down while a wait or a hold lasts, in percent of its circle.
fn left(turns: &[Turn], now: u64) -> u64 {
    let left = turns.iter().find_map(|turn| match turn.held() {
        Some(hold) => Some((hold.due_at, hold.due_at.saturating_sub(hold.from))),
        None => turn.waits.last().filter(|wait| !wait.over && !turn.ended()).map(|w| (w.due_at, w.delay_ms)),
    });
    left.map_or(0, |(due_at, of)| 100 * due_at.saturating_sub(now) / of.max(1)).min(100)
}

/// What stands under the sidecar: `embedded` of `embedded sidecar`, and a name with its version as it is.
fn sidecar_word(sidecar: &str) -> &str {
    sidecar.trim_end_matches("sidecar").trim()
}
