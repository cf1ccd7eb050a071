//! How wide the page is: in one column the axis has room for one turn.

use leptos::{ev, prelude::*};

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
        let resized = window_event_listener(ev::resize, move |_| look());
        on_cleanup(move || resized.remove());
    });
}
