//! A turn in one line of small shapes: the timeline's bars at 12 px.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

use super::timeline::BarId;
use crate::timeline::{AttemptState, Operation, Outcome, Turn};

const FAILED: &str = r#"<path class="m-fail" d="M2 0h10l-2.5 3 2.5 3-2.5 3 2.5 3h-10a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2z"/><path class="m-mark-fail" d="M3 3.9l4.2 4.2m0-4.2-4.2 4.2"/>"#;
const SUCCEEDED: &str =
    r#"<rect class="m-ok" width="12" height="12" rx="2"/><path class="m-mark-ok" d="M3.2 6.3l2 2 3.8-4.4"/>"#;
const RUNS: &str = r#"<rect class="m-run" x="1" y="1" width="10" height="10" rx="2"/>"#;
const NOT_YET: &str = r#"<rect class="m-ghost" x=".5" y=".5" width="11" height="11" rx="2"/>"#;
const WAITED: &str = r#"<rect class="m-wait" x=".5" y="2.5" width="21" height="7" rx="1.5" fill="url(#hatch-mini)"/>"#;
const WAITS: &str = r#"<rect class="m-wait" x=".5" y="2.5" width="12" height="7" rx="1.5" fill="url(#hatch-mini)"/><path class="m-wait-rest" d="M13 2.5h8v7h-8"/>"#;
const QUEUED: &str = r#"<path class="m-queue" d="M0 6h26"/>"#;

/// Shapes beside each other, and what they say.
struct Line {
    shapes: String,
    width: u32,
    words: Vec<&'static str>,
}

impl Line {
    fn add(&mut self, shape: &str, width: u32, word: &'static str) {
        if self.width > 0 {
            self.width += 2;
        }
        let _ = write!(self.shapes, r#"<g transform="translate({} 0)">{shape}</g>"#, self.width);
        self.width += width;
        if self.words.last() != Some(&word) {
            self.words.push(word);
        }
    }

    fn markup(self) -> Markup {
        let Self { shapes, width, words } = self;
        html! {
            svg.trace width=(width) height="12" viewBox={ "0 0 " (width) " 12" } role="img" aria-label=(words.join(", ")) {
                (PreEscaped(shapes))
            }
        }
    }
}

/// The trace of a turn.
pub fn trace(turn: &Turn) -> Markup {
    line(turn).markup()
}

fn line(turn: &Turn) -> Line {
    let mut line = Line { shapes: String::new(), width: 0, words: Vec::new() };
    if turn.outcome == Outcome::Queued {
        line.add(QUEUED, 26, "queued");
    }
    for attempt in &turn.attempts {
        match attempt.state {
            AttemptState::Failed { .. } => line.add(FAILED, 12, "failed"),
            AttemptState::Succeeded { .. } => line.add(SUCCEEDED, 12, "succeeded"),
            AttemptState::Running => line.add(RUNS, 12, "under way"),
        }
        let after =
            |wait: &&crate::timeline::Wait| wait.operation == attempt.operation && wait.attempt == attempt.attempt + 1;
        match turn.waits.iter().find(after) {
            Some(wait) if wait.over || turn.ended() => line.add(WAITED, 22, "waited"),
            Some(_) => line.add(WAITS, 22, "waits"),
            None => {}
        }
    }
    line
}

/// The trace of an operation that needs every attempt that the policy allows.
pub fn policy_trace(attempts: u8) -> Markup {
    let mut line = Line { shapes: String::new(), width: 0, words: Vec::new() };
    for attempt in 0..attempts {
        if attempt > 0 {
            line.add(WAITED, 22, "wait");
        }
        line.add(NOT_YET, 12, "attempt");
    }
    line.markup()
}

/// The bar that a turn's trace leads to: the last failed attempt, else the first.
pub fn telling_bar(turn: &Turn) -> Option<BarId> {
    let attempts = || turn.attempts.iter().filter(|a| a.operation != Operation::Publish || a.failed());
    let telling = attempts().rfind(|a| a.failed()).or_else(|| attempts().next())?;
    Some(BarId::of_attempt(turn.number, telling))
}
