//! The HTML document around a page that is written once and has no script: a report, a recording, the list of the API.
//! Pages that Leptos routes to have theirs from `shell`. These are no routes of Leptos: the report is a file to be kept too,
//! with its style in it, and a recording comes as a file in a form, whose answer is this page with what was refused; an
//! axum handler does both, and renders either way with the same components.

use leptos::prelude::*;

use crate::{functions::theme::Theme, icons::Definitions};

/// Where a document's style comes from.
#[derive(Clone, Copy)]
pub enum Style<'a> {
    /// A stylesheet at this URL.
    Linked(&'a str),
    /// This text: the document is one file, which needs nothing beside it.
    Inline(&'a str),
}

/// What stands around a page.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// The style.
    pub style: Style<'a>,
    /// The theme in the reader's cookie; without one it follows the system.
    pub theme: Option<Theme>,
}

/// The document of a page with this title and this body.
#[must_use]
pub fn document(frame: Frame<'_>, title: &str, body: impl IntoView + 'static) -> String {
    let style = match frame.style {
        Style::Linked(href) => view! {
            <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
            <link rel="stylesheet" href=href.to_owned() />
        }
        .into_any(),
        Style::Inline(text) => view! { <style inner_html=text.to_owned()></style> }.into_any(),
    };
    let html = view! {
        <html lang="en" data-theme=frame.theme.map(Theme::as_str)>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title>{format!("Faultlab: {title}")}</title>
                {style}
            </head>
            <body>{body} <Definitions /></body>
        </html>
    };
    format!("<!DOCTYPE html>{}", html.to_html())
}
