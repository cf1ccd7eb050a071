//! The buttons that do what a step asks for: plain forms, which the script answers without leaving the page.

use leptos::prelude::*;

use crate::{
    icons::icon,
    lesson::{
        checks::{Check, CheckState},
        steps,
    },
    live::{
        actions::{self, ARM_AND_SEND, COMPARE, READ_HISTORY, SEND},
        store::Store,
    },
    timeline::Outcome,
};

/// What a button does.
#[derive(Clone, PartialEq)]
enum Deed {
    /// Sends a message.
    Send { content: String, id: String },
    /// Arms the lesson's failure and sends a message.
    ArmAndSend { content: String, id: String },
    /// Sends a failed message again.
    SendAgain { content: String, id: String },
    /// Asks the actor for its history.
    ReadHistory,
    /// Compares the history with the store.
    Compare,
}

/// The button of a check that is not proven yet.
#[component]
pub(super) fn Deeds(check: Check) -> impl IntoView {
    let store = expect_context::<Store>();
    let deed = deed(store, &check);
    let (path, label) = match &deed {
        Deed::Send { content, .. } => (SEND, format!("Send “{content}”")),
        Deed::ArmAndSend { content, .. } => (ARM_AND_SEND, format!("Arm, then send “{content}”")),
        Deed::SendAgain { .. } => (SEND, "Send again".to_owned()),
        Deed::ReadHistory => (READ_HISTORY, "Read history".to_owned()),
        Deed::Compare => (COMPARE, "Compare with the store".to_owned()),
    };
    let fields = match &deed {
        Deed::Send { content, id } | Deed::ArmAndSend { content, id } | Deed::SendAgain { content, id } => {
            Some(view! {
                <input type="hidden" name="content" value=content.clone() />
                <input type="hidden" name="message_id" value=id.clone() />
            })
        }
        Deed::ReadHistory | Deed::Compare => None,
    };
    let again = matches!(deed, Deed::SendAgain { .. }).then(|| icon("#i-replay"));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        perform(store, deed.clone());
    };
    let busy = move || store.running_all.get() || store.busy.get() == Some(path);
    view! {
        <form class="acts" action=path method="post" on:submit=submit>
            <input type="hidden" name="actor" value=store.actor_id() />
            {fields}
            <button class="btn small" type="submit" disabled=busy>{again} {label}</button>
        </form>
    }
}

fn perform(store: Store, deed: Deed) {
    match deed {
        Deed::SendAgain { content, id } => actions::send_for_check(store, false, content, id),
        // The id in the form is for a page without script; here the row may outlive many messages.
        Deed::Send { content, .. } => actions::send_for_check(store, false, content, store.next_message_id()),
        Deed::ArmAndSend { content, .. } => actions::send_for_check(store, true, content, store.next_message_id()),
        Deed::ReadHistory => actions::read_history(store),
        Deed::Compare => actions::compare(store),
    }
}

fn deed(store: Store, check: &Check) -> Deed {
    // Made by the server for this page and check: a form posted twice is one message.
    let id = || format!("{}-{}", store.message_id.get_untracked(), check.number);
    let content = steps::content(check.number, check).to_owned();
    match check.number {
        1 if check.missing.is_none() => Deed::Send { content, id: id() },
        2 => Deed::ReadHistory,
        4 => Deed::Compare,
        5 if check.progress == "read history" => Deed::ReadHistory,
        5 if check.state == CheckState::Failed => {
            let lost = store.turns.with_untracked(|turns| {
                let failed = turns.iter().rfind(|turn| matches!(turn.outcome, Outcome::Failed { .. }))?;
                Some(Deed::SendAgain { content: failed.content.clone()?, id: failed.message_id.clone()?.into() })
            });
            lost.unwrap_or_else(|| Deed::ArmAndSend { content, id: id() })
        }
        _ => Deed::ArmAndSend { content, id: id() },
    }
}
