//! The stored value, set out to be read.

use leptos::{either::Either, prelude::*};

use model::message::Message;

/// The stored list with one message per line; what is not such a list is shown as it is.
#[component]
pub(super) fn Json(
    /// The value.
    value: String,
) -> impl IntoView {
    match serde_json::from_str::<Vec<Message>>(&value) {
        Ok(messages) if !messages.is_empty() => {
            let last = messages.len() - 1;
            let lines = messages.into_iter().enumerate();
            Either::Left(lines.map(|(n, message)| line(&message, n == 0, n == last)).collect_view())
        }
        _ => Either::Right(value),
    }
}

fn line(message: &Message, is_first: bool, is_last: bool) -> impl IntoView + use<> {
    let content = serde_json::to_string(&message.content).unwrap_or_default();
    view! {
        {if is_first { "[{" } else { " {" }}
        <b>"\"role\""</b>
        {format!(":\"{}\",", message.role.as_str())}
        <b>"\"content\""</b>
        {format!(":{content}{}", if is_last { "}]" } else { "},\n" })}
    }
}
