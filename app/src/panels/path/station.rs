//! A station of the signal path.

use leptos::prelude::*;

use super::flow::StationState;

/// What the stations are called, also where there is little room, and what each is.
const STATIONS: [[&str; 3]; 5] = [
    ["browser", "browser", "This page."],
    ["server function", "server fn", "The page's own server: it asks Dapr for the actor."],
    ["sidecar", "sidecar", "Dapr, beside the app: calls of the actor, and of its store, go through it."],
    ["actor", "actor", "ChatAgent: in memory while it is used, and one turn at a time."],
    ["state store", "store", "What the actor keeps: it outlives the actor's memory."],
];

/// The station, with what runs down around it while it waits.
#[component]
pub(super) fn Station(
    /// Which it is, from 0.
    place: usize,
    /// Where it stands, in percent of the width.
    at: u8,
    /// How it stands.
    state: Signal<StationState>,
    /// What stands under it.
    under: Signal<String>,
    /// The same where there is little room.
    short_under: Signal<String>,
    /// What is left of a wait, in percent.
    left: Memo<u64>,
) -> impl IntoView {
    let [name, short_name, meaning] = STATIONS[place];
    let waits = Memo::new(move |_| state.get() == StationState::Waits);
    let countdown = move || {
        waits.get().then(|| {
            let dashes = move || format!("{} 100", left.get());
            view! {
                <circle class="halo" r="10.5"></circle>
                <circle class="drain" r="10.5" pathLength="100" stroke-dasharray=dashes transform="rotate(-90)"></circle>
            }
        })
    };
    view! {
        <svg x=format!("{at}%") y="30">
            <g class=move || state.get().class()>
                <title>{meaning}</title>
                {countdown}
                <circle class="term" r="6"></circle>
                <text class="n1 wide-only" y="-15">{name}</text>
                <text class="n1 narrow-only" y="-15">{short_name}</text>
                <text class="n2 wide-only" y="22">{under}</text>
                <text class="n2 narrow-only" y="22">{short_under}</text>
            </g>
        </svg>
    }
}
