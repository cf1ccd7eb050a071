//! The selection: a bar is a plain link that works without script; with script the same link selects without a new
//! page, and the browser's back button goes back.

use leptos::{ev, ev::MouseEvent, leptos_dom::helpers::WindowListenerHandle, prelude::*};

use super::bar_id::BarId;
use crate::live::dom;

/// Whether the click is for this page: not one that asks for a new tab or window.
pub(super) fn is_plain(click: &MouseEvent) -> bool {
    click.button() == 0 && !(click.ctrl_key() || click.meta_key() || click.shift_key() || click.alt_key())
}

/// Handles the click on a link that selects `bar`, or nothing.
pub(super) fn on_click(
    selected: RwSignal<Option<BarId>>,
    bar: Option<BarId>,
) -> impl Fn(MouseEvent) + Clone + Send + Sync + 'static {
    move |click| {
        if !is_plain(&click) {
            return;
        }
        click.prevent_default();
        if selected.get_untracked() == bar {
            return;
        }
        dom::remember_address();
        selected.set(bar);
    }
}

/// Handles the click on a link to `bar`: puts its address on the clipboard and tells `copied`. Where a page may not
/// use the clipboard, which is so on plain HTTP beyond this machine, the link does what links do.
pub(super) fn on_copy(
    bar: BarId,
    copied: RwSignal<Option<BarId>>,
) -> impl Fn(MouseEvent) + Clone + Send + Sync + 'static {
    move |click| {
        let Ok(base) = window().location().href() else { return };
        let Ok(address) = web_sys::Url::new_with_base(&bar.href(), &base) else { return };
        if is_plain(&click) && dom::has_clipboard() {
            click.prevent_default();
            dom::copy(&address.href());
            copied.set(Some(bar));
        }
    }
}

fn until_cleanup(handle: WindowListenerHandle) {
    on_cleanup(move || handle.remove());
}

/// Tells `narrow` whether the page is laid out in one column, once the page has been hydrated and whenever it changes.
pub(super) fn watch_width(narrow: RwSignal<bool>) {
    Effect::new(move |_| {
        let look = move || {
            let query = window().match_media("(max-width: 53.75rem)");
            let is_narrow = query.ok().flatten().is_some_and(|query| query.matches());
            if narrow.get_untracked() != is_narrow {
                narrow.set(is_narrow);
            }
        };
        look();
        until_cleanup(window_event_listener(ev::resize, move |_| look()));
    });
}
