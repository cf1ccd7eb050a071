//! The words of the timeline: how a turn stands, what a bar is called. Pure, so that the page says
//! the same on the server and in the browser.

use super::call_words;
use crate::format::{duration_us, tenths_ms};
use model::{
    lesson::prediction::PredictedStep,
    operation::{Cause, Layer, Method, Operation},
    timeline::{Attempt, AttemptState, BarId, Outcome, ReleasedBy, Turn, Wait, find_turn},
};

/// How something stands: its colour and, since colour alone says nothing to many, its icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It succeeded.
    Ok,
    /// It failed.
    Fail,
    /// It is between two attempts.
    Wait,
    /// It waits for somebody to release it.
    Held,
    /// It is behind another turn.
    Queue,
    /// It is under way.
    Run,
}

impl Standing {
    /// The icon's name in the page's set.
    #[must_use]
    pub(super) const fn icon(self) -> &'static str {
        match self {
            Self::Ok => "#i-check",
            Self::Fail => "#i-cross",
            Self::Wait => "#i-wait",
            Self::Held => "#i-pause",
            Self::Queue => "#i-queue",
            Self::Run => "#i-dot",
        }
    }

    /// The class of a row's words.
    #[must_use]
    pub(super) const fn row_class(self) -> &'static str {
        match self {
            Self::Ok => "turn-s ok-t",
            Self::Fail => "turn-s fail-t",
            Self::Wait => "turn-s wait-t",
            Self::Queue => "turn-s queue-t",
            Self::Held | Self::Run => "turn-s run-t",
        }
    }

    /// The class of the detail's icon.
    #[must_use]
    pub(super) const fn detail_class(self) -> &'static str {
        match self {
            Self::Ok => "d-mark ok",
            Self::Fail => "d-mark fail",
            Self::Wait | Self::Queue => "d-mark wait",
            Self::Held | Self::Run => "d-mark run",
        }
    }
}

/// Seconds to the millisecond: `1.012 s`.
#[must_use]
pub(super) fn seconds(us: u64) -> String {
    format!("{}.{:03} s", us / 1_000_000, us / 1_000 % 1_000)
}

/// How long an attempt lasted. Some never leave the process, and a time of zero would look like an error.
#[must_use]
pub(super) fn lasted(us: u64) -> String {
    if us < 100 { "under 0.1 ms".to_owned() } else { duration_us(us) }
}

/// A long time in one round figure: `38 s`, `12 min`, `3 h`.
#[must_use]
pub(super) fn roughly(ms: u64) -> String {
    match ms / 1_000 {
        s @ 0..120 => format!("{s} s"),
        s @ 120..7_200 => format!("{} min", s / 60),
        s => format!("{} h", s / 3_600),
    }
}

/// How long before the axis a turn began.
#[must_use]
pub(super) fn earlier(ms: u64) -> String {
    if ms < 1_000 { "earlier".to_owned() } else { format!("{} earlier", roughly(ms)) }
}

/// The operation's word at the start of a sentence.
#[must_use]
pub(super) const fn title(operation: Operation) -> &'static str {
    match operation {
        Operation::Load => "Load",
        Operation::Save => "Save",
        Operation::Publish => "Publish",
        Operation::Delete => "Delete",
    }
}

/// What a row calls its turn: the message, or what was asked for.
#[must_use]
pub(super) fn subject(turn: &Turn) -> String {
    match turn.method {
        Method::ProcessMessage => turn.content.clone().unwrap_or_default(),
        Method::GetConversationHistory => "read the history".to_owned(),
        Method::ResetConversation => "reset".to_owned(),
    }
}

/// The turn that a queued turn waits for: the last one before it that has not ended.
#[must_use]
pub(super) fn ahead(turns: &[Turn], number: u64) -> Option<u64> {
    turns.iter().rev().find(|turn| turn.number < number && !turn.ended()).map(|turn| turn.number)
}

/// How a turn stands, in a few words. `ahead` is the turn it queues behind, if any.
#[must_use]
pub(super) fn status(turn: &Turn, ahead: Option<u64>) -> (Standing, String) {
    if let Some(hold) = turn.held() {
        return (Standing::Held, format!("held, {} {} of {}", hold.operation.as_str(), hold.attempt, hold.max));
    }
    match &turn.outcome {
        Outcome::Queued => match ahead {
            Some(ahead) => (Standing::Queue, format!("queued behind turn {ahead}")),
            None => (Standing::Queue, "queued".to_owned()),
        },
        Outcome::Running => match (live_wait(turn), turn.attempts.last()) {
            (Some(wait), _) => (Standing::Wait, format!("waits, attempt {} of {}", wait.attempt, wait.max)),
            (None, Some(a)) => (Standing::Run, format!("{}, attempt {} of {}", a.operation.as_str(), a.attempt, a.max)),
            (None, None) => (Standing::Run, "starts".to_owned()),
        },
        Outcome::Completed { took_us, repeated } => {
            let took = took(turn, *took_us);
            let words = match turn.method {
                _ if *repeated => format!("stored before, {took}"),
                _ if turn.had_failures() => format!("recovered, {took}"),
                Method::ProcessMessage if publish_failed(turn) => format!("answered, no event, {took}"),
                Method::ProcessMessage => format!("answered, {took}"),
                Method::GetConversationHistory | Method::ResetConversation => format!("done, {took}"),
            };
            (Standing::Ok, words)
        }
        Outcome::Failed { took_us, .. } => {
            let took = took(turn, *took_us);
            match turn.attempts.iter().rev().find(|a| a.failed()) {
                Some(Attempt { attempt: 1, .. }) => (Standing::Fail, format!("failed, 1 attempt, {took}")),
                Some(a) => (Standing::Fail, format!("failed, {} attempts, {took}", a.attempt)),
                None => (Standing::Fail, format!("failed, {took}")),
            }
        }
    }
}

/// How long a turn took: what it was held is another figure.
fn took(turn: &Turn, took_us: u64) -> String {
    match turn.held_ms() {
        0 if took_us < 1_000 => "under 1 ms".to_owned(),
        0 => seconds(took_us),
        held_ms => format!("{} + {} held", seconds(took_us.saturating_sub(held_ms * 1_000)), tenths_ms(held_ms)),
    }
}

fn publish_failed(turn: &Turn) -> bool {
    let failed = |a: &Attempt| a.operation == Operation::Publish && a.failed();
    turn.attempts.iter().any(failed)
}

/// The wait that the turn is in now, if it is in one.
#[must_use]
pub(super) fn live_wait(turn: &Turn) -> Option<&Wait> {
    turn.waits.last().filter(|wait| !wait.over && !turn.ended())
}

/// How long a hold from `from` to `to` lasted, and what ended it.
#[must_use]
pub(super) fn released(from: u64, to: u64, by: ReleasedBy) -> String {
    let why = match by {
        ReleasedBy::Person => "until it was released",
        ReleasedBy::Limit => "then it had to go, for the turn to end in time",
        ReleasedBy::Switch => "until holding was switched off",
    };
    format!("{}, {why}", tenths_ms(to.saturating_sub(from)))
}

/// Whose doing a failure was, and where: `on purpose` and `in the actor`.
#[must_use]
pub(super) const fn cause(cause: Cause) -> (&'static str, &'static str) {
    let who = if cause.simulated { "on purpose" } else { "not on purpose" };
    let place = match cause.layer {
        Layer::Actor => "in the actor",
        Layer::Sidecar => "at the sidecar",
        Layer::Store => "in the state store",
        Layer::Wire => "on the wire to Redis",
    };
    (who, place)
}

/// The name of an attempt's bar for who cannot see it.
#[must_use]
pub(super) fn attempt_label(turn: u64, a: &Attempt) -> String {
    let (operation, attempt, max) = (a.operation.as_str(), a.attempt, a.max);
    let outcome = match &a.state {
        AttemptState::Running => "under way".to_owned(),
        AttemptState::Succeeded { took_us } => format!("succeeded, {}", lasted(*took_us)),
        AttemptState::Failed { cause, took_us, .. } if cause.simulated => {
            format!("failed on purpose, {}", lasted(*took_us))
        }
        AttemptState::Failed { cause: why, took_us, .. } => {
            format!("failed {}, {}", cause(*why).1, lasted(*took_us))
        }
    };
    let calls = call_words::in_full(a).map(|(sum, _)| format!("; the sidecar: {sum}")).unwrap_or_default();
    format!("Turn {turn}, {operation}, attempt {attempt} of {max}, {outcome}{calls}")
}

/// What stands above a wait's bar, and what its name begins with.
#[must_use]
pub(super) fn wait_text(delay_ms: u64) -> String {
    format!("wait {}", tenths_ms(delay_ms))
}

/// What is predicted, for who cannot see it.
#[must_use]
pub(super) fn predicted_label(step: PredictedStep) -> String {
    match step {
        PredictedStep::Attempt { operation, attempt, max, fails, .. } => {
            let outcome = if fails { "fails on purpose" } else { "succeeds" };
            format!("Predicted: {}, attempt {attempt} of {max} {outcome}", operation.as_str())
        }
        PredictedStep::Wait { delay_ms, .. } => format!("Predicted: wait of {}", tenths_ms(delay_ms)),
    }
}

/// The bar that the detail shows: the selected one if it is still there, else the latest failed attempt of the last
/// turn that began.
#[must_use]
pub(super) fn shown(turns: &[Turn], selected: Option<BarId>) -> Option<BarId> {
    if let Some(bar) = selected
        && find_turn(turns, bar.turn).is_some()
        && (bar.attempt_in(turns).is_some() || bar.wait_in(turns).is_some())
    {
        return Some(bar);
    }
    let last = turns.iter().rev().find(|turn| turn.started_at.is_some())?;
    let failed = last.attempts.iter().rev().find(|a| a.failed())?;
    Some(BarId::of_attempt(last.number, failed))
}

#[cfg(test)]
mod tests {
    use super::{super::samples, *};

    #[test]
    fn long_times_are_rounded_to_what_matters() {
        assert_eq!([38_900, 125_000, 7_300_000].map(roughly), ["38 s", "2 min", "2 h"]);
        assert_eq!(seconds(1_012_345), "1.012 s");
    }

    #[test]
    fn a_row_says_how_its_turn_stands() {
        let turns = [samples::recovered(1, 0), samples::waiting(2, 40_000), samples::queued(3, 40_500)];
        let rows: Vec<_> = turns.iter().map(|t| status(t, ahead(&turns, t.number))).collect();
        assert_eq!(rows[0], (Standing::Ok, "recovered, 1.012 s".to_owned()));
        assert_eq!(rows[1], (Standing::Wait, "waits, attempt 2 of 3".to_owned()));
        assert_eq!(rows[2], (Standing::Queue, "queued behind turn 2".to_owned()));
        assert_eq!(status(&samples::held(4, 0), None), (Standing::Held, "held, load 2 of 3".to_owned()));
        assert_eq!(status(&samples::exhausted(4, 0), None), (Standing::Fail, "failed, 3 attempts, 2.003 s".to_owned()));
    }

    #[test]
    fn a_bar_is_named_by_what_happened_to_it() {
        let turn = samples::recovered(1, 0);
        let names: Vec<_> = turn.attempts.iter().map(|a| attempt_label(1, a)).collect();
        assert_eq!(names[0], "Turn 1, load, attempt 1 of 3, failed on purpose, 0.4 ms");
        assert_eq!(names[1], "Turn 1, load, attempt 2 of 3, succeeded, 2.1 ms");
    }

    #[test]
    fn without_a_selection_the_latest_failure_of_the_last_turn_is_shown() {
        let turns = [samples::exhausted(1, 0), samples::queued(2, 500)];
        assert_eq!(shown(&turns, None), "t1-load-3".parse().ok());
        assert_eq!(shown(&turns, "t1-load-1-wait".parse().ok()), "t1-load-1-wait".parse().ok());
        assert_eq!(shown(&turns, "t9-load-1".parse().ok()), "t1-load-3".parse().ok(), "a bar that is gone");
        assert_eq!(shown(&[samples::recovered(1, 0), samples::quick(2, 9_000)], None), None);
    }
}
