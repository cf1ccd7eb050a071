//! The selected bar in words. Pure.

use super::{
    call_words,
    words::{self, Standing},
};
use crate::format::clock_ms;
use model::{
    actor_id::ActorId,
    operation::Operation,
    timeline::{Attempt, AttemptState, BarId, Event, Outcome, Step, Turn, Wait},
};

/// One bar in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BarFacts {
    /// The bar.
    pub(super) bar: BarId,
    /// Whether the reader has chosen it.
    pub(super) chosen: bool,
    /// How it stands.
    pub(super) standing: Standing,
    /// What it is.
    pub(super) title: String,
    /// Its own error.
    pub(super) error: Option<String>,
    /// The number of its turn.
    pub(super) turn: String,
    /// The message of its turn, or what was asked for.
    pub(super) subject: String,
    /// Whether its failure was on purpose, who it was, where.
    pub(super) cause: Option<(bool, &'static str, &'static str)>,
    /// When it began.
    pub(super) started: String,
    /// How long it lasted.
    pub(super) lasted: String,
    /// How long it was held before it began, and what let it go.
    pub(super) held: Option<String>,
    /// What came after it, or is to come.
    pub(super) next: String,
    /// Its line in the log.
    pub(super) log: Option<String>,
    /// What the sidecar did on the wire meanwhile: in a sentence, and call by call.
    pub(super) calls: Option<(String, Vec<String>)>,
    /// The number of its turn, if that has ended: then it can be kept as a recording.
    pub(super) ended: Option<u64>,
    /// The deep dive into what the lesson's code does then: its name in addresses, and in words.
    pub(super) dive: Option<(&'static str, &'static str)>,
}

/// The bar that the reader has `selected`, else the one that says most; `None` if there is none.
pub(super) fn facts(turns: &[Turn], selected: Option<BarId>, actor: &ActorId, utc_offset_min: i32) -> Option<BarFacts> {
    let bar = words::shown(turns, selected)?;
    let attempt = bar.attempt_in(turns).map(|(turn, a)| of_attempt(turn, a, actor, utc_offset_min));
    let facts = attempt.or_else(|| bar.wait_in(turns).map(|(turn, wait)| of_wait(turn, wait, utc_offset_min)))?;
    Some(BarFacts { chosen: selected == Some(bar), ..facts })
}

fn of_attempt(turn: &Turn, a: &Attempt, actor: &ActorId, utc_offset_min: i32) -> BarFacts {
    let (standing, took) = match &a.state {
        AttemptState::Running => (Standing::Run, None),
        AttemptState::Succeeded { took_us } => (Standing::Ok, Some(*took_us)),
        AttemptState::Failed { took_us, .. } => (Standing::Fail, Some(*took_us)),
    };
    let failure = match &a.state {
        AttemptState::Failed { error, cause, .. } => Some((error.clone(), *cause)),
        _ => None,
    };
    BarFacts {
        bar: BarId::of_attempt(turn.number, a),
        chosen: false,
        standing,
        title: format!("{}, attempt {} of {}", words::title(a.operation), a.attempt, a.max),
        cause: failure.as_ref().map(|(_, cause)| {
            let (who, place) = words::cause(*cause);
            (cause.simulated, who, place)
        }),
        error: failure.map(|(error, _)| error),
        turn: turn.number.to_string(),
        subject: words::subject(turn),
        started: clock_ms(a.started_at, utc_offset_min),
        lasted: took.map_or_else(|| "under way".to_owned(), words::lasted),
        held: held(turn, a),
        next: next(turn, a, utc_offset_min),
        log: log_line(turn, a, actor),
        calls: call_words::in_full(a),
        ended: turn.ended().then_some(turn.number),
        dive: dive(a),
    }
}

/// Where the deep dives tell of such a failure.
fn dive(a: &Attempt) -> Option<(&'static str, &'static str)> {
    match a.operation {
        _ if !a.failed() => None,
        Operation::Load => Some(("failed-read-wipes", "A failed read in the lesson’s code")),
        Operation::Save => Some(("retry-around-a-cache", "A failed save in the lesson’s code")),
        Operation::Publish | Operation::Delete => None,
    }
}

fn of_wait(turn: &Turn, wait: &Wait, utc_offset_min: i32) -> BarFacts {
    let operation = wait.operation.as_str();
    let began = turn.attempts.iter().find(|a| a.operation == wait.operation && a.attempt == wait.attempt);
    let next = match began {
        None if turn.held().is_some_and(|hold| hold.operation == wait.operation) => {
            format!("{operation}, attempt {}, which is held", wait.attempt)
        }
        Some(a) => format!("{operation}, attempt {} at {}", a.attempt, clock_ms(a.started_at, utc_offset_min)),
        None => format!("{operation}, attempt {}, due {}", wait.attempt, clock_ms(wait.due_at, utc_offset_min)),
    };
    BarFacts {
        bar: BarId::of_wait(turn.number, wait),
        chosen: false,
        standing: Standing::Wait,
        title: format!("Wait before attempt {} of {}", wait.attempt, wait.max),
        error: None,
        turn: turn.number.to_string(),
        subject: words::subject(turn),
        cause: None,
        started: clock_ms(wait.from, utc_offset_min),
        lasted: words::seconds(wait.delay_ms * 1_000),
        held: None,
        next,
        log: None,
        calls: None,
        ended: turn.ended().then_some(turn.number),
        dive: None,
    }
}

/// How long an attempt was held before it began, if it was.
fn held(turn: &Turn, a: &Attempt) -> Option<String> {
    let hold = turn.holds.iter().find(|hold| hold.operation == a.operation && hold.attempt == a.attempt)?;
    let (at, by) = hold.released?;
    Some(words::released(hold.from, at, by))
}

/// What came after an attempt, or is to come.
fn next(turn: &Turn, a: &Attempt, utc_offset_min: i32) -> String {
    let place = turn.attempts.iter().position(|other| std::ptr::eq(other, a)).unwrap_or_default();
    let after = turn.attempts.get(place + 1);
    match (&a.state, after) {
        (AttemptState::Running, _) => "its result".to_owned(),
        (AttemptState::Failed { .. }, _) if a.operation == Operation::Publish => {
            "none: publishing is tried once, and the turn goes on".to_owned()
        }
        (AttemptState::Failed { .. }, Some(next)) => {
            format!("attempt {} at {}", next.attempt, clock_ms(next.started_at, utc_offset_min))
        }
        (AttemptState::Failed { transient: false, .. }, None) => "none: another attempt cannot mend it".to_owned(),
        (AttemptState::Failed { .. }, None) => match (words::live_wait(turn), turn.held()) {
            (Some(wait), _) => format!("attempt {} at {}", wait.attempt, clock_ms(wait.due_at, utc_offset_min)),
            (None, Some(hold)) => format!("attempt {}, which is held", hold.attempt),
            (None, None) if a.attempt == a.max => format!("none: {} attempts are the limit", a.max),
            (None, None) => "none".to_owned(),
        },
        (AttemptState::Succeeded { .. }, Some(next)) => {
            format!("{}, attempt {}", next.operation.as_str(), next.attempt)
        }
        (AttemptState::Succeeded { .. }, None) => match turn.outcome {
            Outcome::Completed { .. } => "the reply".to_owned(),
            _ => "the next step of the turn".to_owned(),
        },
    }
}

/// The line that the attempt left in the log, if it left one.
fn log_line(turn: &Turn, a: &Attempt, actor: &ActorId) -> Option<String> {
    let (turn, operation, attempt, max) = (turn.number, a.operation, a.attempt, a.max);
    let step = match &a.state {
        AttemptState::Running => return None,
        AttemptState::Succeeded { took_us } => {
            Step::AttemptSucceeded { turn, operation, attempt, max, took_us: *took_us }
        }
        AttemptState::Failed { error, cause, transient, took_us } => {
            let (error, cause, transient, took_us) = (error.clone(), *cause, *transient, *took_us);
            Step::AttemptFailed { turn, operation, attempt, max, error, cause, transient, took_us }
        }
    };
    Event { seq: 0, at: a.started_at, step }.log_line(actor).map(|line| line.text)
}
