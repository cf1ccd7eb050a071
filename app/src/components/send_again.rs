//! Sending a failed message again.

use leptos::prelude::*;

use super::{Icon, ServerForm, SubmitButton};
use crate::{actions::LabActions, state::lab::LabState};
use model::message::MessageId;

/// Sends the message with its own id: if it was stored after all, its stored reply comes back.
#[component]
pub fn SendAgain(
    /// The message.
    content: String,
    /// Its id.
    id: MessageId,
    /// The classes of the button.
    class: &'static str,
) -> impl IntoView {
    let lab = expect_context::<LabState>();
    let action = expect_context::<LabActions>().send_once;
    view! {
        <ServerForm action class="acts">
            <input type="hidden" name="actor" value=lab.actor().to_string() />
            <input type="hidden" name="content" value=content />
            <input type="hidden" name="message_id" value=String::from(id) />
            <SubmitButton pending=action.pending() class>
                <Icon href="#i-replay" />
                " Send again"
            </SubmitButton>
        </ServerForm>
    }
}
