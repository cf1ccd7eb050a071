//! What a person presses in a drawing. A drawing is text and hears nothing itself: its links and forms are plain ones,
//! which work without script, and are heard here.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlAnchorElement, MouseEvent};

use super::{dom, store::Store};
use crate::panels::timeline::{BarId, tools};

/// How long a button that has copied something says so.
const COPIED: Duration = Duration::from_millis(1_500);

/// Listens from now on.
pub(super) fn start(store: Store) {
    dom::listen("click", move |event| clicked(store, event.unchecked_ref()));
    dom::listen("input", move |event| typed(store, event));
}

fn clicked(store: Store, click: &MouseEvent) {
    let at = dom::target(click);
    let Some(at) = at.filter(|_| dom::is_plain(click) && !click.default_prevented()) else { return };
    let closest = |selector: &str| at.closest(selector).ok().flatten();
    if let Some(link) = closest("[data-copy-link]").filter(|_| dom::has_clipboard()) {
        click.prevent_default();
        copy(store, &link, &link.unchecked_ref::<HtmlAnchorElement>().href());
    } else if let Some(link) = closest("a[href^='?bar='], a[data-turn], a[data-close]") {
        click.prevent_default();
        go(store, &link);
    } else if tools::pressed(store, &at) {
        click.prevent_default();
    }
}

/// Follows a link within the page: to a bar, to nothing selected, to the end of a turn, or to a bar at that moment.
fn go(store: Store, link: &Element) {
    let href = link.get_attribute("href").unwrap_or_default();
    let bar: Option<BarId> = href.strip_prefix("?bar=").and_then(|bar| bar.split('#').next()?.parse().ok());
    if bar.is_some() || link.has_attribute("data-close") {
        store.select(bar);
    }
    if let Ok(None) = link.closest("#timeline") {
        dom::bring_into_view("timeline");
    }
    if let Some(turn) = link.get_attribute("data-turn").and_then(|turn| turn.parse().ok()) {
        store.show_turn(turn);
        if bar.is_some() {
            // The small turn is gone then, and the focus with it: on to its bar.
            request_animation_frame(|| {
                dom::focus(".bar.sel");
            });
        }
    }
}

fn copy(store: Store, button: &Element, text: &str) {
    dom::copy(text);
    store.said.set("Copied.".to_owned());
    let marks = button.class_list();
    let _ = marks.add_1("done");
    set_timeout(move || drop(marks.remove_1("done")), COPIED);
}

/// What is being typed.
fn typed(store: Store, event: &Event) {
    if let Some(field) = dom::target(event) {
        tools::moved(store, &field);
    }
}
