//! The pane *Stored*: the history as Dapr gives it, the value as the store itself gives it, and the events that came
//! back through the subscription.

mod deliveries;
mod events;
mod history;
mod json;
mod value;

use leptos::prelude::*;

use self::{events::Events, history::History, value::Value};
use crate::components::Icon;
use model::error::LabError;

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

/// What stands in a block in place of what cannot be read.
#[component]
fn Unreadable(
    /// Why it cannot.
    error: LabError,
) -> impl IntoView {
    view! { <p class="form-error"><Icon href="#i-alert" /> " " <span>{error.message}</span></p> }
}
