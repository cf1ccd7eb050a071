//! What is to be done for a check that is not proven yet.

use leptos::{either::EitherOf4, prelude::*};

use crate::{
    actions::{FormAction, FormFunction, LabActions},
    components::{SendAgain, ServerForm, SubmitButton},
    functions::{
        history::{CompareWithStore, ReadHistory},
        messages::SendMessage,
    },
    state::{lab::LabState, messages::MessagesState, timeline::TimelineState},
};
use model::{
    error::ErrorCode,
    lesson::{
        checks::{Check, CheckState},
        steps,
    },
    timeline::{Outcome, Turn},
};

/// What the button of a check does.
#[derive(Clone, Debug, PartialEq)]
enum Action {
    /// Sends a message.
    Send {
        /// The message.
        content: String,
        /// Whether the lesson's failure is armed first.
        arm: bool,
    },
    /// Sends a failed message again, under its own id.
    SendAgain {
        /// The message.
        content: String,
        /// Its id.
        id: String,
    },
    /// Asks the actor for its history.
    ReadHistory,
    /// Compares the history with the store.
    Compare,
}

/// The button.
#[component]
pub(super) fn StepAction(
    /// The check, as it was last judged.
    check: Memo<Check>,
) -> impl IntoView {
    let timeline = expect_context::<TimelineState>();
    let messages = expect_context::<MessagesState>();
    let number = check.with_untracked(|check| check.number);
    let action = Memo::new(move |_| check.with(|check| action(check, || timeline.turns.with(|turns| lost(turns)))));
    // Made by the server for this page and check.
    let id = move || format!("{}-{number}", messages.next_id.get_untracked());
    let LabActions { read_history, compare, .. } = expect_context();
    move || match action.get() {
        Action::Send { content, arm } => EitherOf4::A(view! { <SendForm content id=id() arm /> }),
        Action::SendAgain { content, id } => EitherOf4::B(view! { <SendAgain content id class="btn small" /> }),
        Action::ReadHistory => EitherOf4::C(view! { <AskForm action=read_history label="Read history" /> }),
        Action::Compare => EitherOf4::D(view! { <AskForm action=compare label="Compare with the store" /> }),
    }
}

/// Sends a message, whose button waits for the answer: pressed twice it is one message.
#[component]
fn SendForm(
    /// The message.
    content: String,
    /// Its id where no script runs: a form posted twice is one message. With script the form may stand for many, one
    /// after the other, and each gets an id of its own.
    id: String,
    /// Whether the lesson's failure is armed first.
    arm: bool,
) -> impl IntoView {
    let messages = expect_context::<MessagesState>();
    let lab = expect_context::<LabState>();
    let action = expect_context::<LabActions>().send_once;
    let prepare =
        Callback::new(move |message: SendMessage| Some(SendMessage { message_id: messages.take_id(), ..message }));
    let words = if arm { "Arm, then send" } else { "Send" };
    view! {
        <ServerForm action prepare class="acts">
            <input type="hidden" name="actor" value=lab.actor_id() />
            <input type="hidden" name="content" value=content.clone() />
            <input type="hidden" name="message_id" value=id />
            {arm.then(|| view! { <input type="hidden" name="arm" value="true" /> })}
            <SubmitButton pending=action.pending() class="btn small">
                {format!("{words} “{content}”")}
            </SubmitButton>
        </ServerForm>
    }
}

/// Asks the actor for something.
#[component]
fn AskForm<F: FormFunction>(
    /// What asks.
    action: FormAction<F>,
    /// What the button says.
    label: &'static str,
) -> impl IntoView {
    let lab = expect_context::<LabState>();
    view! {
        <ServerForm action class="acts">
            <input type="hidden" name="actor" value=lab.actor_id() />
            <SubmitButton pending=action.pending() class="btn small">
                {label}
            </SubmitButton>
        </ServerForm>
    }
}

/// Does what a check asks for, as its button would.
#[derive(Clone, Copy)]
pub(in crate::panels) struct StepRunner {
    lab: LabState,
    timeline: TimelineState,
    messages: MessagesState,
    actions: LabActions,
}

impl StepRunner {
    /// With the states and actions that are provided here.
    pub(in crate::panels) fn from_context() -> Self {
        let (lab, timeline) = (expect_context(), expect_context());
        Self { lab, timeline, messages: expect_context(), actions: expect_context() }
    }

    /// Nothing once the check is proven, and nothing while its button waits.
    pub(in crate::panels) fn run(self, number: u8) {
        let Self { lab, timeline, messages, actions } = self;
        let check = lab.check_untracked(number);
        let LabActions { send_once, read_history, compare, run_all, .. } = actions;
        if check.is_passed() || run_all.pending().get_untracked() {
            return;
        }
        let actor = lab.actor_id();
        match action(&check, || timeline.turns.with_untracked(|turns| lost(turns))) {
            Action::Send { content, arm } if !send_once.pending().get_untracked() => {
                send_once.dispatch(SendMessage { actor, content, message_id: messages.take_id(), arm });
            }
            Action::SendAgain { content, id } if !send_once.pending().get_untracked() => {
                send_once.dispatch(SendMessage { actor, content, message_id: id, arm: false });
            }
            Action::ReadHistory if !read_history.pending().get_untracked() => {
                read_history.dispatch(ReadHistory { actor });
            }
            Action::Compare if !compare.pending().get_untracked() => {
                compare.dispatch(CompareWithStore { actor });
            }
            _ => {}
        }
    }
}

/// What is to be done; `lost` finds the message that was lost.
fn action(check: &Check, lost: impl FnOnce() -> Option<Lost>) -> Action {
    let content = steps::content(check.number, check).to_owned();
    match check.number {
        1 if check.missing.is_none() => Action::Send { content, arm: false },
        2 => Action::ReadHistory,
        4 => Action::Compare,
        5 if check.progress == "read history" => Action::ReadHistory,
        5 if check.state == CheckState::Failed => match lost() {
            Some(Lost { content, id: Some(id) }) => Action::SendAgain { content, id },
            Some(Lost { content, id: None }) => Action::Send { content, arm: false },
            None => Action::Send { content, arm: true },
        },
        _ => Action::Send { content, arm: true },
    }
}

/// A message whose turn failed.
#[derive(Clone, Debug, PartialEq)]
struct Lost {
    content: String,
    /// Its id; `None` where it cannot be sent again under it.
    id: Option<String>,
}

/// The message of the last turn that failed.
fn lost(turns: &[Turn]) -> Option<Lost> {
    turns.iter().rev().find_map(|turn| {
        let Outcome::Failed { error, .. } = &turn.outcome else { return None };
        let id = turn.message_id.as_ref().filter(|_| error.code != ErrorCode::IdReused);
        Some(turn.content.clone().map(|content| Lost { content, id: id.map(|id| id.as_str().to_owned()) }))
    })?
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        error::LabError,
        message::MessageId,
        operation::Method,
        timeline::{Event, Step, turns},
    };

    fn check(number: u8, state: CheckState, progress: &str) -> Check {
        Check { number, state, progress: progress.to_owned(), missing: None, evidence: Vec::new() }
    }

    fn failed(code: ErrorCode) -> Option<Lost> {
        let steps = [
            Step::TurnStarted {
                turn: 1,
                method: Method::ProcessMessage,
                message_id: MessageId::try_from("id-1".to_owned()).ok(),
                content: Some("Hi there".to_owned()),
            },
            Step::TurnFailed {
                turn: 1,
                method: Method::ProcessMessage,
                took_us: 1,
                error: LabError::new(code, "gave up"),
            },
        ];
        let events: Vec<Event> = (1..).zip(steps).map(|(seq, step)| Event { seq, at: 1_000 + seq, step }).collect();
        lost(&turns(&events))
    }

    #[test]
    fn the_first_step_arms_nothing_before_a_message_has_met_no_failure() {
        let untouched = check(1, CheckState::NotYet, "not yet");
        assert!(matches!(action(&untouched, || None), Action::Send { arm: false, .. }));
        let missing = Some("No attempt has failed.".to_owned());
        assert!(matches!(action(&Check { missing, ..untouched }, || None), Action::Send { arm: true, .. }));
    }

    #[test]
    fn a_lost_message_is_sent_again_under_its_own_id_unless_that_is_another_messages() {
        let recovery = check(5, CheckState::Failed, "lost");
        let (content, id) = ("Hi there".to_owned(), "id-1".to_owned());
        let again = action(&recovery, || failed(ErrorCode::RetriesExhausted));
        assert_eq!(again, Action::SendAgain { content: content.clone(), id });
        let anew = action(&recovery, || failed(ErrorCode::IdReused));
        assert_eq!(anew, Action::Send { content, arm: false });
        assert!(matches!(action(&recovery, || None), Action::Send { arm: true, .. }));
        let reads = check(5, CheckState::NotYet, "read history");
        assert_eq!(action(&reads, || None), Action::ReadHistory);
    }
}
