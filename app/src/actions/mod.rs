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
use leptos::{prelude::*, server::ServerActionError, server_fn::error::ServerFnUrlError, task::spawn_local};

pub use self::form_action::{FormAction, FormFunction};
use self::{send::send, steps::StepRunner};
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
use model::{error::LabError, fault::FaultStatus, lesson::next_step::NextStep};

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
    /// The actions of the lab with this state. Each begins with the error of its form, if that was posted without script
    /// and [`ServerActionError`] tells of it.
    pub fn from_context() -> Self {
        let messages = expect_context::<MessagesState>();
        let queue = Queue::default();
        let (set_fault, arm_fault, set_policy) = (queue.action(), queue.action(), queue.action());
        // A message that was posted without script is told of once.
        let send_once = Action::new(move |message: &SendMessage| send(messages, message.clone()));
        let (read_history, compare) = (server_action(), server_action());
        let steps = StepRunner::new(send_once, read_history, compare);
        let actions = Self {
            send: Action::new_with_value(posted::<SendMessage>(), move |message: &SendMessage| {
                send(messages, message.clone())
            }),
            send_once,
            read_history,
            compare,
            reset: server_action(),
            set_fault,
            arm_fault,
            set_policy,
            set_hold: server_action(),
            release: server_action(),
            set_wire: server_action(),
            set_sidecar_retries: server_action(),
            run_all: Action::new(move |(): &()| steps.run_all()),
            steps,
        };
        actions.take_answers();
        actions.clear_errors();
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
        on_answer(self.set_fault, take_fault);
        on_answer(self.arm_fault, take_fault);
        on_answer(self.set_policy, move |policy| {
            if let Some(policy) = policy.as_ref().ok().filter(|_| !is_live()) {
                lab.set_policy(*policy);
            }
        });
        let take_hold = move |held: &Result<(), ServerError>| {
            if held.is_ok() && !is_live() {
                lab.refresh();
            }
        };
        on_answer(self.set_hold, take_hold);
        on_answer(self.release, take_hold);
        on_answer(self.set_wire, move |wire| {
            if let Ok(wire) = wire {
                lab.set_wire(wire.fault);
            }
        });
        on_answer(self.set_sidecar_retries, move |on| {
            if let Ok(on) = on {
                lab.panels.update(|panels| panels.sidecar_retries = *on);
            }
        });
        on_answer(self.reset, move |reset| {
            if reset.is_ok() {
                messages.reset();
                lesson.open_check.set(1);
                lab.refresh();
            }
        });
    }

    /// What went wrong is shown until something else is asked for.
    fn clear_errors(self) {
        fn with_clear<F: FormFunction>(action: FormAction<F>) -> (Memo<bool>, Callback<()>) {
            (action.pending(), Callback::new(move |()| action.clear()))
        }
        let actions = [
            with_clear(self.send),
            with_clear(self.send_once),
            with_clear(self.read_history),
            with_clear(self.compare),
            with_clear(self.reset),
            with_clear(self.set_fault),
            with_clear(self.arm_fault),
            with_clear(self.set_policy),
            with_clear(self.set_hold),
            with_clear(self.release),
            with_clear(self.set_wire),
            with_clear(self.set_sidecar_retries),
            (self.run_all.pending(), Callback::new(|()| ())),
        ];
        for (begun, (pending, _)) in actions.iter().enumerate() {
            let pending = *pending;
            let clear_others = move |pending: &bool, _: Option<&bool>, _: Option<()>| {
                for (_, (_, clear)) in actions.iter().enumerate().filter(|(other, _)| *pending && *other != begun) {
                    clear.run(());
                }
            };
            Effect::watch(move || pending.get(), clear_others, false);
        }
    }
}

/// Why an action was refused or failed the last time; nothing while it is tried again.
pub fn error_of<I, O>(action: Action<I, Result<O, ServerError>>) -> Memo<Option<LabError>>
where
    I: Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    let (pending, value) = (action.pending(), action.value());
    Memo::new(move |_| {
        let refused = || value.with(|answer| Some(answer.as_ref()?.as_ref().err()?.0.clone()));
        if pending.get() { None } else { refused() }
    })
}

/// Does something with each answer of an action.
fn on_answer<F: FormFunction>(action: FormAction<F>, take: impl Fn(&Result<F::Output, ServerError>) + 'static) {
    let (version, value) = (action.version(), action.value());
    let answered = move |_: &usize, _: Option<&usize>, _: Option<()>| {
        value.with_untracked(|answer| {
            if let Some(answer) = answer {
                take(answer);
            }
        });
    };
    Effect::watch(move || version.get(), answered, false);
}

/// The action that does nothing but to call the server function.
fn server_action<F: FormFunction>() -> FormAction<F> {
    ServerAction::<F>::new().into()
}

/// The error of this function's form, if it was posted without script: what a [`ServerAction`] begins with.
fn posted<F: FormFunction>() -> Option<Result<F::Output, ServerError>> {
    let error = use_context::<ServerActionError>().filter(|error| error.path() == F::PATH)?;
    Some(Err(ServerFnUrlError::decode_err(error.err())))
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
    fn action<F: FormFunction>(self) -> FormAction<F> {
        Action::new_with_value(posted::<F>(), move |input: &F| self.enqueue(F::run_on_client(input.clone())))
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
    use leptos::server_fn::ServerFn;

    use super::*;
    use crate::state::form::FormError;

    #[test]
    fn an_action_begins_with_the_error_of_its_own_form() {
        let owner = Owner::new();
        owner.set();
        let refused = LabError::of_field("attempts", "attempts is 99: it may be 1 to 10.");
        let FormError { path, encoded } = FormError::new(SetPolicy::PATH.to_owned(), refused.clone());
        provide_context(ServerActionError::new(&path, &encoded));
        assert_eq!(error_of(server_action::<SetPolicy>()).get_untracked(), Some(refused.clone()));
        assert_eq!(error_of(Queue::default().action::<SetPolicy>()).get_untracked(), Some(refused));
        assert_eq!(error_of(Queue::default().action::<SetFault>()).get_untracked(), None);
    }

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
