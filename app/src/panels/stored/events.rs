//! The events that came back through the subscription.

use leptos::prelude::*;

use super::deliveries::{Delivery, DeliveryState, deliveries};
use crate::{
    components::Icon,
    format,
    state::{lab::LabState, playback::PlaybackState},
};

/// How many events the pane shows: as many as fit beside the rest.
const SHOWN: usize = 5;

/// The block: what became of the last turns' events, newest first.
#[component]
pub(super) fn Events() -> impl IntoView {
    let playback = expect_context::<PlaybackState>();
    let deliveries = Memo::new(move |_| playback.with_events(deliveries));
    let newest = move || deliveries.with(|known| known.iter().rev().take(SHOWN).copied().collect::<Vec<_>>());
    view! {
        <div class="block b-events">
            <h3>"Events " <span class="note">"user-chat"</span></h3>
            <Show when=move || deliveries.with(Vec::is_empty)>
                <p class="none">"None yet. Each saved turn publishes one."</p>
            </Show>
            <ul class="events">
                <For each=newest key=|delivery| *delivery let:delivery>
                    <Row delivery />
                </For>
            </ul>
        </div>
    }
}

/// One event.
#[component]
fn Row(
    /// What became of it.
    delivery: Delivery,
) -> impl IntoView {
    let lab = expect_context::<LabState>();
    let (class, icon, words) = match delivery.state {
        DeliveryState::Published => ("queue-t", "#i-send", "published"),
        DeliveryState::Delivered => ("ok-t", "#i-check", "delivered"),
        DeliveryState::Failed => ("fail-t", "#i-cross", "not published"),
    };
    let turn = delivery.turn.map(|turn| format!("turn {turn}, ")).unwrap_or_default();
    view! {
        <li>
            <span class=class>
                <Icon href=icon />
            </span>
            <span>"ConversationUpdated"</span>
            <span class="note">{format!("{turn}{words}")}</span>
            <time>{format::clock(delivery.at, lab.utc_offset_min)}</time>
        </li>
    }
}
