//! The few things that the page does to the browser itself.

use std::fmt::Write as _;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// A new message id: 128 random bits. `crypto.randomUUID` is not there on plain HTTP in a network, this is.
pub fn new_message_id() -> String {
    let mut bytes = [0u8; 16];
    if let Ok(crypto) = window().crypto() {
        let _ = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    bytes.iter().fold(String::with_capacity(32), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}

/// Shows the page in this theme from now on, and says so to the server at the next visit.
pub fn set_theme(theme: &str) {
    let Some(root) = document().document_element() else { return };
    let _ = root.set_attribute("data-theme", theme);
    if let Ok(document) = document().dyn_into::<web_sys::HtmlDocument>() {
        let _ = document.set_cookie(&format!("theme={theme}; Path=/; Max-Age=31536000; SameSite=Lax"));
    }
}

/// Whether text can be put on the clipboard: only on HTTPS and on this machine itself.
pub fn has_clipboard() -> bool {
    window().is_secure_context()
}

/// Puts a text on the clipboard.
pub fn copy(text: &str) {
    let _ = window().navigator().clipboard().write_text(text);
}

/// Puts what is selected into the address, so that it can be shared, and takes the error of a form out of it.
pub fn show_in_address(bar: Option<&str>) {
    let Ok(url) = window().location().href().and_then(|href| web_sys::Url::new(&href)) else { return };
    let query = url.search_params();
    query.delete("__path");
    query.delete("__err");
    match bar {
        Some(bar) => query.set("bar", bar),
        None => query.delete("bar"),
    }
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&url.href()));
    }
}

/// Brings the element with this id into view, if it is not there already.
pub fn bring_into_view(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        element.scroll_into_view_with_bool(true);
    }
}

/// Whether nobody can see the page.
pub fn is_hidden() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Hidden
}
