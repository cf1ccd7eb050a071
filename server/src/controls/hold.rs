//! Attempts that wait before they begin, until somebody releases them.

use std::{sync::Arc, time::Duration};

use model::{
    actor_id::ActorId,
    hold::{HeldAttempt, HoldStatus},
    policy::worst::needs_ms,
    timeline::{ReleasedBy, Step},
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{Controls, Try};
use crate::{
    labs::{Contents, Control, Held, Lab},
    timeline::clock::now_ms,
};

impl Controls {
    /// Whether attempts are held, and the one that is.
    #[must_use]
    pub fn hold_status(&self, actor: &ActorId) -> HoldStatus {
        let Some(lab) = self.labs.find(actor) else { return HoldStatus { on: self.first.hold, held: None } };
        lab.read(|lab| HoldStatus { on: lab.control(&self.first).hold, held: attempt(lab) })
    }

    /// Holds each attempt of a message from now on, or no longer, and records it if that is a change. An attempt that
    /// is held then goes at once.
    pub fn set_hold(&self, actor: &ActorId, on: bool) -> HoldStatus {
        if self.look(actor, |control| control.hold) == on {
            // Nothing to change is no use of the lab.
            return self.hold_status(actor);
        }
        self.labs.write(actor, |lab| {
            let control = lab.control(&self.first).clone();
            if control.hold != on {
                self.keep(lab, Control { hold: on, ..control });
                lab.record(Step::HoldChanged { on });
            }
            if !on {
                let_go(lab, ReleasedBy::Switch);
            }
            HoldStatus { on, held: attempt(lab) }
        })
    }

    /// Ends holding in every lab, for a process that is to end.
    pub fn end_holds(&self) {
        for lab in self.labs.all() {
            if lab.read(|lab| lab.control(&self.first).hold) {
                self.set_hold(lab.actor(), false);
            }
        }
    }

    /// Lets the held attempt go, and says which it was; `None` if none is held.
    pub fn release(&self, actor: &ActorId) -> Option<HeldAttempt> {
        let lab = self.labs.find(actor)?;
        self.labs.change(&lab, |lab| let_go(lab, ReleasedBy::Person))
    }

    /// Waits until an attempt may begin, if attempts are held. By itself it goes when no more is left until `deadline`
    /// than it needs, see [`needs_ms`]: where that is so already, nothing is held, and nothing recorded.
    pub async fn hold(&self, tried: Try<'_>, deadline: Instant) {
        let lab = self.labs.lab(tried.actor);
        let Some(news) = self.begin_hold(&lab, tried, deadline) else { return };
        loop {
            let due = lab.read(|lab| lab.held.as_ref().map(|held| held.due));
            let Some(due) = due else { return };
            tokio::select! {
                () = news.notified() => {}
                () = sleep_until(due) => self.labs.change(&lab, |lab| {
                    if lab.held.as_ref().is_some_and(|held| held.due <= Instant::now()) {
                        let_go(lab, ReleasedBy::Limit);
                    }
                }),
            }
        }
    }

    fn begin_hold(&self, lab: &Lab, tried: Try<'_>, deadline: Instant) -> Option<Arc<Notify>> {
        let Try { turn, operation, attempt, .. } = tried;
        self.labs.change(lab, |lab| {
            let control = lab.control(&self.first);
            if !control.hold {
                return None;
            }
            let max = control.policy.attempts_of(operation).max(attempt);
            let held = HeldAttempt { turn, operation, attempt, max, due_at: 0 };
            let due = goes_at(control, held, deadline).filter(|due| *due > Instant::now())?;
            let held = HeldAttempt { due_at: wall(due), ..held };
            let news = Arc::new(Notify::new());
            record_held(lab, held);
            lab.held = Some(Held { attempt: held, due, deadline, news: Arc::clone(&news) });
            Some(news)
        })
    }

    /// Switch or policy have changed: what is left of the turn may need more time than before, or less.
    pub(super) fn move_hold(&self, lab: &mut Contents) {
        let Some(held) = &lab.held else { return };
        let control = lab.control(&self.first);
        let due = goes_at(control, held.attempt, held.deadline).unwrap_or_else(Instant::now);
        let max = control.policy.attempts_of(held.attempt.operation).max(held.attempt.attempt);
        if (due, max) == (held.due, held.attempt.max) {
            return;
        }
        let moved = HeldAttempt { max, due_at: wall(due), ..held.attempt };
        record_held(lab, moved);
        if let Some(held) = &mut lab.held {
            (held.due, held.attempt) = (due, moved);
            held.news.notify_one();
        }
    }
}

/// The attempt that is held.
fn attempt(lab: &Contents) -> Option<HeldAttempt> {
    lab.held.as_ref().map(|held| held.attempt)
}

fn let_go(lab: &mut Contents, by: ReleasedBy) -> Option<HeldAttempt> {
    let Held { attempt: held, news, .. } = lab.held.take()?;
    let HeldAttempt { turn, operation, attempt, max, .. } = held;
    lab.record(Step::AttemptReleased { turn, operation, attempt, max, by });
    news.notify_one();
    Some(held)
}

fn record_held(lab: &mut Contents, held: HeldAttempt) {
    let HeldAttempt { turn, operation, attempt, max, due_at } = held;
    lab.record(Step::AttemptHeld { turn, operation, attempt, max, due_at });
}

/// When a held attempt goes by itself: with as much of the turn's time left as it needs. `None` if the turn never had
/// as much.
fn goes_at(control: &Control, held: HeldAttempt, deadline: Instant) -> Option<Instant> {
    let plan = control.fault.on.then_some(&control.fault.plan);
    let needs = needs_ms(plan, control.policy, held.operation, held.attempt);
    deadline.checked_sub(Duration::from_millis(needs))
}

/// A moment on the wall clock.
fn wall(at: Instant) -> u64 {
    let from_now = at.saturating_duration_since(Instant::now()).as_millis();
    now_ms() + u64::try_from(from_now).unwrap_or_default()
}

#[cfg(test)]
mod tests;
