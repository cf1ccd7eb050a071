//! A button that copies a text.

use leptos::prelude::*;

use super::Icon;
use crate::hooks::use_copy;

/// The button. It appears once the script runs, and only where the browser has a clipboard: dead buttons are worse than
/// none.
#[component]
pub fn CopyButton(
    /// What it is called.
    label: &'static str,
    /// What it copies.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let (copied, copy) = use_copy();
    view! {
        <button
            class="btn quiet icon copy swap"
            class:done=copied
            type="button"
            aria-label=label
            title=label
            on:click=move |_| copy(text.get_untracked())
        >
            <Icon href="#i-copy" />
            <Icon href="#i-check" />
        </button>
    }
}
