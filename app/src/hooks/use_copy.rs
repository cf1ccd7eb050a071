//! Copying to the clipboard.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use crate::{dom, state::announcements::Announcer};

/// How long it is shown that something was copied.
const SHOWN: Duration = Duration::from_millis(1_500);

/// Whether something has just been copied, and what copies a text. How it ended is announced too, which is why this is
/// not leptos-use's `use_clipboard`: of a text that was not copied that one says nothing.
pub fn use_copy() -> (ReadSignal<bool>, impl Fn(String) + Copy + Send + Sync + 'static) {
    let announcer = expect_context::<Announcer>();
    let (copied, set_copied) = signal(false);
    let copy = move |text: String| {
        spawn_local(async move {
            if !dom::copy(&text).await {
                announcer.announce_now("The browser did not let it be copied.");
                return;
            }
            announcer.announce_now("Copied.");
            // The button may be gone by then.
            let _ = set_copied.try_set(true);
            set_timeout(
                move || {
                    let _ = set_copied.try_set(false);
                },
                SHOWN,
            );
        });
    };
    (copied, copy)
}
