//! What a person can do to the lab, through the same server functions that its forms post to.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::store::{Store, Unsent, UnsentState};
use crate::{
    dom,
    error::ServerError,
    functions::{
        history, lab,
        messages::{self, Delivery},
        sidecar_retries, wire,
    },
};
use model::{error::LabError, lesson::steps};

/// Where a message goes.
pub const SEND: &str = "/api/send_message";
/// Where the sidecar's own retries are switched.
pub const SET_SIDECAR_RETRIES: &str = "/api/set_sidecar_retries";
/// Where the wire to Redis is set.
pub const SET_WIRE: &str = "/api/set_wire";
/// Where the actor is asked for its history.
pub const READ_HISTORY: &str = "/api/read_history";
/// Where the history is compared with the store.
pub const COMPARE: &str = "/api/compare_with_store";
/// Where the lab is reset.
pub const RESET: &str = "/api/reset_lab";

/// Sends a message in the background.
pub fn send(store: Store, content: String, id: String) {
    spawn_local(async move {
        let _ = deliver(store, false, content, id).await;
    });
}

/// Sends a message whose button waits for it: pressed twice it is one message.
pub fn send_at_a_press(store: Store, arm: bool, content: String, id: String) {
    store.form.busy.set(Some(SEND));
    spawn_local(async move {
        let _ = deliver(store, arm, content, id).await;
        store.form.busy.set(None);
    });
}

/// Sends a message and shows it at once, until the timeline knows of its turn. With `arm` the lesson's failure is armed
/// first.
///
/// # Errors
/// What the server or the turn reported; it is shown where the message stands, or beside the field if the message was
/// refused.
async fn deliver(store: Store, arm: bool, content: String, id: String) -> Result<(), LabError> {
    store.go(None);
    let after_turn = store.last_turn();
    let message = Unsent { id: id.clone(), content: content.clone(), after_turn, state: UnsentState::Sending };
    store.form.error.set(None);
    store.unsent.update(|unsent| {
        unsent.retain(|other| other.id != id);
        unsent.push(message);
    });
    // A check may have sent what the field proposes: there it has had its turn.
    store.draft.update(|draft| {
        if *draft == content {
            draft.clear();
        }
    });
    let result = match messages::send_message(store.lab.actor_id(), content.clone(), id.clone(), arm).await {
        Ok(Delivery::Answered(_)) => Ok(()),
        Ok(Delivery::Failed(error)) | Err(ServerError(error)) => Err(error),
    };
    let known = store.knows(&id, after_turn);
    let refused = matches!(&result, Err(error) if error.code.status() < 500);
    store.unsent.update(|unsent| {
        if known || refused {
            unsent.retain(|other| other.id != id);
        } else if let Some(message) = unsent.iter_mut().find(|other| other.id == id) {
            message.state = match &result {
                Ok(()) => UnsentState::Answered,
                Err(error) => UnsentState::Failed(error.clone()),
            };
        }
    });
    if let (true, Err(error)) = (refused, &result) {
        store.form.fail(SEND, error.clone());
        store.draft.update(|draft| {
            if draft.is_empty() {
                *draft = content;
            }
        });
    }
    result
}

/// Switches the sidecar's own retries.
pub fn set_sidecar_retries(store: Store, on: bool) {
    spawn_local(async move {
        let on = on.then(|| "on".to_owned());
        if let Ok(set) = store.form.attempt(SET_SIDECAR_RETRIES, sidecar_retries::set_sidecar_retries(on)).await {
            store.lab.panels.update(|panels| panels.sidecar_retries = set);
        }
    });
}

/// Sets the wire to Redis.
pub fn set_wire(store: Store, word: String) {
    spawn_local(async move {
        if let Ok(wire) = store.form.attempt(SET_WIRE, wire::set_wire(word)).await {
            store.lab.set_wire(wire.fault);
        }
    });
}

/// Asks the actor for its history.
pub fn read_history(store: Store) {
    spawn_local(async move {
        let _ = store.form.attempt(READ_HISTORY, history::read_history(store.lab.actor_id())).await;
    });
}

/// Compares the history with the store.
pub fn compare(store: Store) {
    spawn_local(async move {
        let _ = store.form.attempt(COMPARE, history::compare_with_store(store.lab.actor_id())).await;
    });
}

/// Puts the lab back to how a learner first finds it.
pub fn reset(store: Store) {
    spawn_local(async move {
        if store.form.attempt(RESET, lab::reset_lab(store.lab.actor_id())).await.is_ok() {
            store.unsent.set(Vec::new());
            store.opened.set(1);
            store.draft.set(steps::FIRST_MESSAGE.to_owned());
            store.lab.refresh();
        }
    });
}

/// Does the lesson's steps one after the other, as a person would, and stops where one does not pass.
pub fn run_all(store: Store) {
    if store.running_all.get_untracked() {
        return;
    }
    store.running_all.set(true);
    spawn_local(async move {
        for number in 1..=5 {
            store.opened.set(number);
            if !run_step(store, number).await {
                break;
            }
            if number == 5 {
                store.said.set("All five checks are proven. Their report is ready.".to_owned());
            }
        }
        store.running_all.set(false);
    });
}

/// Does one step until it passes; the last takes several messages.
async fn run_step(store: Store, number: u8) -> bool {
    for _ in 0..=steps::RECOVERY_CONTENTS.len() {
        store.lab.read().await;
        let check = store.lab.check_untracked(number);
        if check.is_passed() {
            return true;
        }
        let reads = number == 2 || (number == 5 && check.progress == "read history");
        let result = if reads {
            store.form.attempt(READ_HISTORY, history::read_history(store.lab.actor_id())).await.map(drop)
        } else if number == 4 {
            store.form.attempt(COMPARE, history::compare_with_store(store.lab.actor_id())).await.map(drop)
        } else {
            let content = steps::content(number, &check).to_owned();
            let sent = deliver(store, true, content, dom::new_message_id()).await;
            if let Err(error) = &sent {
                store.form.fail(SEND, error.clone());
            }
            sent
        };
        if result.is_err() {
            return false;
        }
    }
    store.lab.read().await;
    store.lab.check_untracked(number).is_passed()
}
