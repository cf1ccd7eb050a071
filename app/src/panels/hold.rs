//! Holding attempts before they begin: in the bar on top, on a page that is laid out for a room, and wherever it is on.

use leptos::{
    ev::{Event, MouseEvent, SubmitEvent},
    html,
    prelude::*,
};

use crate::{
    components::{ApplyButton, ErrorLine, Icon, put_back_when_refused, tick_when_changed},
    live::{
        hold::{self, HOLD},
        store::Store,
    },
    state::{lab::LabState, view::ViewState},
};

/// The box, and the button that lets a held attempt go. Without script the button is there as long as attempts are
/// held: the page does not hear when the next one is.
#[component]
pub fn HoldForm() -> impl IntoView {
    let store = expect_context::<Store>();
    let lab = expect_context::<LabState>();
    let view = expect_context::<ViewState>();
    let on = Memo::new(move |_| lab.panels.with(|panels| panels.hold));
    let held = Memo::new(move |_| store.is_held());
    let nothing_to_release = move || !held.get() && (view.hydrated.get() || !on.get());
    let (form, field) = (NodeRef::<html::Form>::new(), NodeRef::<html::Input>::new());
    tick_when_changed(field, on);
    put_back_when_refused(form, HOLD);
    let set = move |change: Event| hold::set(store, event_target_checked(&change));
    let release = move |click: MouseEvent| {
        click.prevent_default();
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
            node_ref=form
            // What is ticked takes effect at once.
            on:submit=|submit: SubmitEvent| submit.prevent_default()
        >
            // Enter in the box presses a form's first button: not *Release*.
            <button type="submit" hidden tabindex="-1" aria-hidden="true"></button>
            <input type="hidden" name="actor" value=lab.actor_id() />
            <label class="tick">
                <input type="checkbox" name="on" checked=on node_ref=field on:change=set />
                " Hold before each attempt"
            </label>
            <ApplyButton />
            <button
                class="btn small primary hold-release"
                type="submit"
                name="release"
                value="1"
                title="Let the held attempt go: y"
                hidden=nothing_to_release
                on:click=release
            >
                <Icon href="#i-play" />
                "Release"
            </button>
            <ErrorLine of=&[HOLD] />
        </form>
    }
}
