//! The few things that the page does to the browser itself.

use std::fmt::Write as _;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, Event, HtmlElement, MouseEvent};

use crate::{cookie, functions::theme::Theme};
use model::message::MessageId;

/// The element that an event happened at.
pub fn target(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// Whether a click is for this page: with a key held or another button, a link is for another tab or window.
pub fn is_plain(click: &MouseEvent) -> bool {
    click.button() == 0 && !(click.ctrl_key() || click.meta_key() || click.shift_key() || click.alt_key())
}

/// A new message id: 128 random bits. `crypto.randomUUID` is not there on plain HTTP in a network, this is.
///
/// # Panics
/// Never: hexadecimal digits name a message.
pub fn new_message_id() -> MessageId {
    let mut bytes = [0u8; 16];
    if let Ok(crypto) = window().crypto() {
        let _ = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    let id = bytes.iter().fold(String::with_capacity(32), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    });
    id.try_into().expect("32 visible characters name a message")
}

/// Shows the page in this theme from now on, and says so to the server at the next visit.
pub fn set_theme(theme: Theme) {
    mark_document("data-theme", Some(theme.as_str()));
    remember(Theme::COOKIE, theme.as_str());
}

/// Shows the page in the other theme from now on: dark where it is light.
pub fn toggle_theme() {
    let chosen = document().document_element().and_then(|root| root.get_attribute("data-theme"));
    let is_dark = match chosen.and_then(|name| Theme::named(&name)) {
        Some(theme) => theme == Theme::Dark,
        None => {
            let dark = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
            dark.is_some_and(|dark| dark.matches())
        }
    };
    set_theme(if is_dark { Theme::Light } else { Theme::Dark });
}

/// Gives the document itself an attribute that the style sheet asks for, or takes it away.
pub fn mark_document(name: &str, value: Option<&str>) {
    let Some(root) = document().document_element() else { return };
    let _ = match value {
        Some(value) => root.set_attribute(name, value),
        None => root.remove_attribute(name),
    };
}

/// Tells the server at the next visit, for a year.
pub fn remember(name: &str, value: &str) {
    if let Ok(document) = document().dyn_into::<web_sys::HtmlDocument>() {
        let _ = document.set_cookie(&cookie::line(name, value));
    }
}

/// Whether text can be put on the clipboard: only on HTTPS and on this machine itself.
pub fn has_clipboard() -> bool {
    window().is_secure_context()
}

/// Puts a text on the clipboard; says whether the browser let it.
pub async fn copy(text: &str) -> bool {
    JsFuture::from(window().navigator().clipboard().write_text(text)).await.is_ok()
}

/// Takes the focus away from whatever has it.
pub fn blur() {
    let focused = document().active_element().and_then(|element| element.dyn_into::<HtmlElement>().ok());
    if let Some(element) = focused {
        let _ = element.blur();
    }
}

/// Brings the element with this id into view, if it is not there already.
pub fn bring_into_view(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        element.scroll_into_view_with_bool(true);
    }
}

/// Scrolls no more than it takes to have the element with this id in view.
pub fn bring_near(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        let nearest = web_sys::ScrollIntoViewOptions::new();
        nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&nearest);
    }
}

/// Whether nobody can see the page.
pub fn is_hidden() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Hidden
}
