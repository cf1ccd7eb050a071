//! Doing the lesson's steps by itself.

use leptos::prelude::*;

use super::{
    form_action::{FormAction, FormFunction},
    send::send,
};
use crate::{
    dom,
    error::ServerError,
    functions::{
        history::{self, CompareWithStore, ReadHistory},
        messages::{Delivery, SendMessage},
    },
    state::{announcements::Announcer, lab::LabState, lesson::LessonState, messages::MessagesState},
};
use model::lesson::steps;

/// Does the lesson's steps one after the other, as a person would, and stops where one does not pass. What went wrong is
/// shown where that step's own action shows it.
pub(super) async fn run_all(steps: Steps) {
    for number in 1..=5 {
        steps.lesson.open_check.set(number);
        if !steps.run(number).await {
            return;
        }
    }
    steps.announcer.announce_now("All five checks are proven. Their report is ready.");
}

/// The states, and the actions that show what goes wrong.
#[derive(Clone, Copy)]
pub(super) struct Steps {
    lab: LabState,
    lesson: LessonState,
    messages: MessagesState,
    announcer: Announcer,
    send: FormAction<SendMessage>,
    read_history: FormAction<ReadHistory>,
    compare: FormAction<CompareWithStore>,
}

impl Steps {
    /// With the states that are provided here.
    pub(super) fn new(
        send: FormAction<SendMessage>,
        read_history: FormAction<ReadHistory>,
        compare: FormAction<CompareWithStore>,
    ) -> Self {
        let (lab, lesson) = (expect_context(), expect_context());
        Self { lab, lesson, messages: expect_context(), announcer: expect_context(), send, read_history, compare }
    }

    /// Does one step until it passes; the last takes several messages.
    async fn run(self, number: u8) -> bool {
        for _ in 0..=steps::RECOVERY_CONTENTS.len() {
            self.lab.read().await;
            let check = self.lab.check_untracked(number);
            if check.is_passed() {
                return true;
            }
            let actor = self.lab.actor_id();
            let done = if number == 2 || (number == 5 && check.progress == "read history") {
                shown(self.read_history, history::read_history(actor).await)
            } else if number == 4 {
                shown(self.compare, history::compare_with_store(actor).await)
            } else {
                let content = steps::content(number, &check).to_owned();
                let message = SendMessage { actor, content, message_id: dom::new_message_id(), arm: true };
                shown(
                    self.send,
                    match send(self.messages, message).await {
                        Ok(Delivery::Failed(error)) => Err(ServerError(error)),
                        sent => sent,
                    },
                )
            };
            if !done {
                return false;
            }
        }
        self.lab.read().await;
        self.lab.check_untracked(number).is_passed()
    }
}

/// Gives an action an answer that it did not ask for itself, so that the page shows it; says whether it is a good one.
fn shown<F: FormFunction>(action: FormAction<F>, answer: Result<F::Output, ServerError>) -> bool {
    let done = answer.is_ok();
    action.value().set(Some(answer));
    done
}
