//! The signal path: browser, server function, sidecar, actor, state store, in step with the events.

mod flow;

use leptos::prelude::*;

use self::flow::{Flow, Hop, NodeLook, flow};
use crate::live::store::{Connection, Store};

/// Where the five stations stand, in percent of the width.
const AT: [u8; 5] = [6, 28, 50, 72, 94];
/// Where the switch is, between the last two.
const KNIFE: u8 = 83;

/// The drawing.
#[component]
pub fn SignalPath() -> impl IntoView {
    let store = expect_context::<Store>();
    let path = Memo::new(move |_| {
        let (fault, active, now) = (store.fault_then.read(), store.active.get(), store.clock.get());
        store.turns.with(|turns| match store.panels_then() {
            Some(then) => flow(turns, &fault, active, &then, Connection::Live, now),
            None => store.panels.with(|panels| flow(turns, &fault, active, panels, store.connection.get(), now)),
        })
    });
    // The arc that runs down while a wait lasts, as a share of its circle. It moves at every tick, the rest does not.
    let left = Signal::derive(move || {
        store.turns.with(|turns| {
            let now = store.clock.get();
            let left = turns.iter().find_map(|turn| match turn.held() {
                Some(hold) => Some((hold.due_at, hold.due_at.saturating_sub(hold.from))),
                None => turn.waits.last().filter(|wait| !wait.over && !turn.ended()).map(|w| (w.due_at, w.delay_ms)),
            });
            left.map_or(0, |(due_at, of)| 100 * due_at.saturating_sub(now) / of.max(1)).min(100)
        })
    });
    let (sidecar, kind) = store.runtime.with_value(|runtime| (sidecar_word(&runtime.sidecar), runtime.store.clone()));
    let drawing = move || path.with(|path| drawing(path, &sidecar, &kind, left));
    view! {
        <div class="flow">
            <svg class="flow-line" height="68" role="img" aria-label=move || path.with(|path| path.sentence.clone())>
                {drawing}
            </svg>
        </div>
    }
}

/// What stands under the sidecar: `embedded` of `embedded sidecar`, and a name with its version as it is.
fn sidecar_word(sidecar: &str) -> String {
    sidecar.trim_end_matches("sidecar").trim().to_owned()
}

fn drawing(path: &Flow, sidecar: &str, kind: &str, left: Signal<u64>) -> impl IntoView + use<> {
    let hops = (0..3).map(|n| hop(path.hops[n], AT[n], AT[n + 1])).collect_view();
    let names = [
        ("browser", "browser"),
        ("server function", "server fn"),
        ("sidecar", "sidecar"),
        ("actor", "actor"),
        ("state store", "store"),
    ];
    let under = [
        ("you".to_owned(), "you".to_owned()),
        ("send_message".to_owned(), "send".to_owned()),
        (sidecar.to_owned(), sidecar.to_owned()),
        (path.actor.clone(), path.actor_short.to_owned()),
        (kind.to_owned(), kind.to_owned()),
    ];
    let nodes = names.into_iter().zip(under).enumerate();
    let nodes = nodes.map(|(n, (name, under))| node(path.nodes[n], AT[n], name, under, left)).collect_view();
    view! {
        {hops}
        {last_hop(path)}
        {nodes}
    }
}

fn hop(hop: Hop, from: u8, to: u8) -> impl IntoView {
    let (from, to) = (format!("{from}%"), format!("{to}%"));
    let pulse = (hop == Hop::Live).then(|| {
        view! { <line class="hop-pulse" x1=from.clone() x2=to.clone() y1="30" y2="30"></line> }
    });
    view! {
        <line class=hop.class() x1=from.clone() x2=to.clone() y1="30" y2="30"></line>
        {pulse}
    }
}

/// The last hop has the switch in its middle.
fn last_hop(path: &Flow) -> impl IntoView + use<> {
    let (first, second) = match path.hops[3] {
        Hop::Broken => (path.hops[3], Hop::Dead),
        other => (other, other),
    };
    let knife = path.knife.map(|class| {
        let open = matches!(path.hops[3], Hop::Broken);
        let arm = if open { "M-18 0L13.2-15.6" } else { "M-18 0H18" };
        view! {
            <svg x=format!("{KNIFE}%") y="30">
                <g class=class>
                    <rect class="gap" x="-18" y="-4.8" width="36" height="9.6"></rect>
                    <path class="arm" d=arm></path>
                    <circle class="pin" cx="-18" r="3.12"></circle>
                    <circle class="pin2" cx="18" r="3.12"></circle>
                </g>
            </svg>
        }
    });
    let words = path.hop_words.clone().map(|(class, words)| {
        view! { <text class=class x=format!("{KNIFE}%") y="52">{words}</text> }
    });
    view! {
        {hop(first, AT[3], KNIFE)}
        {hop(second, KNIFE, AT[4])}
        {knife}
        {words}
    }
}

fn node(
    look: NodeLook,
    at: u8,
    name: (&'static str, &'static str),
    under: (String, String),
    left: Signal<u64>,
) -> impl IntoView {
    let halo = (look == NodeLook::Waits).then(|| {
        view! {
            <circle class="halo" r="10.5"></circle>
            <circle
                class="drain"
                r="10.5"
                pathLength="100"
                stroke-dasharray=move || format!("{} 100", left.get())
                transform="rotate(-90)"
            ></circle>
        }
    });
    view! {
        <svg x=format!("{at}%") y="30">
            <g class=look.class()>
                {halo}
                <circle class="term" r="6"></circle>
                <text class="n1 wide-only" y="-15">{name.0}</text>
                <text class="n1 narrow-only" y="-15">{name.1}</text>
                <text class="n2 wide-only" y="22">{under.0}</text>
                <text class="n2 narrow-only" y="22">{under.1}</text>
            </g>
        </svg>
    }
}
