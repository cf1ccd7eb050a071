//! Which step the tour is at: what the learner has done is behind it.

use leptos::prelude::*;

use super::steps::{FIRST, GOODBYE, PROOFS, UNTOUCHED};
use crate::{
    dom,
    state::{lab::LabState, messages::MessagesState, timeline::TimelineState, view::ViewState},
};
use model::timeline::Outcome;

/// The cookie in which the browser keeps the step, or that it wants none.
pub const COOKIE: &str = "tour";

/// The tour of one page; `None` stands for no tour.
#[derive(Clone, Copy)]
pub struct TourState {
    /// The step that was reached last, or that somebody asked for.
    from: RwSignal<Option<u8>>,
    /// The step that it is at.
    step: Memo<Option<u8>>,
}

impl TourState {
    /// Begins with the page's first visit of an untouched lab, or goes on where this browser was; `kept` is the value of
    /// the cookie. None of it is to be seen before the script runs.
    pub fn new(kept: Option<String>) -> Self {
        let progress = Progress::new();
        let from = RwSignal::new(None);
        let step = Memo::new(move |_| from.get().map(|from| progress.reached(from)));
        Effect::new(move |_| {
            let first = untrack(|| progress.messages.is_untouched()).then_some(FIRST);
            from.set(kept.as_ref().map_or(first, |step| step.parse().ok()));
        });
        Effect::new(move |_| {
            if let Some(step) = step.get() {
                // What was reached is not lost when what led there is undone, such as a selection.
                from.set(Some(step));
                let kept = if step == GOODBYE { "off".to_owned() } else { step.to_string() };
                dom::remember(COOKIE, &kept);
            }
        });
        Self { from, step }
    }

    /// The step that it is at.
    pub const fn step(self) -> Memo<Option<u8>> {
        self.step
    }

    /// Takes it from its beginning.
    pub fn begin(self) {
        self.from.set(Some(UNTOUCHED));
    }

    /// Ends it for good; says whether there was one.
    pub fn skip(self) -> bool {
        let shown = self.step.get_untracked().is_some();
        if shown {
            self.from.set(None);
            dom::remember(COOKIE, "off");
        }
        shown
    }
}

/// What tells what the learner has done.
#[derive(Clone, Copy)]
struct Progress {
    lab: LabState,
    view: ViewState,
    timeline: TimelineState,
    messages: MessagesState,
}

impl Progress {
    fn new() -> Self {
        let (lab, view) = (expect_context(), expect_context());
        Self { lab, view, timeline: expect_context(), messages: expect_context() }
    }

    /// Where a tour is that was at this step: what the learner has done meanwhile is behind it.
    fn reached(self, at: u8) -> u8 {
        let untouched = self.messages.is_untouched();
        let done = |step: &u8| match *step {
            UNTOUCHED => untouched,
            1 => !untouched,
            2 => self.timeline.turns.with(|turns| {
                turns.iter().any(|turn| turn.had_failures() && matches!(turn.outcome, Outcome::Completed { .. }))
            }),
            3 => self.view.selected.with(Option::is_some),
            4 => self.lab.check(2).is_passed(),
            5 => self.lab.check(4).is_passed(),
            6 => self.lab.check(5).is_passed(),
            _ => false,
        };
        // A lab that was reset meanwhile begins anew.
        let from = if untouched && (FIRST..GOODBYE).contains(&at) { FIRST } else { at };
        // Who went on to a check without pressing the bar is not called back to it.
        let proven = (PROOFS..GOODBYE).rev().find(done).filter(|_| from != UNTOUCHED);
        let from = proven.map_or(from, |step| from.max(step + 1));
        (from..GOODBYE).find(|step| !done(step)).unwrap_or(GOODBYE)
    }
}
