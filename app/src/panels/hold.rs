//! Holding attempts before they begin: in the bar on top, on a page that is laid out for a room, and wherever it is on.

use leptos::prelude::*;

use crate::{
    icons::icon,
    live::{
        hold::{self, HOLD},
        store::Store,
    },
    panels::controls::ErrorLine,
};

/// The box, and the button that lets a held attempt go. Without script the button is there as long as attempts are
/// held: the page does not hear when the next one is.
#[component]
pub fn HoldForm() -> impl IntoView {
    let store = expect_context::<Store>();
    let on = Memo::new(move |_| store.panels.with(|panels| panels.hold));
    let held = Memo::new(move |_| store.is_held());
    let nothing_to_release = move || !held.get() && (store.mounted.get() || !on.get());
    let release = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        hold::release(store);
    };
    view! {
        <form
            class="hold"
            class:on=on
            class:held=held
            action=HOLD
            method="post"
            autocomplete="off"
            on:submit=|event| event.prevent_default()
        >
            // Enter in the box presses a form's first button: not *Release*.
            <button type="submit" hidden tabindex="-1" aria-hidden="true"></button>
            <input type="hidden" name="actor" value=store.actor_id() />
            <label class="tick">
                <input
                    type="checkbox"
                    name="on"
                    checked=on.get_untracked()
                    prop:checked=on
                    on:change=move |event| hold::set(store, event_target_checked(&event))
                />
                " Hold before each attempt"
            </label>
            <noscript>
                <button class="btn small" type="submit">"Apply"</button>
            </noscript>
            <button
                class="btn small primary hold-release"
                type="submit"
                name="release"
                value="1"
                title="Let the held attempt go: y"
                hidden=nothing_to_release
                on:click=release
            >
                {icon("#i-play")}
                "Release"
            </button>
            <ErrorLine of=&[HOLD] />
        </form>
    }
}
