//! One message of the conversation, in each of its states.

use leptos::prelude::*;

use super::entries::TurnEntry;
use crate::{
    error::{ErrorCode, LabError},
    format::{duration_us, tenths_ms},
    icons::icon,
    live::{
        actions,
        store::{Store, Unsent, UnsentState},
    },
    message::{Message, Role},
    panels::trace::{telling_bar, trace},
    timeline::{AttemptState, Operation, Outcome, Turn, Wait},
};

fn bubble(who: &'static str, content: String) -> impl IntoView {
    view! {
        <span class="who">{who}</span>
        <div class="bubble">
            <p>{content}</p>
        </div>
    }
}

/// A message of which the timeline knows no turn.
pub(super) fn stored_message(message: Message) -> impl IntoView {
    let (class, who) = match message.role {
        Role::User => ("msg you", "you"),
        Role::Assistant => ("msg agent", "agent"),
    };
    view! { <li class=class>{bubble(who, message.content)}</li> }
}

/// The line above which messages have dropped out.
pub(super) fn kept_note() -> impl IntoView {
    view! { <li class="kept">"The history keeps the last 5 messages: those above have dropped out."</li> }
}

/// A turn's message and what became of it.
pub(super) fn turn_messages(store: Store, entry: TurnEntry) -> impl IntoView {
    let TurnEntry { turn, reply, behind, sent_again_in, kept_from_reply } = entry;
    let content = turn.content.clone().unwrap_or_default();
    match &turn.outcome {
        Outcome::Queued | Outcome::Running => view! {
            <li class="msg you pending">{bubble("you", content)} {pending_foot(store, &turn, behind)}</li>
        }
        .into_any(),
        Outcome::Failed { error, .. } => view! {
            <li class="msg you failed">
                {bubble("you", content)} {failed_turn(store, &turn, error, sent_again_in)}
            </li>
        }
        .into_any(),
        Outcome::Completed { took_us, repeated } => view! {
            <li class="msg you">{bubble("you", content)}</li>
            {kept_from_reply.then(kept_note)}
            <li class="msg agent">
                {bubble("agent", reply.unwrap_or_default())} {answered_foot(store, &turn, *took_us, *repeated)}
            </li>
        }
        .into_any(),
    }
}

/// The trace of a turn as a link to its telling bar in the timeline.
fn traced(store: Store, turn: &Turn) -> impl IntoView + use<> {
    let trace = trace(turn);
    match telling_bar(turn) {
        Some(bar) => {
            let href = format!("?bar={bar}#timeline");
            let select = move |event: leptos::ev::MouseEvent| {
                event.prevent_default();
                store.select(&bar);
            };
            view! { <a href=href on:click=select>{trace}</a> }.into_any()
        }
        None => trace.into_any(),
    }
}

fn answered_foot(store: Store, turn: &Turn, took_us: u64, repeated: bool) -> impl IntoView + use<> {
    let publish_failed = turn.attempts.iter().any(|a| a.operation == Operation::Publish && a.failed());
    let recovery = store.recovery_of(turn.number);
    let words = match recovery {
        _ if repeated => "Stored before: the same reply again".to_owned(),
        Some((attempt, max, lost_us)) => {
            format!("Recovered on attempt {attempt} of {max}, after {}", duration_us(lost_us))
        }
        None if publish_failed => "Stored, but its event could not be published".to_owned(),
        None => format!("Answered in {}", duration_us(took_us)),
    };
    view! { <div class="msg-foot">{traced(store, turn)} <span>{words}</span></div> }
}

fn pending_foot(store: Store, turn: &Turn, behind: Option<u64>) -> impl IntoView + use<> {
    let words = match (&turn.outcome, turn.waits.last(), turn.attempts.last()) {
        (Outcome::Queued, ..) => {
            let words =
                behind.map_or_else(|| "On its way to the actor".to_owned(), |n| format!("Queued behind turn {n}"));
            view! { <span class="queue-t">{words}</span> }.into_any()
        }
        (_, Some(wait), _) if !wait.over => countdown(store, wait).into_any(),
        (_, _, Some(attempt)) if matches!(attempt.state, AttemptState::Running) => {
            let (operation, n, max) = (attempt.operation.as_str(), attempt.attempt, attempt.max);
            view! { <span>{format!("Attempt {n} of {max} to {operation}")}</span> }.into_any()
        }
        _ => view! { <span>"The actor has it"</span> }.into_any(),
    };
    view! { <div class="msg-foot">{traced(store, turn)} {words}</div> }
}

fn countdown(store: Store, wait: &Wait) -> impl IntoView + use<> {
    let (failed, attempt, max, due_at) = (wait.attempt - 1, wait.attempt, wait.max, wait.due_at);
    let left = move || tenths_ms(due_at.saturating_sub(store.now.get()));
    view! {
        <span class="wait-t">
            {format!("Attempt {failed} failed. Attempt {attempt} of {max} in ")} <b class="tnum">{left}</b>
        </span>
    }
}

/// What is said of an error: the headline, and what it means.
fn headline(turn: Option<&Turn>, error: &LabError) -> (String, String) {
    let last = turn.and_then(|turn| turn.attempts.iter().rfind(|a| a.failed()));
    let reason = match last.map(|a| &a.state) {
        Some(AttemptState::Failed { error, .. }) => error.clone(),
        _ => error.message.clone(),
    };
    let reason = reason.trim_end_matches('.');
    let unchanged = "Nothing was stored, nothing was changed.";
    match (error.code, last) {
        (ErrorCode::OutcomeUnknown, _) => (
            "Unknown: the save may or may not have been stored.".to_owned(),
            format!("{reason}. Send it again: the next turn finds out before it writes."),
        ),
        (_, Some(a)) => {
            let what = if a.operation == Operation::Load { "loaded" } else { "saved" };
            let tries = if a.attempt == 1 { "1 attempt".to_owned() } else { format!("{} attempts", a.attempt) };
            (format!("Failed: the history could not be {what} in {tries}."), format!("{reason}. {unchanged}"))
        }
        (ErrorCode::SidecarUnreachable, _) => {
            ("Not delivered: the sidecar does not answer.".to_owned(), format!("{reason}. {unchanged}"))
        }
        (ErrorCode::StoreUnreachable, _) => {
            ("Failed: the state store does not answer.".to_owned(), format!("{reason}. {unchanged}"))
        }
        _ => ("Failed.".to_owned(), format!("{reason}. {unchanged}")),
    }
}

fn failed_turn(store: Store, turn: &Turn, error: &LabError, sent_again_in: Option<u64>) -> impl IntoView + use<> {
    let (title, text) = headline(Some(turn), error);
    let id = turn.message_id.clone().map(String::from).unwrap_or_default();
    let content = turn.content.clone().unwrap_or_default();
    let again = match sent_again_in {
        Some(number) => view! { <span class="note">{format!("Sent again in turn {number}")}</span> }.into_any(),
        None => view! { <SendAgain store id content /> }.into_any(),
    };
    let attempt = turn.attempts.iter().rfind(|a| a.failed()).map(|a| format!("Attempt {}", a.attempt));
    view! {
        <div class="failure">
            <p class="failure-t">{icon("#i-alert")} <b>{title}</b></p>
            <p class="failure-s">{text}</p>
            <div class="failure-a">
                {again} <span class="failure-trace">{traced(store, turn)} {attempt}</span>
            </div>
        </div>
    }
}

/// Sends the same message with the same id: if it was stored after all, its stored reply comes back.
#[component]
pub(super) fn SendAgain(store: Store, id: String, content: String) -> impl IntoView {
    let (again_id, again_content) = (id.clone(), content.clone());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        actions::send(store, again_content.clone(), again_id.clone());
    };
    view! {
        <form action=actions::SEND method="post" on:submit=submit>
            <input type="hidden" name="actor" value=store.actor_id() />
            <input type="hidden" name="message_id" value=id />
            <input type="hidden" name="content" value=content />
            <button class="btn primary" type="submit">{icon("#i-replay")} "Send again"</button>
        </form>
    }
}

/// A message that this page sent and of which the timeline does not know yet.
pub(super) fn unsent_message(store: Store, unsent: Unsent) -> impl IntoView {
    let Unsent { id, content, state, .. } = unsent;
    match state {
        UnsentState::Sending => view! {
            <li class="msg you pending">
                {bubble("you", content)} <div class="msg-foot"><span>"Sending"</span></div>
            </li>
        }
        .into_any(),
        UnsentState::Answered => view! {
            <li class="msg you">
                {bubble("you", content)}
                <div class="msg-foot"><span>"Answered; its turn is shown when the connection is back"</span></div>
            </li>
        }
        .into_any(),
        UnsentState::Failed(error) => {
            let (title, text) = headline(None, &error);
            view! {
                <li class="msg you failed">
                    {bubble("you", content.clone())}
                    <div class="failure">
                        <p class="failure-t">{icon("#i-alert")} <b>{title}</b></p>
                        <p class="failure-s">{text}</p>
                        <div class="failure-a"><SendAgain store id content /></div>
                    </div>
                </li>
            }
            .into_any()
        }
    }
}
