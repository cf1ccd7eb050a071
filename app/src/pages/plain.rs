//! The frame of a page that has no lab on it.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::panels::topbar::{ActorField, Brand, ThemeButton};

/// A page with one thing to say.
#[component]
pub fn PlainPage(
    /// The page's title and heading.
    title: &'static str,
    /// What stands in the actor field.
    #[prop(optional, into)]
    actor: String,
    /// What is wrong with it.
    #[prop(optional)]
    actor_error: Option<String>,
    /// The text under the heading.
    children: Children,
) -> impl IntoView {
    view! {
        <Title text=format!("{title} · Faultlab") />
        <div class="lab">
            <header class="topbar">
                <Brand />
                <ActorField actor known=Vec::new() error=actor_error />
                <span class="topbar-gap"></span>
                <ThemeButton />
            </header>
            <main class="plain">
                <h1>{title}</h1>
                {children()}
            </main>
        </div>
    }
}
