//! What is left of a wait.

use leptos::prelude::*;

use crate::{format::tenths_ms, state::playback::PlaybackState};

/// The time that is left, to the tenth of a second, by the clock of what is shown.
#[component]
pub fn Countdown(
    /// The end, in milliseconds since the Unix epoch.
    due_at: u64,
    /// Its classes.
    class: &'static str,
) -> impl IntoView {
    let playback = expect_context::<PlaybackState>();
    view! { <b class=class>{move || tenths_ms(due_at.saturating_sub(playback.time.get()))}</b> }
}
