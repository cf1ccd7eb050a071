//! What is said of a message's turn.

use super::foot::{Foot, TurnSummary};
use crate::format::{duration_us, tenths_ms};
use model::{
    error::{ErrorCode, LabError, clause},
    message::NOT_TWICE,
    operation::Operation,
    timeline::{AttemptState, Outcome, Recovery, Turn},
};

/// Under a message that is answered.
pub(crate) fn answered(turn: &Turn, took_us: u64, repeated: bool) -> Foot {
    let publish_failed = turn.attempts.iter().any(|a| a.operation == Operation::Publish && a.failed());
    let words = match turn.recovered {
        _ if repeated => "Stored before: the same reply again".to_owned(),
        Some(Recovery { attempt, max, lost_us }) => {
            let held_ms = turn.held_during_retries_ms();
            let held = if held_ms > 0 { format!(", held {}", tenths_ms(held_ms)) } else { String::new() };
            let lost = duration_us(lost_us.saturating_sub(held_ms * 1_000));
            format!("Recovered on attempt {attempt} of {max}, after {lost}{held}")
        }
        None if publish_failed => "Stored, but its event could not be published".to_owned(),
        None => match turn.held_ms() {
            0 => format!("Answered in {}", duration_us(took_us)),
            held_ms => {
                let took = duration_us(took_us.saturating_sub(held_ms * 1_000));
                format!("Answered in {took}, held {}", tenths_ms(held_ms))
            }
        },
    };
    Foot { turn: Some(TurnSummary::of(turn)), class: "", words, due_at: None }
}

/// Under a message that is under way; `behind` is the turn that it queues behind.
pub(crate) fn pending(turn: &Turn, behind: Option<u64>) -> Foot {
    if let Some(hold) = turn.held() {
        let (attempt, max, operation) = (hold.attempt, hold.max, hold.operation.as_str());
        let words = format!("Attempt {attempt} of {max} to {operation} is held, at most ");
        // Before its first attempt there is nothing to draw of it.
        let summary = (!turn.attempts.is_empty()).then(|| TurnSummary::of(turn));
        return Foot { turn: summary, class: "run-t", words, due_at: Some(hold.due_at) };
    }
    let mut due_at = None;
    let (class, words) = match (&turn.outcome, turn.waits.last(), turn.attempts.last()) {
        (Outcome::Queued, ..) => {
            let behind = behind.map(|number| format!("Queued behind turn {number}"));
            ("queue-t", behind.unwrap_or_else(|| "On its way to the actor".to_owned()))
        }
        (_, Some(wait), _) if !wait.over => {
            due_at = Some(wait.due_at);
            let (failed, next, max) = (wait.attempt.saturating_sub(1), wait.attempt, wait.max);
            ("wait-t", format!("Attempt {failed} failed. Attempt {next} of {max} in "))
        }
        (_, _, Some(a)) if a.state == AttemptState::Running => {
            ("", format!("Attempt {} of {} to {}", a.attempt, a.max, a.operation.as_str()))
        }
        _ => ("", "The actor has it".to_owned()),
    };
    Foot { turn: Some(TurnSummary::of(turn)), class, words, due_at }
}

/// Of a failure: the headline, and the reason with what it means. `turn` is `None` if there was none.
pub(crate) fn failure(turn: Option<&Turn>, error: &LabError) -> (String, String) {
    let last = turn.and_then(|turn| turn.attempts.iter().rfind(|a| a.failed()));
    let reason = match last.map(|a| &a.state) {
        Some(AttemptState::Failed { error, .. }) => error,
        _ => &error.message,
    };
    let reason = clause(reason);
    let title = match (error.code, last) {
        (ErrorCode::OutcomeUnknown, _) => {
            let text = format!("{reason}. Send it again: the next turn finds out before it writes.");
            return ("Unknown: the save may or may not have been stored.".to_owned(), text);
        }
        (ErrorCode::IdReused, _) => "Not stored: its id belongs to another message.".to_owned(),
        (_, Some(a)) => {
            let what = if a.operation == Operation::Load { "loaded" } else { "saved" };
            let tries = if a.attempt == 1 { "attempt" } else { "attempts" };
            format!("Failed: the history could not be {what} in {} {tries}.", a.attempt)
        }
        (ErrorCode::ServerUnreachable, _) => {
            let text = format!("It may have arrived or not. Send it again: {NOT_TWICE}.");
            return ("No answer: the lab’s server went away.".to_owned(), text);
        }
        (ErrorCode::SidecarUnreachable, _) => "Not delivered: the sidecar does not answer.".to_owned(),
        (ErrorCode::TooManyWaiting, _) => "Not taken: too many messages wait.".to_owned(),
        (ErrorCode::StoreUnreachable, _) => "Failed: the state store does not answer.".to_owned(),
        _ => "Failed.".to_owned(),
    };
    (title, format!("{reason}. Nothing was stored, nothing was changed."))
}
