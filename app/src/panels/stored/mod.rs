//! The pane *Stored*: the history as Dapr gives it, the value as the store itself gives it, and the events that came
//! back through the subscription.

mod deliveries;
mod events;
mod history;
mod json;
mod unreadable;
mod value;

use leptos::prelude::*;

use self::{events::Events, history::History, value::Value};

/// The pane.
#[component]
pub fn StoredPane() -> impl IntoView {
    view! {
        <div class="pane pane-stored">
            <History />
            <Value />
            <Events />
        </div>
    }
}
