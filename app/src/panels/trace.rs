//! A turn in one line of small shapes: the timeline's bars at 12 px.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::timeline::BarId;
use model::{
    operation::Operation,
    timeline::{AttemptState, Outcome, Turn},
};

/// A shape: its paths, each with its class, from the shape's upper left corner on.
type Shape = [(&'static str, &'static str)];

const FAILED: &Shape = &[
    ("m-fail", "m2 0h10l-2.5 3 2.5 3-2.5 3 2.5 3h-10a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2z"),
    ("m-mark-fail", "m3 3.9l4.2 4.2m0-4.2l-4.2 4.2"),
];
const SUCCEEDED: &Shape = &[
    ("m-ok", "m2 0h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-8a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2z"),
    ("m-mark-ok", "m3.2 6.3l2 2 3.8-4.4"),
];
const RUNS: &Shape = &[("m-run", "m3 1h6a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2h-6a2 2 0 0 1-2-2v-6a2 2 0 0 1 2-2z")];
const NOT_YET: &Shape = &[("m-ghost", "m2.5 .5h7a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2z")];
const WAITED: &Shape = &[(
    "m-wait",
    "m2 2.5h18a1.5 1.5 0 0 1 1.5 1.5v4a1.5 1.5 0 0 1-1.5 1.5h-18a1.5 1.5 0 0 1-1.5-1.5v-4a1.5 1.5 0 0 1 1.5-1.5z",
)];
const WAITS: &Shape = &[
    (
        "m-wait",
        "m2 2.5h9a1.5 1.5 0 0 1 1.5 1.5v4a1.5 1.5 0 0 1-1.5 1.5h-9a1.5 1.5 0 0 1-1.5-1.5v-4a1.5 1.5 0 0 1 1.5-1.5z",
    ),
    ("m-wait-rest", "m13 2.5h8v7h-8"),
];
const QUEUED: &Shape = &[("m-queue", "m0 6h26")];

/// Shapes beside each other, and what they say.
#[derive(Default)]
struct Line {
    /// One path for all that looks the same: a page holds hundreds of lines, and each element is paid for.
    paths: Vec<(&'static str, String)>,
    width: u32,
    words: Vec<&'static str>,
}

impl Line {
    fn add(&mut self, shape: &Shape, width: u32, word: &'static str) {
        if self.width > 0 {
            self.width += 2;
        }
        for &(class, path) in shape {
            let place = self.paths.iter().position(|(other, _)| *other == class).unwrap_or_else(|| {
                self.paths.push((class, String::new()));
                self.paths.len() - 1
            });
            let _ = write!(self.paths[place].1, "M{} 0{path}", self.width);
        }
        self.width += width;
        if self.words.last() != Some(&word) {
            self.words.push(word);
        }
    }

    fn markup(self) -> Markup {
        let Self { paths, width, words } = self;
        html! {
            svg.trace width=(width) height="12" viewBox={ "0 0 " (width) " 12" } role="img" aria-label=(words.join(", ")) {
                @for (class, path) in paths {
                    path class=(class) d=(path) fill=[(class == "m-wait").then_some("url(#hatch-mini)")] {}
                }
            }
        }
    }
}

/// The trace of a turn.
pub fn trace(turn: &Turn) -> Markup {
    line(turn).markup()
}

fn line(turn: &Turn) -> Line {
    let mut line = Line::default();
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
            |wait: &&model::timeline::Wait| wait.operation == attempt.operation && wait.attempt == attempt.attempt + 1;
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
    let mut line = Line::default();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_the_same_is_one_path_however_often_it_comes() {
        let markup = policy_trace(3).into_string();
        assert_eq!(markup.matches("<path").count(), 2, "{markup}");
        assert!(
            markup.contains(r#"width="88""#) && markup.contains("M0 0m2.5") && markup.contains("M38 0m2.5"),
            "{markup}"
        );
        assert!(markup.contains(r#"aria-label="attempt, wait, attempt, wait, attempt""#), "{markup}");
    }
}
