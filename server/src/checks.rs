//! The lesson's checks, judged whenever their evidence grew, and the passes, which keep theirs.

use std::{sync::Arc, time::Duration};

use model::{
    actor_id::ActorId,
    lesson::checks::{Check, Evidence, judge, keep_passes},
    timeline::Step,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, sleep_until},
};

use crate::labs::{Contents, Labs};

/// The shortest time between two judgements of one actor that nobody asked for: an actor that is sent hundreds of
/// messages a second need not be judged after each.
const PAUSE: Duration = Duration::from_millis(100);

/// The share of one processor, as one in so many parts, that all judgements together may take that nobody asked for:
/// a class that sends as fast as it can is to have the rest.
const SHARE: u32 = 10;

/// The passes of all actors. Clones share them.
#[derive(Clone)]
pub struct PassBook {
    labs: Labs,
    /// Held while a judgement is made that nobody asked for, and through the rest after it.
    judging: Arc<Semaphore>,
}

impl PassBook {
    /// The passes in these labs; what is proven is recorded there.
    #[must_use]
    pub fn new(labs: Labs) -> Self {
        Self { labs, judging: Arc::new(Semaphore::new(1)) }
    }

    /// The five checks as they stand. What the evidence proves for the first time is kept and recorded.
    #[must_use]
    pub fn checks(&self, actor: &ActorId) -> Vec<Check> {
        let Some(lab) = self.labs.find(actor) else {
            return judge(&Evidence { actor, before: &[], events: &[] });
        };
        loop {
            if let Some(all) = lab.read(|lab| lab.passes.all()) {
                return all;
            }
            // Judged with nothing locked: it takes its time.
            let (proven, resets, before, events) = lab.read(|lab| {
                let Contents { passes, ring, .. } = lab;
                (passes.proven().to_vec(), passes.resets(), ring.before().cloned(), ring.snapshot().events)
            });
            let evidence = Evidence { actor, before: before.as_deref().unwrap_or_default(), events: &events };
            let now = keep_passes(&proven, judge(&evidence));
            if now.iter().filter(|check| check.is_passed()).count() == proven.len() {
                return now;
            }
            let kept = self.labs.change(&lab, |lab| {
                // What was proven before a reset is not proven after it.
                (lab.passes.resets() == resets).then(|| keep(lab, now))
            });
            if let Some(now) = kept {
                return now;
            }
        }
    }

    /// Sees to it that the evidence is judged, because it grew: at once, or soon if that has just been done. Needs a
    /// Tokio runtime.
    pub fn judge(&self, actor: &ActorId) {
        let Some(lab) = self.labs.find(actor) else { return };
        let (judged, pending) =
            self.labs.update(&lab, |lab| (lab.passes.judged, std::mem::replace(&mut lab.passes.pending, true)));
        if pending {
            return;
        }
        let (book, actor) = (self.clone(), actor.clone());
        // The lab itself is not held meanwhile: it may be forgotten.
        tokio::spawn(async move {
            if let Some(judged) = judged {
                sleep_until(judged + PAUSE).await;
            }
            // Never closed.
            let _judging = book.judging.acquire().await;
            let began = Instant::now();
            let Some(lab) = book.labs.find(&actor) else { return };
            let tells = book.labs.update(&lab, |lab| {
                (lab.passes.pending, lab.passes.judged) = (false, Some(began));
                lab.ring.tells()
            });
            drop(lab);
            if tells {
                drop(book.checks(&actor));
                sleep(began.elapsed() * (SHARE - 1)).await;
            }
        });
    }
}

/// Keeps and records what was not proven yet; returns the checks as they stand with that.
fn keep(lab: &mut Contents, now: Vec<Check>) -> Vec<Check> {
    for check in now.iter().filter(|check| check.is_passed()) {
        if lab.passes.keep(check) {
            lab.record(Step::CheckPassed { check: check.number });
        }
    }
    keep_passes(lab.passes.proven(), now)
}
