//! What is to be done for a check that is not proven yet.

use leptos::{either::EitherOf4, prelude::*};

use crate::{
    actions::{FormAction, FormFunction, LabActions},
    components::{SendAgain, ServerForm, SubmitButton},
    state::{lab::LabState, messages::MessagesState, timeline::TimelineState},
};
use model::lesson::{
    checks::Check,
    next_step::{NextStep, next_step},
};

/// The button.
#[component]
pub(super) fn StepAction(
    /// The check, as it was last judged.
    check: Memo<Check>,
) -> impl IntoView {
    let timeline = expect_context::<TimelineState>();
    let messages = expect_context::<MessagesState>();
    let number = check.with_untracked(|check| check.number);
    let next = Memo::new(move |_| check.with(|check| timeline.turns.with(|turns| next_step(check, turns))));
    // Made by the server for this page and check.
    let id = move || format!("{}-{number}", messages.next_id.get_untracked().as_str());
    let LabActions { read_history, compare, .. } = expect_context();
    move || {
        next.get().map(|next| match next {
            NextStep::Send { content, arm } => EitherOf4::A(view! { <SendForm number content id=id() arm /> }),
            NextStep::SendAgain { content, message_id: id } => {
                EitherOf4::B(view! { <SendAgain content id class="btn small" /> })
            }
            NextStep::ReadHistory => {
                EitherOf4::C(view! { <AskForm number action=read_history label="Read history" /> })
            }
            NextStep::Compare => {
                EitherOf4::D(view! { <AskForm number action=compare label="Compare with the store" /> })
            }
        })
    }
}

/// Sends a message, whose button waits for the answer: pressed twice it is one message.
#[component]
fn SendForm(
    /// The number of the check.
    number: u8,
    /// The message.
    content: String,
    /// Its id where no script runs: a form posted twice is one message. With script the form may stand for many, one
    /// after the other, and each gets an id of its own.
    id: String,
    /// Whether the lesson's failure is armed first.
    arm: bool,
) -> impl IntoView {
    let lab = expect_context::<LabState>();
    let action = expect_context::<LabActions>().send_once;
    let prepare = run_step(number);
    let words = if arm { "Arm, then send" } else { "Send" };
    view! {
        <ServerForm action prepare class="acts">
            <input type="hidden" name="actor" value=lab.actor().to_string() />
            <input type="hidden" name="content" value=content.clone() />
            <input type="hidden" name="message_id" value=id />
            {arm.then(|| view! { <input type="hidden" name="arm" value="true" /> })}
            <SubmitButton pending=action.pending() class="btn small">
                {format!("{words} “{content}”")}
            </SubmitButton>
        </ServerForm>
    }
}

/// What a check's form does where the script runs: the same as its key, and as *Run all*.
fn run_step<F: FormFunction>(number: u8) -> Callback<F, Option<F>> {
    let actions = expect_context::<LabActions>();
    Callback::new(move |_| {
        actions.run_step(number);
        None
    })
}

/// Asks the actor for something.
#[component]
fn AskForm<F: FormFunction>(
    /// The number of the check.
    number: u8,
    /// What asks.
    action: FormAction<F>,
    /// What the button says.
    label: &'static str,
) -> impl IntoView {
    let lab = expect_context::<LabState>();
    view! {
        <ServerForm action prepare=run_step(number) class="acts">
            <input type="hidden" name="actor" value=lab.actor().to_string() />
            <SubmitButton pending=action.pending() class="btn small">
                {label}
            </SubmitButton>
        </ServerForm>
    }
}
