//! Forms that do what a lesson's step asks for, or send a failed message again: plain ones, which
//! [`clicks`](crate::live::clicks) answers without leaving the page.

use leptos::prelude::*;
use maud::{Markup, html};

use crate::{
    icons::symbol,
    live::{
        actions::{ARM_AND_SEND, SEND},
        store::Store,
    },
};

/// Sends a failed message again, with its own id: if it was stored after all, its stored reply comes back.
pub(super) fn send_again(store: Store, content: &str, id: &str, class: &str) -> Markup {
    html! {
        form.acts action=(SEND) method="post" data-again {
            (fields(store, content, id))
            button class=(class) type="submit" disabled[store.waits_for(SEND)] { (symbol("#i-replay")) " Send again" }
        }
    }
}

/// Sends a message; `arm` arms the lesson's failure first.
pub(super) fn send(store: Store, check: u8, arm: bool, content: &str) -> Markup {
    let path = if arm { ARM_AND_SEND } else { SEND };
    // Made by the server for this page and check: a form posted twice is one message.
    let id = format!("{}-{check}", store.message_id.get_untracked());
    html! {
        form.acts action=(path) method="post" {
            (fields(store, content, &id))
            button.btn.small type="submit" disabled[store.waits_for(path)] {
                (if arm { "Arm, then send" } else { "Send" }) " “" (content) "”"
            }
        }
    }
}

/// Asks the actor for something.
pub(super) fn ask(store: Store, path: &str, label: &str) -> Markup {
    html! {
        form.acts action=(path) method="post" {
            input type="hidden" name="actor" value=(store.actor_id());
            button.btn.small type="submit" disabled[store.waits_for(path)] { (label) }
        }
    }
}

fn fields(store: Store, content: &str, id: &str) -> Markup {
    html! {
        input type="hidden" name="actor" value=(store.actor_id());
        input type="hidden" name="content" value=(content);
        input type="hidden" name="message_id" value=(id);
    }
}
