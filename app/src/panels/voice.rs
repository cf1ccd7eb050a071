//! What is said to those who hear the page.

use leptos::prelude::*;
use maud::{Markup, html};

use crate::markup::drawn;
use crate::{live::store::Store, markup::keep};

/// The sentence.
#[component]
pub fn Voice() -> impl IntoView {
    let store = expect_context::<Store>();
    drawn(|| sentence(store))
}

/// Keeps it.
pub(super) fn start(store: Store) {
    keep(".voice", move || sentence(store));
}

fn sentence(store: Store) -> Markup {
    html! { p.vh.voice role="status" aria-live="polite" { (store.said.get()) } }
}
