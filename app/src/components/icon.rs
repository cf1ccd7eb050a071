//! A symbol of the page's set.

use leptos::prelude::*;

/// The symbol. It says nothing by itself: a text or a label stands beside it. Written out with a fixed `href` it would draw
/// nothing: `view!` leaves `use_` as it is in what is static all through.
#[component]
pub fn Icon(
    /// Its `#i-…` name in `icons::Definitions`.
    href: &'static str,
) -> impl IntoView {
    view! {
        <svg class="i" aria-hidden="true">
            <use_ href=href></use_>
        </svg>
    }
}
