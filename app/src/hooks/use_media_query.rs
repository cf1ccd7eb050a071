//! Whether a media query matches.

use leptos::{ev, leptos_dom::helpers::window_event_listener, prelude::*};

/// Whether a media query matches, now and whenever that changes.
///
/// It says no until the page has been hydrated: the server has rendered it for no width, and what the browser hydrates
/// has to be the same. (leptos-use's does this too, and brings fifteen crates more for it.)
pub fn use_media_query(query: &'static str) -> Signal<bool> {
    let matches = RwSignal::new(false);
    let look = move || {
        let found = window().match_media(query).ok().flatten().is_some_and(|query| query.matches());
        if matches.get_untracked() != found {
            matches.set(found);
        }
    };
    Effect::new(move || {
        look();
        let resized = window_event_listener(ev::resize, move |_| look());
        on_cleanup(move || resized.remove());
    });
    matches.into()
}
