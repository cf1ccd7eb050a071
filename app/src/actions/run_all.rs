//! Doing the lesson's steps by itself.

use leptos::prelude::*;

use super::{FormAction, send::send};
use crate::{
    dom,
    error::ServerError,
    functions::{
        history::{self, CompareWithStore, ReadHistory},
        messages::{Delivery, SendMessage},
    },
    live::store::Store,
};
use model::lesson::steps;

/// Does the lesson's steps one after the other, as a person would, and stops where one does not pass. What went wrong is
/// shown where that step's own action shows it.
pub(super) async fn run_all(
    store: Store,
    send: FormAction<SendMessage>,
    read_history: FormAction<ReadHistory>,
    compare: FormAction<CompareWithStore>,
) {
    let steps = Steps { store, send, read_history, compare };
    for number in 1..=5 {
        store.opened.set(number);
        if !steps.run(number).await {
            return;
        }
    }
    store.said.set("All five checks are proven. Their report is ready.".to_owned());
}

/// The state, and the actions that show what goes wrong.
#[derive(Clone, Copy)]
struct Steps {
    store: Store,
    send: FormAction<SendMessage>,
    read_history: FormAction<ReadHistory>,
    compare: FormAction<CompareWithStore>,
}

impl Steps {
    /// Does one step until it passes; the last takes several messages.
    async fn run(self, number: u8) -> bool {
        for _ in 0..=steps::RECOVERY_CONTENTS.len() {
            self.store.lab.read().await;
            let check = self.store.lab.check_untracked(number);
            if check.is_passed() {
                return true;
            }
            let actor = self.store.lab.actor_id();
            let done = if number == 2 || (number == 5 && check.progress == "read history") {
                shown(self.read_history, history::read_history(actor).await)
            } else if number == 4 {
                shown(self.compare, history::compare_with_store(actor).await)
            } else {
                let content = steps::content(number, &check).to_owned();
                let message = SendMessage { actor, content, message_id: dom::new_message_id(), arm: true };
                shown(
                    self.send,
                    match send(self.store, message).await {
                        Ok(Delivery::Failed(error)) => Err(ServerError(error)),
                        sent => sent,
                    },
                )
            };
            if !done {
                return false;
            }
        }
        self.store.lab.read().await;
        self.store.lab.check_untracked(number).is_passed()
    }
}

/// Gives an action an answer that it did not ask for itself, so that the page shows it; says whether it is a good one.
fn shown<F: super::FormFunction>(action: FormAction<F>, answer: Result<F::Output, ServerError>) -> bool {
    let done = answer.is_ok();
    action.value().set(Some(answer));
    done
}
