//! The symbols of the page: one set, 16 px, drawn with one stroke.

use leptos::prelude::*;

/// Symbols and patterns that the page's SVGs refer to by `#id`; rendered once, by the server.
#[component]
pub fn Definitions() -> impl IntoView {
    view! {
        <svg
            id="definitions"
            class="defs"
            width="0"
            height="0"
            aria-hidden="true"
            focusable="false"
            inner_html=include_str!("definitions.svg")
        ></svg>
    }
}
