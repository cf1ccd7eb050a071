//! What a person can do to the lab: an action for each server function that the page's forms post to. Forms dispatch
//! them, and so do keys.
//!
//! - [`send`]: sending a message, which is shown before the timeline knows of it
//! - [`steps`]: what the lesson's steps ask for, one of them or all

mod form_action;
mod send;
mod steps;

use std::future::Future;

use futures::channel::oneshot;
use leptos::{prelude::*, task::spawn_local};

pub use self::form_action::{FormAction, FormFunction};
use self::{form_action::Requests, send::send, steps::StepRunner};
use crate::{
    error::ServerError,
    functions::{
        faults::{ArmFault, SetFault},
        history::{CompareWithStore, ReadHistory},
        hold::{Release, SetHold},
        lab::ResetLab,
        messages::SendMessage,
        policy::SetPolicy,
        sidecar_retries::SetSidecarRetries,
        wire::SetWire,
    },
    state::{connection::ConnectionState, lab::LabState, lesson::LessonState, messages::MessagesState},
};
use model::{fault::FaultStatus, lesson::next_step::NextStep};

/// The actions of one lab.
#[derive(Clone, Copy)]
pub struct LabActions {
    /// Sends a message from the field, as many at a time as a person likes.
    pub send: FormAction<SendMessage>,
    /// Sends a message whose button waits for it: pressed twice it is one message.
    pub send_once: FormAction<SendMessage>,
    /// Asks the actor for its history.
    pub read_history: FormAction<ReadHistory>,
    /// Compares the history with the store.
    pub compare: FormAction<CompareWithStore>,
    /// Puts the lab back to how a learner first finds it.
    pub reset: FormAction<ResetLab>,
    /// Sets the failure switch.
    pub set_fault: FormAction<SetFault>,
    /// Arms the switch afresh.
    pub arm_fault: FormAction<ArmFault>,
    /// Sets the retry policy.
    pub set_policy: FormAction<SetPolicy>,
    /// Holds each attempt of a message, or no longer.
    pub set_hold: FormAction<SetHold>,
    /// Lets the attempt go that is held.
    pub release: FormAction<Release>,
    /// Sets the wire to Redis.
    pub set_wire: FormAction<SetWire>,
    /// Switches the sidecar's own retries.
    pub set_sidecar_retries: FormAction<SetSidecarRetries>,
    /// Does the lesson's steps one after the other.
    pub run_all: Action<(), ()>,
    steps: StepRunner,
}

impl LabActions {
    /// The actions of the lab with the states that are provided here.
    pub fn from_context() -> Self {
        let messages = expect_context::<MessagesState>();
        let (requests, queue) = (Requests::default(), Queue::default());
        let send_message = move |message: &SendMessage| send(messages, message.clone());
        // A message that was posted without script is told of once.
        let send_once = FormAction::with(requests, send_message).without_posted_error();
        let (read_history, compare) = (FormAction::new(requests), FormAction::new(requests));
        let steps = StepRunner::new(send_once, read_history, compare);
        let run_all = move |(): &()| {
            requests.count();
            steps.run_all()
        };
        let actions = Self {
            send: FormAction::with(requests, send_message),
            send_once,
            read_history,
            compare,
            reset: FormAction::new(requests),
            set_fault: queue.action(requests),
            arm_fault: queue.action(requests),
            set_policy: queue.action(requests),
            set_hold: FormAction::new(requests),
            release: FormAction::new(requests),
            set_wire: FormAction::new(requests),
            set_sidecar_retries: FormAction::new(requests),
            run_all: Action::new(run_all),
            steps,
        };
        actions.take_answers();
        actions
    }

    /// Does what a check asks for next: nothing once it is proven, and nothing while that or all of them is under way.
    pub fn run_step(self, number: u8) {
        let is_free = |step: &NextStep| !self.run_all.pending().get_untracked() && !self.steps.is_pending(step);
        if let Some(step) = self.steps.next(number).filter(is_free) {
            spawn_local(async move {
                self.steps.perform(step).await;
            });
        }
    }

    /// Brings what the server answers into the state, where the stream does not.
    fn take_answers(self) {
        let (lab, connection) = (expect_context::<LabState>(), expect_context::<ConnectionState>());
        let (messages, lesson) = (expect_context::<MessagesState>(), expect_context::<LessonState>());
        // The stream tells every change, in order: an answer may come after the event of a later change.
        let is_live = move || connection.is_live_untracked();
        let take_fault = move |fault: &Result<FaultStatus, ServerError>| {
            if let Some(fault) = fault.as_ref().ok().filter(|_| !is_live()) {
                lab.set_fault(fault.clone());
            }
        };
        self.set_fault.on_answer(take_fault);
        self.arm_fault.on_answer(take_fault);
        self.set_policy.on_answer(move |policy| {
            if let Some(policy) = policy.as_ref().ok().filter(|_| !is_live()) {
                lab.set_policy(*policy);
            }
        });
        let take_hold = move |held: &Result<(), ServerError>| {
            if held.is_ok() && !is_live() {
                lab.refresh();
            }
        };
        self.set_hold.on_answer(take_hold);
        self.release.on_answer(take_hold);
        self.set_wire.on_answer(move |wire| {
            if let Ok(wire) = wire {
                lab.set_wire(wire.fault);
            }
        });
        self.set_sidecar_retries.on_answer(move |on| {
            if let Ok(on) = on {
                lab.panels.update(|panels| panels.sidecar_retries = *on);
            }
        });
        self.reset.on_answer(move |reset| {
            if reset.is_ok() {
                messages.reset();
                lesson.open_check.set(1);
                lab.refresh();
            }
        });
    }
}

/// Calls that are made one after the other, in the order in which they were asked for: sent at once, the last could be
/// made before the one that it is to follow.
#[derive(Clone, Copy, Default)]
struct Queue {
    /// Ends when the last call has.
    last: StoredValue<Option<oneshot::Receiver<()>>>,
}

impl Queue {
    /// An action whose calls are in the queue.
    fn action<F: FormFunction>(self, requests: Requests) -> FormAction<F> {
        FormAction::with(requests, move |input: &F| self.enqueue(F::run_on_client(input.clone())))
    }

    /// A call that begins when all before it have ended.
    fn enqueue<T>(self, call: impl Future<Output = T>) -> impl Future<Output = T> {
        let (end, ended) = oneshot::channel::<()>();
        let before = self.last.try_update_value(|last| last.replace(ended)).flatten();
        async move {
            if let Some(before) = before {
                // It ends when its sender is dropped, which is no error here.
                let _ = before.await;
            }
            let answer = call.await;
            drop(end);
            answer
        }
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use futures::future::join3;

    use super::*;

    #[tokio::test]
    async fn calls_in_a_queue_are_made_in_their_order_whichever_is_polled_first() {
        let owner = Owner::new();
        owner.set();
        let (queue, made) = (Queue::default(), StoredValue::new(Vec::new()));
        let call = |number: u32| {
            queue.enqueue(async move {
                tokio::task::yield_now().await;
                made.update_value(|made| made.push(number));
            })
        };
        let (first, second, third) = (call(1), call(2), call(3));
        join3(third, second, first).await;
        assert_eq!(made.get_value(), [1, 2, 3]);
    }
}
