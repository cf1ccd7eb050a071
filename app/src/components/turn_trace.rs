//! A turn in one line of small shapes: the timeline's bars at 12 px.

use std::fmt::Write as _;

use leptos::prelude::*;

use model::{
    operation::Operation,
    timeline::{AttemptState, BarId, Outcome, Turn, Wait},
};

/// The shapes.
#[component]
pub fn TurnTrace(
    /// What they stand for, in order.
    marks: Vec<Mark>,
) -> impl IntoView {
    let Drawing { paths, width, words } = Drawing::of(&marks);
    let paths = paths.into_iter().map(|(class, d)| {
        let fill = (class == "m-wait").then_some("url(#hatch-mini)");
        view! { <path class=class d=d fill=fill></path> }
    });
    view! {
        <svg
            class="trace"
            width=width
            height="12"
            viewBox=format!("0 0 {width} 12")
            role="img"
            aria-label=words.join(", ")
        >
            {paths.collect_view()}
        </svg>
    }
}

/// What one small shape stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A turn that waits its turn.
    Queued,
    /// An attempt that failed.
    Failed,
    /// An attempt that succeeded.
    Succeeded,
    /// An attempt that is under way.
    Running,
    /// An attempt that may come.
    Ahead,
    /// A wait that may come.
    WaitAhead,
    /// A wait that is over.
    Waited,
    /// A wait that is under way.
    Waits,
}

/// The marks of a turn.
pub fn marks(turn: &Turn) -> Vec<Mark> {
    let mut marks = Vec::new();
    if turn.outcome == Outcome::Queued {
        marks.push(Mark::Queued);
    }
    for attempt in &turn.attempts {
        marks.push(match attempt.state {
            AttemptState::Failed { .. } => Mark::Failed,
            AttemptState::Succeeded { .. } => Mark::Succeeded,
            AttemptState::Running => Mark::Running,
        });
        let after = |wait: &&Wait| wait.operation == attempt.operation && wait.attempt == attempt.attempt + 1;
        if let Some(wait) = turn.waits.iter().find(after) {
            marks.push(if wait.over || turn.ended() { Mark::Waited } else { Mark::Waits });
        }
    }
    marks
}

/// The marks of an operation that needs every attempt that the policy allows.
pub fn policy_marks(attempts: u8) -> Vec<Mark> {
    let mut marks = vec![Mark::Ahead];
    for _ in 1..attempts {
        marks.extend([Mark::WaitAhead, Mark::Ahead]);
    }
    marks
}

/// The bar that a turn's marks lead to: the last failed attempt, else the first.
pub fn telling_bar(turn: &Turn) -> Option<BarId> {
    let attempts = || turn.attempts.iter().filter(|a| a.operation != Operation::Publish || a.failed());
    let telling = attempts().rfind(|a| a.failed()).or_else(|| attempts().next())?;
    Some(BarId::of_attempt(turn.number, telling))
}

/// A shape: its paths, each with its class, from the shape's upper left corner on.
type Shape = [(&'static str, &'static str)];

impl Mark {
    const fn shape(self) -> &'static Shape {
        match self {
            Self::Queued => &[("m-queue", "m0 6h26")],
            Self::Failed => &[
                ("m-fail", "m2 0h10l-2.5 3 2.5 3-2.5 3 2.5 3h-10a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2z"),
                ("m-mark-fail", "m3 3.9l4.2 4.2m0-4.2l-4.2 4.2"),
            ],
            Self::Succeeded => &[
                ("m-ok", "m2 0h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-8a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2z"),
                ("m-mark-ok", "m3.2 6.3l2 2 3.8-4.4"),
            ],
            Self::Running => &[("m-run", "m3 1h6a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2h-6a2 2 0 0 1-2-2v-6a2 2 0 0 1 2-2z")],
            Self::Ahead => &[("m-ghost", "m2.5 .5h7a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2z")],
            Self::Waited | Self::WaitAhead => &[(
                "m-wait",
                "m2 2.5h18a1.5 1.5 0 0 1 1.5 1.5v4a1.5 1.5 0 0 1-1.5 1.5h-18a1.5 1.5 0 0 1-1.5-1.5v-4a1.5 1.5 0 0 1 1.5-1.5z",
            )],
            Self::Waits => &[
                (
                    "m-wait",
                    "m2 2.5h9a1.5 1.5 0 0 1 1.5 1.5v4a1.5 1.5 0 0 1-1.5 1.5h-9a1.5 1.5 0 0 1-1.5-1.5v-4a1.5 1.5 0 0 1 1.5-1.5z",
                ),
                ("m-wait-rest", "m13 2.5h8v7h-8"),
            ],
        }
    }

    /// In pixels.
    const fn width(self) -> u32 {
        match self {
            Self::Queued => 26,
            Self::Waited | Self::WaitAhead | Self::Waits => 22,
            Self::Failed | Self::Succeeded | Self::Running | Self::Ahead => 12,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Failed => "failed",
            Self::Succeeded => "succeeded",
            Self::Running => "under way",
            Self::Ahead => "attempt",
            Self::WaitAhead => "wait",
            Self::Waited => "waited",
            Self::Waits => "waits",
        }
    }
}

/// Shapes beside each other, and what they say.
#[derive(Default)]
pub(crate) struct Drawing {
    /// One path for all that looks the same, with its class: a page holds hundreds of lines, and each element is paid for.
    pub(crate) paths: Vec<(&'static str, String)>,
    /// In pixels.
    pub(crate) width: u32,
    /// One after the other.
    pub(crate) words: Vec<&'static str>,
}

impl Drawing {
    pub(crate) fn of(marks: &[Mark]) -> Self {
        let mut drawing = Self::default();
        for mark in marks {
            drawing.add(*mark);
        }
        drawing
    }

    fn add(&mut self, mark: Mark) {
        if self.width > 0 {
            self.width += 2;
        }
        for &(class, path) in mark.shape() {
            let place = self.paths.iter().position(|(other, _)| *other == class).unwrap_or_else(|| {
                self.paths.push((class, String::new()));
                self.paths.len() - 1
            });
            let _ = write!(self.paths[place].1, "M{} 0{path}", self.width);
        }
        self.width += mark.width();
        if self.words.last() != Some(&mark.word()) {
            self.words.push(mark.word());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_the_same_is_one_path_however_often_it_comes() {
        let Drawing { paths, width, words } = Drawing::of(&policy_marks(3));
        assert_eq!((paths.len(), width), (2, 88));
        assert!(paths[0].1.contains("M0 0m2.5") && paths[0].1.contains("M38 0m2.5"), "{paths:?}");
        assert_eq!(words.join(", "), "attempt, wait, attempt, wait, attempt");
    }
}
