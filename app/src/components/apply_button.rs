//! The button that sends a form where no script does.

use leptos::prelude::*;

/// The button.
#[component]
pub fn ApplyButton() -> impl IntoView {
    // As text: where scripts run, a browser makes no elements of what is in `noscript`, and there would be nothing to
    // hydrate.
    view! { <noscript inner_html=r#"<button class="btn small" type="submit">Apply</button>"#></noscript> }
}
