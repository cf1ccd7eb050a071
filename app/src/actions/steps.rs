//! Doing what the lesson's steps ask for, one of them or all.

use futures::StreamExt;
use leptos::{prelude::*, reactive::traits::ToStream};

use super::form_action::{FormAction, FormFunction};
use crate::{
    error::ServerError,
    functions::{
        history::{CompareWithStore, ReadHistory},
        messages::{Delivery, SendMessage},
    },
    state::{
        announcements::Announcer, lab::LabState, lesson::LessonState, messages::MessagesState, timeline::TimelineState,
    },
};
use model::lesson::{
    next_step::{NextStep, next_step},
    steps::RECOVERY_CONTENTS,
};

/// Does what a check asks for next. What goes wrong is shown where that step's own action shows it.
#[derive(Clone, Copy)]
pub(super) struct StepRunner {
    lab: LabState,
    lesson: LessonState,
    timeline: TimelineState,
    messages: MessagesState,
    announcer: Announcer,
    send: FormAction<SendMessage>,
    read_history: FormAction<ReadHistory>,
    compare: FormAction<CompareWithStore>,
}

impl StepRunner {
    /// With the states that are provided here.
    pub(super) fn new(
        send: FormAction<SendMessage>,
        read_history: FormAction<ReadHistory>,
        compare: FormAction<CompareWithStore>,
    ) -> Self {
        Self {
            lab: expect_context(),
            lesson: expect_context(),
            timeline: expect_context(),
            messages: expect_context(),
            announcer: expect_context(),
            send,
            read_history,
            compare,
        }
    }

    /// What a check asks for next; `None` once it is proven.
    pub(super) fn next(self, number: u8) -> Option<NextStep> {
        let check = self.lab.check_untracked(number);
        self.timeline.turns.with_untracked(|turns| next_step(&check, turns))
    }

    /// Whether the action that does this is under way.
    pub(super) fn is_pending(self, step: &NextStep) -> bool {
        let pending = match step {
            NextStep::Send { .. } | NextStep::SendAgain { .. } => self.send.pending(),
            NextStep::ReadHistory => self.read_history.pending(),
            NextStep::Compare => self.compare.pending(),
        };
        pending.get_untracked()
    }

    /// Does it, and says whether that went well.
    pub(super) async fn perform(self, step: NextStep) -> bool {
        let actor = self.lab.actor();
        let message = match step {
            NextStep::ReadHistory => return done(self.read_history, ReadHistory { actor }, |_| true).await,
            NextStep::Compare => return done(self.compare, CompareWithStore { actor }, |_| true).await,
            NextStep::Send { content, arm } => SendMessage { actor, content, message_id: self.messages.take_id(), arm },
            NextStep::SendAgain { content, message_id } => SendMessage { actor, content, message_id, arm: false },
        };
        done(self.send, message, |delivery| matches!(delivery, Delivery::Answered(_))).await
    }

    /// Does the lesson's steps one after the other, as a person would, and stops where one does not pass.
    pub(super) async fn run_all(self) {
        for number in 1..=5 {
            self.lesson.open_check.set(number);
            if !self.prove(number).await {
                return;
            }
        }
        self.announcer.announce_now("All five checks are proven. Their report is ready.");
    }

    /// Does what a check asks for until it is proven; the last takes several messages.
    async fn prove(self, number: u8) -> bool {
        for _ in 0..=RECOVERY_CONTENTS.len() {
            self.lab.read().await;
            let Some(step) = self.next(number) else { return true };
            if !self.perform(step).await {
                return false;
            }
        }
        self.lab.read().await;
        self.next(number).is_none()
    }
}

/// Dispatches an action and waits until it has its answer; says whether that is a good one.
async fn done<F: FormFunction>(action: FormAction<F>, input: F, is_good: fn(&F::Output) -> bool) -> bool {
    action.dispatch(input);
    // The stream ends with it.
    let owner = Owner::new();
    let is_pending = action.pending();
    let mut pending = owner.with(|| is_pending.to_stream());
    while pending.next().await == Some(true) {}
    let good = |answer: &Option<Result<F::Output, ServerError>>| match answer {
        Some(Ok(output)) => is_good(output),
        Some(Err(_)) => false,
        // It was not answered at all: the checks tell what came of it.
        None => true,
    };
    action.value().with_untracked(good)
}
