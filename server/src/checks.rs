//! The lesson's checks, judged whenever their evidence grew, and the passes, which keep theirs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use app::{
    actor_id::ActorId,
    lesson::checks::{Check, CheckState, Evidence, judge, keep_passes},
    timeline::Step,
};

use crate::timeline::Timelines;

/// The passes of all actors. Clones share them.
#[derive(Clone)]
pub struct PassBook {
    timelines: Timelines,
    /// By actor. Each is locked while it is judged, so that a pass is recorded once and not after a reset.
    passes: Arc<Mutex<HashMap<ActorId, Arc<Mutex<Vec<Check>>>>>>,
}

impl PassBook {
    /// Nothing is proven yet; the evidence comes from `timelines`, and passes are recorded there.
    #[must_use]
    pub fn new(timelines: Timelines) -> Self {
        Self { timelines, passes: Arc::default() }
    }

    /// The five checks as they stand. What the evidence proves for the first time is kept and recorded.
    #[must_use]
    pub fn checks(&self, actor: &ActorId) -> Vec<Check> {
        let passed = self.of(actor);
        let mut passed = passed.lock().unwrap_or_else(PoisonError::into_inner);
        if passed.len() == CHECKS {
            return passed.clone();
        }
        let now = keep_passes(&passed, self.now(actor));
        for check in &now {
            let known = passed.iter().any(|pass| pass.number == check.number);
            if check.state == CheckState::Passed && !known {
                passed.push(check.clone());
                self.timelines.record(actor, Step::CheckPassed { check: check.number });
            }
        }
        passed.sort_by_key(|pass| pass.number);
        now
    }

    /// Judges the evidence anew, because it grew.
    pub fn judge(&self, actor: &ActorId) {
        drop(self.checks(actor));
    }

    /// Takes the passes away and begins the timeline anew; nothing is judged in between.
    pub fn reset(&self, actor: &ActorId) {
        let passed = self.of(actor);
        let mut passed = passed.lock().unwrap_or_else(PoisonError::into_inner);
        self.timelines.reset(actor);
        passed.clear();
    }

    fn now(&self, actor: &ActorId) -> Vec<Check> {
        let (before, events) = self.timelines.evidence(actor);
        judge(&Evidence { actor, before: before.as_deref().unwrap_or_default(), events: &events })
    }

    fn of(&self, actor: &ActorId) -> Arc<Mutex<Vec<Check>>> {
        let mut passes = self.passes.lock().unwrap_or_else(PoisonError::into_inner);
        if passes.len() >= TIDY_AT {
            let proven = |pass: &Mutex<Vec<Check>>| !pass.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
            passes.retain(|_, pass| Arc::strong_count(pass) > 1 || proven(pass));
        }
        Arc::clone(passes.entry(actor.clone()).or_default())
    }
}

/// How many checks there are.
const CHECKS: usize = 5;

/// From how many actors on those are forgotten that have proven nothing: looking at a lab makes an entry too.
const TIDY_AT: usize = 2_000;
