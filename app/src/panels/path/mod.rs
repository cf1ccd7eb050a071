//! The signal path: browser, server function, sidecar, actor, state store, in step with the events.

mod flow;

use leptos::prelude::*;
use maud::{Markup, html};

use self::flow::{Flow, Hop, NodeLook, flow};
use crate::markup::drawn;
use crate::{
    live::store::{Connection, Store},
    markup::keep,
};
use model::timeline::Turn;

/// Where the five stations stand, in percent of the width.
const AT: [u8; 5] = [6, 28, 50, 72, 94];
/// What they are called, also where there is little room, and what each is.
const STATIONS: [[&str; 3]; 5] = [
    ["browser", "browser", "This page."],
    ["server function", "server fn", "The page's own server: it asks Dapr for the actor."],
    ["sidecar", "sidecar", "Dapr, beside the app: calls of the actor, and of its store, go through it."],
    ["actor", "actor", "ChatAgent: in memory while it is used, and one turn at a time."],
    ["state store", "store", "What the actor keeps: it outlives the actor's memory."],
];
/// Where the switch is, between the last two.
const KNIFE: u8 = 83;

/// The drawing.
#[component]
pub fn SignalPath() -> impl IntoView {
    let store = expect_context::<Store>();
    drawn(|| path(store))
}

/// Keeps it.
pub(super) fn start(store: Store) {
    keep(".flow", move || path(store));
}

fn path(store: Store) -> Markup {
    let now = store.clock.get();
    let path = store.fault_then.with(|fault| {
        let active = store.active.get();
        store.turns.with(|turns| match store.panels_then() {
            Some(then) => flow(turns, fault, active, &then, Connection::Live, now),
            None => store.panels.with(|panels| flow(turns, fault, active, panels, store.connection.get(), now)),
        })
    });
    let left = store.turns.with(|turns| left(turns, now));
    store.runtime.with_untracked(|runtime| drawing(&path, [sidecar_word(&runtime.sidecar), &runtime.store], left))
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

fn drawing(path: &Flow, [sidecar, kind]: [&str; 2], left: u64) -> Markup {
    // What stands under each station, also where there is little room.
    let under =
        [["you", "you"], ["send_message", "send"], [sidecar, sidecar], [&path.actor, path.actor_short], [kind, kind]];
    html! {
        div.flow {
            svg.flow-line height="68" role="img" aria-label=(path.sentence) {
                @for n in 0..3 { (hop(path.hops[n], AT[n], AT[n + 1])) }
                (last_hop(path))
                @for n in 0..5 { (node(path.nodes[n], AT[n], STATIONS[n], under[n], left)) }
            }
        }
    }
}

fn hop(hop: Hop, from: u8, to: u8) -> Markup {
    html! {
        line class=(hop.class()) x1={ (from) "%" } x2={ (to) "%" } y1="30" y2="30" {}
        @if hop == Hop::Live { line.hop-pulse x1={ (from) "%" } x2={ (to) "%" } y1="30" y2="30" {} }
    }
}

/// The last hop has the switch in its middle.
fn last_hop(path: &Flow) -> Markup {
    let broken = path.hops[3] == Hop::Broken;
    let second = if broken { Hop::Dead } else { path.hops[3] };
    html! {
        (hop(path.hops[3], AT[3], KNIFE))
        (hop(second, KNIFE, AT[4]))
        @if let Some(class) = path.knife {
            svg x={ (KNIFE) "%" } y="30" {
                g class=(class) {
                    rect.gap x="-18" y="-4.8" width="36" height="9.6" {}
                    path.arm d=(if broken { "M-18 0L13.2-15.6" } else { "M-18 0H18" }) {}
                    circle.pin cx="-18" r="3.12" {}
                    circle.pin2 cx="18" r="3.12" {}
                }
            }
        }
        @if let Some((class, words)) = &path.hop_words { text class=(class) x={ (KNIFE) "%" } y="52" { (words) } }
    }
}

fn node(
    look: NodeLook,
    at: u8,
    [name, short_name, meaning]: [&str; 3],
    [under, short_under]: [&str; 2],
    left: u64,
) -> Markup {
    html! {
        svg x={ (at) "%" } y="30" {
            g class=(look.class()) {
                title { (meaning) }
                @if look == NodeLook::Waits {
                    circle.halo r="10.5" {}
                    circle.drain r="10.5" pathLength="100" stroke-dasharray={ (left) " 100" } transform="rotate(-90)" {}
                }
                circle.term r="6" {}
                text.n1.wide-only y="-15" { (name) }
                text.n1.narrow-only y="-15" { (short_name) }
                text.n2.wide-only y="22" { (under) }
                text.n2.narrow-only y="22" { (short_under) }
            }
        }
    }
}
