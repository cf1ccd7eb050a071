//! A stretch between two stations.

use leptos::prelude::*;

use super::flow::{Flow, HopState};

/// Where the five stations stand, in percent of the width.
pub(super) const AT: [u8; 5] = [6, 28, 50, 72, 94];
/// Where the switch is, in the middle of the last hop, in percent of the width.
const SWITCH: u8 = 83;

/// The line, and what runs along it while a call is on its way.
#[component]
pub(super) fn Hop(
    /// How it stands.
    state: Signal<HopState>,
    /// Where it begins, in percent of the width.
    from: u8,
    /// Where it ends.
    to: u8,
) -> impl IntoView {
    let (x1, x2) = (format!("{from}%"), format!("{to}%"));
    let is_live = Memo::new(move |_| state.get() == HopState::Live);
    let pulse = {
        let (x1, x2) = (x1.clone(), x2.clone());
        move || {
            is_live.get().then(|| view! { <line class="hop-pulse" x1=x1.clone() x2=x2.clone() y1="30" y2="30"></line> })
        }
    };
    view! {
        <line class=move || state.get().class() x1=x1 x2=x2 y1="30" y2="30"></line>
        {pulse}
    }
}

/// The last hop has the switch in its middle.
#[component]
pub(super) fn LastHop(
    /// The path.
    path: Memo<Flow>,
) -> impl IntoView {
    let before = Signal::derive(move || path.read().hops[3]);
    let after = Signal::derive(move || match before.get() {
        HopState::Broken => HopState::Dead,
        state => state,
    });
    let switch = Memo::new(move |_| path.read().knife);
    let words = Memo::new(move |_| path.read().hop_words.clone());
    let at = format!("{SWITCH}%");
    let words_at = at.clone();
    view! {
        <Hop state=before from=AT[3] to=SWITCH />
        <Hop state=after from=SWITCH to=AT[4] />
        {move || {
            let open = move || before.get() == HopState::Broken;
            switch.get().map(|class| view! {
                <svg x=at.clone() y="30">
                    <g class=class>
                        <rect class="gap" x="-18" y="-4.8" width="36" height="9.6"></rect>
                        <path class="arm" d=move || if open() { "M-18 0L13.2-15.6" } else { "M-18 0H18" }></path>
                        <circle class="pin" cx="-18" r="3.12"></circle>
                        <circle class="pin2" cx="18" r="3.12"></circle>
                    </g>
                </svg>
            })
        }}
        {move || {
            words.get().map(|(class, words)| view! { <text class=class x=words_at.clone() y="52">{words}</text> })
        }}
    }
}
