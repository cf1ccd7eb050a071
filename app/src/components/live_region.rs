//! A sentence for those who hear the page.

use leptos::prelude::*;

/// The sentence. A screen reader speaks it whenever it changes.
#[component]
pub fn LiveRegion(
    /// The sentence.
    #[prop(into)]
    text: Signal<String>,
    /// One more class.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    view! {
        <p class=format!("vh {class}") role="status" aria-live="polite">
            {text}
        </p>
    }
}
