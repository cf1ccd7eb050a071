//! The button that sends a form where no script does.

use leptos::prelude::*;

/// The button. The style sheet shows it only where no script runs: where one does, what is set takes effect at once.
#[component]
pub fn ApplyButton() -> impl IntoView {
    view! {
        <button class="btn small unscripted" type="submit">
            "Apply"
        </button>
    }
}
