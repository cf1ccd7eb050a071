//! What stands in a block in place of what cannot be read.

use leptos::prelude::*;

use crate::components::Icon;
use model::error::LabError;

/// The reason.
#[component]
pub(super) fn Unreadable(
    /// Why it cannot.
    error: LabError,
) -> impl IntoView {
    view! { <p class="form-error"><Icon href="#i-alert" /> " " <span>{error.message}</span></p> }
}
