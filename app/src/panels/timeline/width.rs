//! How wide the page is: in one column the axis has room for one turn.

use leptos::prelude::*;

use crate::live::dom;

/// Tells `narrow` whether the page is laid out in one column, now and whenever it changes. In the browser alone.
pub(super) fn watch_width(narrow: RwSignal<bool>) {
    let look = move || {
        let query = window().match_media("(max-width: 53.75rem)");
        let is_narrow = query.ok().flatten().is_some_and(|query| query.matches());
        if narrow.get_untracked() != is_narrow {
            narrow.set(is_narrow);
            dom::mark(".tl-body", "close", is_narrow);
        }
    };
    look();
    dom::listen("resize", move |_| look());
}
