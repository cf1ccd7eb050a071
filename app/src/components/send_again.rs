//! Sending a failed message again.

use leptos::{ev::SubmitEvent, prelude::*};

use super::Icon;
use crate::{
    live::{
        actions::{self, SEND},
        store::Store,
    },
    state::lab::LabState,
};

/// Sends the message with its own id: if it was stored after all, its stored reply comes back.
#[component]
pub fn SendAgain(
    /// The message.
    content: String,
    /// Its id.
    id: String,
    /// The classes of the button.
    class: &'static str,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let lab = expect_context::<LabState>();
    let (again, again_id) = (content.clone(), id.clone());
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        actions::send_at_a_press(store, false, again.clone(), again_id.clone());
    };
    view! {
        <form class="acts" action=SEND method="post" on:submit=send>
            <input type="hidden" name="actor" value=lab.actor_id() />
            <input type="hidden" name="content" value=content />
            <input type="hidden" name="message_id" value=id />
            <button class=class type="submit" disabled=move || store.waits_for(SEND)>
                <Icon href="#i-replay" />
                " Send again"
            </button>
        </form>
    }
}
