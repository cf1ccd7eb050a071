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

/// The tour of one page.
#[derive(Clone, Copy)]
pub struct TourState {
    asked: RwSignal<Asked>,
    step: Memo<Option<u8>>,
}

/// What tour was asked for last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    /// How often one was asked for, or none.
    times: u32,
    /// The step that it begins with; `None` for no tour.
    from: Option<u8>,
}

impl TourState {
    /// Begins with the page's first visit of an untouched lab, or goes on where this browser was; `kept` is the value of
    /// the cookie. None of it is to be seen before the script runs.
    pub fn new(kept: Option<&str>) -> Self {
        let progress = Progress::new();
        let first = untrack(|| progress.messages.is_untouched()).then_some(FIRST);
        let asked = RwSignal::new(Asked { times: 0, from: kept.map_or(first, |step| step.parse().ok()) });
        let reached = Memo::new(move |before: Option<&Asked>| {
            let asked = asked.get();
            // What was reached is not lost when what led there is undone, such as a selection.
            let at = before.filter(|before| before.times == asked.times).unwrap_or(&asked);
            Asked { from: at.from.map(|at| progress.reached(at)), ..asked }
        });
        let step = Memo::new(move |_| if progress.view.hydrated.get() { reached.get().from } else { None });
        Effect::new(move |_| {
            if let Some(step) = step.get() {
                let kept = if step == GOODBYE { "off".to_owned() } else { step.to_string() };
                dom::remember(COOKIE, &kept);
            }
        });
        Self { asked, step }
    }

    /// The step that it is at; `None` where there is no tour.
    pub const fn step(self) -> Memo<Option<u8>> {
        self.step
    }

    /// Takes it from its beginning.
    pub fn begin(self) {
        self.ask(Some(UNTOUCHED));
    }

    /// Ends it for good; says whether there was one.
    pub fn skip(self) -> bool {
        let shown = self.step.get_untracked().is_some();
        if shown {
            self.ask(None);
            dom::remember(COOKIE, "off");
        }
        shown
    }

    fn ask(self, from: Option<u8>) {
        self.asked.update(|asked| *asked = Asked { times: asked.times + 1, from });
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
