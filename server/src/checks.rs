//! The lesson's checks, judged whenever their evidence grew, and the passes, which keep theirs.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use model::{
    actor_id::ActorId,
    lesson::checks::{Check, CheckState, Evidence, judge, keep_passes},
    timeline::Step,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, sleep_until},
};

use crate::timeline::Timelines;

/// How many checks there are.
const CHECKS: usize = 5;

/// The shortest time between two judgements of one actor that nobody asked for: an actor that is sent hundreds of
/// messages a second need not be judged after each.
const PAUSE: Duration = Duration::from_millis(100);

/// The share of one processor, as one in so many parts, that all judgements together may take that nobody asked for:
/// a class that sends as fast as it can is to have the rest.
const SHARE: u32 = 10;

/// From how many actors on those are forgotten that have proven nothing: looking at a lab makes an entry too.
const TIDY_AT: usize = 2_000;

/// The passes of all actors. Clones share them.
#[derive(Clone)]
pub struct PassBook {
    timelines: Timelines,
    pages: Arc<Mutex<HashMap<ActorId, Arc<Page>>>>,
    /// Held while a judgement is made that nobody asked for, and through the rest after it.
    judging: Arc<Semaphore>,
}

/// The passes of one actor.
#[derive(Default)]
struct Page {
    /// Locked while the evidence is judged, so that a pass is recorded once, and none after a reset.
    passed: Mutex<Vec<Check>>,
    /// Whether a judgement is about to be made anyway.
    pending: AtomicBool,
    /// When the last judgement was made that nobody asked for.
    judged: Mutex<Option<Instant>>,
}

impl PassBook {
    /// Nothing is proven yet; the evidence comes from `timelines`, and passes are recorded there.
    #[must_use]
    pub fn new(timelines: Timelines) -> Self {
        Self { timelines, pages: Arc::default(), judging: Arc::new(Semaphore::new(1)) }
    }

    /// The five checks as they stand. What the evidence proves for the first time is kept and recorded.
    #[must_use]
    pub fn checks(&self, actor: &ActorId) -> Vec<Check> {
        let page = self.page(actor);
        let mut passed = lock(&page.passed);
        if passed.len() == CHECKS {
            return passed.clone();
        }
        let (before, events) = self.timelines.evidence(actor);
        let evidence = Evidence { actor, before: before.as_deref().unwrap_or_default(), events: &events };
        let now = keep_passes(&passed, judge(&evidence));
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

    /// Sees to it that the evidence is judged, because it grew: at once, or soon if that has just been done. Needs a
    /// Tokio runtime.
    pub fn judge(&self, actor: &ActorId) {
        let page = self.page(actor);
        if page.pending.swap(true, Ordering::AcqRel) {
            return;
        }
        let (book, actor) = (self.clone(), actor.clone());
        tokio::spawn(async move {
            let due = lock(&page.judged).map(|judged| judged + PAUSE);
            if let Some(due) = due {
                sleep_until(due).await;
            }
            // Never closed.
            let _judging = book.judging.acquire().await;
            let began = Instant::now();
            *lock(&page.judged) = Some(began);
            page.pending.store(false, Ordering::Release);
            if book.timelines.tells(&actor) {
                drop(book.checks(&actor));
                sleep(began.elapsed() * (SHARE - 1)).await;
            }
        });
    }

    /// Takes the passes away and begins the timeline anew; nothing is judged in between.
    pub fn reset(&self, actor: &ActorId) {
        let page = self.page(actor);
        let mut passed = lock(&page.passed);
        self.timelines.reset(actor);
        passed.clear();
    }

    fn page(&self, actor: &ActorId) -> Arc<Page> {
        let mut pages = lock(&self.pages);
        if pages.len() >= TIDY_AT {
            pages.retain(|_, page| Arc::strong_count(page) > 1 || !lock(&page.passed).is_empty());
        }
        Arc::clone(pages.entry(actor.clone()).or_default())
    }
}

/// Locks for a moment: no lock here is held over an `.await`, and a panic elsewhere leaves the data whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
