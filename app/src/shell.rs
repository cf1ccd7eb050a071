//! The HTML document around every page.

use http::request::Parts;
use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags};

use crate::{app::App, cookie::cookie, functions::theme::Theme, icons::Definitions};

/// The document: head, hydration scripts, drawing definitions, and the page in it.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let scripts = has_island().then(|| {
        view! {
            // What is drawn of half a lab would move when the rest comes: the body's last element is waited for.
            <link rel="expect" href="#definitions" blocking="render" />
            <HydrationScripts options=options.clone() islands=true />
        }
    });
    let theme = cookie(Theme::COOKIE).and_then(|name| Theme::named(&name));
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.map(Theme::as_str)>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta
                    name="description"
                    content="Let the state store of a Dapr virtual actor fail on purpose, and watch the actor recover."
                />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <AutoReload options=options.clone() />
                <HashedStylesheet options id="leptos" />
                {scripts}
                <MetaTags />
            </head>
            <body>
                <App />
                <Definitions />
            </body>
        </html>
    }
}

/// Whether the page is a lab. No other has anything on it that moves, so no other loads the script.
fn has_island() -> bool {
    use_context::<Parts>().is_none_or(|request| request.uri.path() == "/" || request.uri.path().starts_with("/lab"))
}
