//! The detail of the selected bar; without one, how to read the timeline.

use maud::{Markup, PreEscaped, html};

use super::{
    bar_id::BarId,
    calls,
    words::{self, Mark},
};
use crate::{format::clock_ms, icons::symbol};
use model::{
    actor_id::ActorId,
    operation::Operation,
    timeline::{Attempt, AttemptState, Event, Outcome, Step, Turn, Wait},
};

/// One bar in words.
struct Detail {
    bar: BarId,
    mark: Mark,
    title: String,
    error: Option<String>,
    turn: String,
    subject: String,
    /// Whether it was on purpose, who it was, where.
    cause: Option<(bool, &'static str, &'static str)>,
    started: String,
    lasted: String,
    /// How long it was held before it began, and what let it go.
    held: Option<String>,
    next: String,
    log: Option<String>,
    /// What the sidecar did on the wire meanwhile: in a sentence, and call by call.
    calls: Option<(String, Vec<String>)>,
    /// The number of its turn, if that has ended: then it can be kept as a recording.
    ended: Option<u64>,
    /// The deep dive into what the lesson's code does then: its name in addresses, and in words.
    dive: Option<(&'static str, &'static str)>,
}

fn of_attempt(turn: &Turn, a: &Attempt, actor: &ActorId, utc_offset_min: i32) -> Detail {
    let (mark, took) = match &a.state {
        AttemptState::Running => (Mark::Run, None),
        AttemptState::Succeeded { took_us } => (Mark::Ok, Some(*took_us)),
        AttemptState::Failed { took_us, .. } => (Mark::Fail, Some(*took_us)),
    };
    let failure = match &a.state {
        AttemptState::Failed { error, cause, .. } => Some((error.clone(), *cause)),
        _ => None,
    };
    Detail {
        bar: BarId::of_attempt(turn.number, a),
        mark,
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
        calls: calls::told(a),
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
        Operation::Publish => None,
    }
}

fn of_wait(turn: &Turn, wait: &Wait, utc_offset_min: i32) -> Detail {
    let operation = wait.operation.as_str();
    let began = turn.attempts.iter().find(|a| a.operation == wait.operation && a.attempt == wait.attempt);
    let next = match began {
        None if turn.held().is_some_and(|hold| hold.operation == wait.operation) => {
            format!("{operation}, attempt {}, which is held", wait.attempt)
        }
        Some(a) => format!("{operation}, attempt {} at {}", a.attempt, clock_ms(a.started_at, utc_offset_min)),
        None => format!("{operation}, attempt {}, due {}", wait.attempt, clock_ms(wait.due_at, utc_offset_min)),
    };
    Detail {
        bar: BarId::of_wait(turn.number, wait),
        mark: Mark::Wait,
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

/// The detail beside the timeline: of the bar that the reader has `selected`, or that says most. Of a recording there is
/// no lab to take anything from.
pub(super) fn detail(
    turns: &[Turn],
    selected: Option<BarId>,
    actor: &ActorId,
    utc_offset_min: i32,
    recorded: bool,
) -> Markup {
    let bar = words::shown(turns, selected);
    let detail = bar.and_then(|bar| {
        let attempt = bar.attempt_in(turns).map(|(turn, a)| of_attempt(turn, a, actor, utc_offset_min));
        attempt.or_else(|| bar.wait_in(turns).map(|(turn, wait)| of_wait(turn, wait, utc_offset_min)))
    });
    html! {
        @match detail {
            Some(detail) => aside.detail aria-label="Selected bar" {
                (shown(&detail, selected == Some(detail.bar), (!recorded).then_some(actor)))
            },
            None => aside.detail.howto aria-label="How to read the timeline" { (PreEscaped(HOW_TO)) },
        }
    }
}

fn line(term: &str, of: &Markup) -> Markup {
    html! { div { dt { (term) } dd { (of) } } }
}

/// What leads on from a bar of this lab: its turn as a file, and what the lesson's code does then.
fn acts(detail: &Detail, actor: &ActorId) -> Markup {
    html! {
        p.detail-acts {
            @if let Some(turn) = detail.ended {
                a href={ "/api/lab/" (actor) "/turn/" (turn) } download={ "faultlab-" (actor) "-turn-" (turn) ".json" } {
                    "Keep this turn"
                }
            }
            @if let Some((slug, words)) = detail.dive {
                a href={ "/dives/" (slug) "?actor=" (actor) } title=(words) { "In the lesson’s code" }
            }
        }
    }
}

/// The detail; what the reader has chosen can be closed.
fn shown(detail: &Detail, chosen: bool, lab: Option<&ActorId>) -> Markup {
    let text = |text: &str| html! { (text) };
    html! {
        div.detail-head {
            span class=(detail.mark.detail_class()) { (symbol(detail.mark.icon())) }
            h3 { (detail.title) }
            a.btn.quiet.icon.swap href=(detail.bar.href()) data-copy-link aria-label="Copy a link to this bar" {
                (symbol("#i-link")) (symbol("#i-check"))
            }
            @if chosen {
                a.btn.quiet.icon href="?#timeline" data-close aria-label="Close" { (symbol("#i-cross")) }
            }
        }
        @if let Some(error) = &detail.error { p.detail-err { (error) } }
        dl {
            (line("Turn", &html! { (detail.turn) " " span.note { "“" (detail.subject) "”" } }))
            @if let Some((simulated, who, place)) = detail.cause {
                (line("Cause", &html! {
                    @if simulated { span.sim-t { (symbol("#i-flag")) (who) } } @else { (who) }
                    " " span.note { (place) }
                }))
            }
            @if let Some(held) = &detail.held { (line("Held", &text(held))) }
            (line("Started", &text(&detail.started)))
            (line("Lasted", &text(&detail.lasted)))
            (line("Next", &text(&detail.next)))
            @if let Some((sum, each)) = &detail.calls {
                (line("Sidecar", &html! { (sum) " " ul.detail-calls { @for call in each { li { (call) } } } }))
            }
        }
        @if let Some(log) = &detail.log { p.detail-log { code { (log) } } }
        @if let Some(actor) = lab.filter(|_| detail.ended.is_some() || detail.dive.is_some()) { (acts(detail, actor)) }
    }
}

/// What stands there while nothing is selected.
const HOW_TO: &str = concat!(
    r#"<div class="detail-head"><h3>How to read it</h3></div><ul>"#,
    r#"<li><svg class="trace" width="12" height="12" aria-hidden="true"><rect class="m-ok" width="12" height="12" rx="2"></rect><path class="m-mark-ok" d="M3.2 6.3l2 2 3.8-4.4"></path></svg><span><b>A bar is one attempt.</b> Its number counts from 1.</span></li>"#,
    r#"<li><svg class="trace" width="24" height="20" aria-hidden="true"><path class="flag" d="M1 20V1l8 3-8 3"></path><path class="m-fail" d="M1 9h21l-2.5 2.75 2.5 2.75-2.5 2.75L22 20H1z"></path></svg><span><b>Torn: it failed.</b> A flag means on purpose.</span></li>"#,
    r#"<li><svg class="trace" width="22" height="12" aria-hidden="true"><rect class="m-wait" x=".5" y="2.5" width="21" height="7" rx="1.5" fill="url(#hatch-mini)"></rect></svg><span><b>Hatched: the wait</b> before the next attempt.</span></li>"#,
    r#"<li><svg class="trace" width="26" height="12" aria-hidden="true"><path class="m-queue" d="M0 6h26"></path></svg><span><b>Dashed: queued.</b> One turn at a time.</span></li>"#,
    r##"<li><svg class="i" aria-hidden="true"><use href="#i-power"></use></svg><span><b>Activated: in memory again.</b> An idle actor leaves it.</span></li>"##,
    r#"</ul><p class="note">Press any bar for its error, times and log line.</p>"#,
);
