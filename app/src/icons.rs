//! The symbols of the page: one set, 16 px, drawn with one stroke.

use leptos::prelude::*;

/// Symbols and patterns that the page's drawings refer to by `#id`; rendered once, by the server.
#[cfg(feature = "ssr")]
#[component]
pub fn Definitions() -> impl IntoView {
    view! {
        <svg
            class="defs"
            width="0"
            height="0"
            aria-hidden="true"
            focusable="false"
            inner_html=include_str!("definitions.svg")
        ></svg>
    }
}

/// A symbol, by its `#i-…` name. It says nothing by itself: a text or a label stands beside it.
pub fn icon(href: &'static str) -> impl IntoView {
    view! {
        <svg class="i" aria-hidden="true">
            <use_ href=href></use_>
        </svg>
    }
}
