//! What a person can do to the lab, through the same server functions that its forms post to.

use std::{future::Future, time::Duration};

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{
    dom,
    store::{Reading, Store, Unsent, UnsentState},
};
use crate::{
    error::ServerError,
    functions::{
        history, lab,
        messages::{self, Delivery},
        sidecar_retries, wire,
    },
    island::FormError,
};
use model::{error::LabError, lesson::steps};

/// Where a message goes.
pub const SEND: &str = "/api/send_message";
/// Where the lesson's failure is armed and a message sent, in one.
pub const ARM_AND_SEND: &str = "/api/arm_and_send";
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

/// How long the panels rest when they have been read. Turns that follow each other at once then have them read a few
/// times a second, and not once each.
const PANELS_REST: Duration = Duration::from_millis(200);

/// Reads the panels anew. Wishes while they are being read, or rest, make one more reading.
pub fn refresh(store: Store) {
    let before = store.reading.get_untracked();
    store.reading.set(if before == Reading::Idle { Reading::UnderWay } else { Reading::Again });
    if before == Reading::Idle {
        spawn_local(async move {
            read_panels(store).await;
            set_timeout(
                move || {
                    let wished = store.reading.get_untracked() == Reading::Again;
                    store.reading.set(Reading::Idle);
                    if wished {
                        refresh(store);
                    }
                },
                PANELS_REST,
            );
        });
    }
}

/// Reads the panels now. Without an answer they stay as they are: the live mark says that the server is away.
pub(crate) async fn read_panels(store: Store) {
    let heard = store.controls_heard.get_untracked();
    if let Ok(mut panels) = lab::read_panels(store.actor_id()).await {
        if heard == store.controls_heard.get_untracked() {
            store.fault.set(panels.fault.clone());
        } else {
            (panels.policy, panels.hold) = store.panels.with_untracked(|panels| (panels.policy, panels.hold));
        }
        store.panels.set(panels);
    }
}

/// Sends a message in the background.
pub fn send(store: Store, content: String, id: String) {
    spawn_local(async move {
        let _ = deliver(store, SEND, content, id).await;
    });
}

/// Sends a message whose button waits for it: pressed twice it is one message.
pub fn send_at_a_press(store: Store, arms: bool, content: String, id: String) {
    let path = if arms { ARM_AND_SEND } else { SEND };
    store.busy.set(Some(path));
    spawn_local(async move {
        let _ = deliver(store, path, content, id).await;
        store.busy.set(None);
    });
}

/// Sends a message and shows it at once, until the timeline knows of its turn.
///
/// # Errors
/// What the server or the turn reported; it is shown where the message stands, or beside the field if the message was
/// refused.
async fn deliver(store: Store, path: &'static str, content: String, id: String) -> Result<(), LabError> {
    store.go(None);
    let after_turn = store.last_turn();
    let message = Unsent { id: id.clone(), content: content.clone(), after_turn, state: UnsentState::Sending };
    store.error.set(None);
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
    let arm = path == ARM_AND_SEND;
    let result = match messages::deliver_message(store.actor_id(), content.clone(), id.clone(), arm).await {
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
        store.error.set(Some(FormError { path: path.to_owned(), error: error.clone() }));
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
        if let Ok(set) = attempt(store, SET_SIDECAR_RETRIES, sidecar_retries::set_sidecar_retries(on)).await {
            store.panels.update(|panels| panels.sidecar_retries = set);
        }
    });
}

/// Sets the wire to Redis.
pub fn set_wire(store: Store, word: String) {
    spawn_local(async move {
        if let Ok(wire) = attempt(store, SET_WIRE, wire::set_wire(word)).await {
            store.hear_wire(wire.fault);
        }
    });
}

/// Asks the actor for its history.
pub fn read_history(store: Store) {
    spawn_local(async move {
        let _ = attempt(store, READ_HISTORY, history::read_history(store.actor_id())).await;
    });
}

/// Compares the history with the store.
pub fn compare(store: Store) {
    spawn_local(async move {
        let _ = attempt(store, COMPARE, history::compare_with_store(store.actor_id())).await;
    });
}

/// Puts the lab back to how a learner first finds it.
pub fn reset(store: Store) {
    spawn_local(async move {
        if attempt(store, RESET, lab::reset_lab(store.actor_id())).await.is_ok() {
            store.unsent.set(Vec::new());
            store.opened.set(1);
            store.draft.set(steps::FIRST_MESSAGE.to_owned());
            refresh(store);
        }
    });
}

/// Waits for a request whose button shows that it is under way; its error is shown beside it.
pub(super) async fn attempt<T>(
    store: Store,
    path: &'static str,
    request: impl Future<Output = Result<T, ServerError>>,
) -> Result<T, LabError> {
    store.error.set(None);
    store.busy.set(Some(path));
    let result = request.await.map_err(LabError::from);
    store.busy.set(None);
    if let Err(error) = &result {
        store.error.set(Some(FormError { path: path.to_owned(), error: error.clone() }));
    }
    result
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
        read_panels(store).await;
        let check = store.check_untracked(number);
        if check.is_passed() {
            return true;
        }
        let reads = number == 2 || (number == 5 && check.progress == "read history");
        let result = if reads {
            attempt(store, READ_HISTORY, history::read_history(store.actor_id())).await.map(drop)
        } else if number == 4 {
            attempt(store, COMPARE, history::compare_with_store(store.actor_id())).await.map(drop)
        } else {
            let content = steps::content(number, &check).to_owned();
            let sent = deliver(store, ARM_AND_SEND, content, dom::new_message_id()).await;
            if let Err(error) = &sent {
                store.error.set(Some(FormError { path: ARM_AND_SEND.to_owned(), error: error.clone() }));
            }
            sent
        };
        if result.is_err() {
            return false;
        }
    }
    read_panels(store).await;
    store.check_untracked(number).is_passed()
}
