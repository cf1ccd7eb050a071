//! The history as Dapr gives it.

use leptos::{either::EitherOf3, prelude::*};

use super::unreadable::Unreadable;
use crate::state::{lab::LabState, shown_lab::ShownLab};
use model::message::Message;

/// The block: the messages that are kept, oldest first, at the moment that the page shows.
#[component]
pub(super) fn History() -> impl IntoView {
    let shown = expect_context::<ShownLab>();
    let lab = expect_context::<LabState>();
    let history = Memo::new(move |_| match shown.earlier_history() {
        Some(then) => Ok(then),
        None => lab.panels.with(|panels| panels.history.clone()),
    });
    view! {
        <div class="block b-history">
            <h3>"History " <span class="note">"kept: the last 5 messages"</span></h3>
            {move || match history.get() {
                Err(error) => EitherOf3::A(view! { <Unreadable error /> }),
                Ok(messages) if messages.is_empty() => {
                    EitherOf3::B(view! { <p class="none">"No messages yet."</p> })
                }
                Ok(messages) => {
                    let rows = messages.into_iter().map(|message| view! { <Row message /> }).collect_view();
                    EitherOf3::C(view! { <ol class="hist">{rows}</ol> })
                }
            }}
        </div>
    }
}

/// One message.
#[component]
fn Row(
    /// The message.
    message: Message,
) -> impl IntoView {
    view! {
        <li>
            <span class="role">{message.role.as_str()}</span>
            " "
            <span>{message.content}</span>
        </li>
    }
}
