//! Attempts that wait before they begin, until somebody releases them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

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

use super::{Control, Controls, Try};
use crate::timeline::clock::now_ms;

/// The attempts that are held, one for each actor at most: it has one turn at a time. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Holds(Arc<Mutex<HashMap<ActorId, Held>>>);

/// One that is.
struct Held {
    attempt: HeldAttempt,
    /// When it goes by itself.
    due: Instant,
    /// When its turn has to be over.
    deadline: Instant,
    /// Told that `due` has moved, or that it went.
    news: Arc<Notify>,
}

impl Holds {
    fn held(&self) -> MutexGuard<'_, HashMap<ActorId, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Controls {
    /// Whether attempts are held, and the one that is.
    #[must_use]
    pub fn hold_status(&self, actor: &ActorId) -> HoldStatus {
        let touched = self.touched();
        let held = self.holds.held().get(actor).map(|held| held.attempt);
        HoldStatus { on: self.look(&touched, actor).hold, held }
    }

    /// Holds each attempt of a message from now on, or no longer, and records it if that is a change. An attempt that
    /// is held then goes at once.
    pub fn set_hold(&self, actor: &ActorId, on: bool) -> HoldStatus {
        let mut touched = self.touched();
        let control = self.look(&touched, actor).clone();
        if control.hold != on {
            self.keep(&mut touched, actor, Control { hold: on, ..control });
            self.timelines.record(actor, Step::HoldChanged { on });
        }
        if !on {
            self.let_go(actor, ReleasedBy::Switch);
        }
        let held = self.holds.held().get(actor).map(|held| held.attempt);
        HoldStatus { on, held }
    }

    /// Ends holding in every lab, for a process that is to end.
    pub fn end_holds(&self) {
        let holding: Vec<_> = self.touched().iter().filter(|(_, c)| c.hold).map(|(actor, _)| actor.clone()).collect();
        for actor in holding {
            self.set_hold(&actor, false);
        }
    }

    /// Lets the held attempt go, and says which it was; `None` if none is held.
    pub fn release(&self, actor: &ActorId) -> Option<HeldAttempt> {
        let _touched = self.touched();
        self.let_go(actor, ReleasedBy::Person)
    }

    /// Waits until an attempt may begin, if attempts are held. By itself it goes when no more is left until `deadline`
    /// than it needs, see [`needs_ms`]: where that is so already, nothing is held, and nothing recorded.
    pub async fn hold(&self, tried: Try<'_>, deadline: Instant) {
        let Some(news) = self.begin_hold(tried, deadline) else { return };
        loop {
            let due = self.holds.held().get(tried.actor).map(|held| held.due);
            let Some(due) = due else { return };
            tokio::select! {
                () = news.notified() => {}
                () = sleep_until(due) => self.let_go_if_due(tried.actor),
            }
        }
    }

    fn begin_hold(&self, tried: Try<'_>, deadline: Instant) -> Option<Arc<Notify>> {
        let Try { actor, turn, operation, attempt } = tried;
        let touched = self.touched();
        let control = self.look(&touched, actor);
        if !control.hold {
            return None;
        }
        let max = control.policy.attempts_of(operation).max(attempt);
        let held = HeldAttempt { turn, operation, attempt, max, due_at: 0 };
        let due = goes_at(control, held, deadline).filter(|due| *due > Instant::now())?;
        let held = HeldAttempt { due_at: wall(due), ..held };
        let news = Arc::new(Notify::new());
        self.record_held(actor, held);
        let held = Held { attempt: held, due, deadline, news: Arc::clone(&news) };
        self.holds.held().insert(actor.clone(), held);
        Some(news)
    }

    /// Switch or policy have changed: what is left of the turn may need more time than before, or less.
    pub(super) fn move_hold(&self, touched: &HashMap<ActorId, Control>, actor: &ActorId) {
        let mut holds = self.holds.held();
        let Some(held) = holds.get_mut(actor) else { return };
        let control = self.look(touched, actor);
        let due = goes_at(control, held.attempt, held.deadline).unwrap_or_else(Instant::now);
        let max = control.policy.attempts_of(held.attempt.operation).max(held.attempt.attempt);
        if (due, max) != (held.due, held.attempt.max) {
            held.due = due;
            held.attempt = HeldAttempt { max, due_at: wall(due), ..held.attempt };
            self.record_held(actor, held.attempt);
            held.news.notify_one();
        }
    }

    fn let_go_if_due(&self, actor: &ActorId) {
        let _touched = self.touched();
        let is_due = self.holds.held().get(actor).is_some_and(|held| held.due <= Instant::now());
        if is_due {
            self.let_go(actor, ReleasedBy::Limit);
        }
    }

    /// Called while `touched` is locked, so that the timeline tells everything in its order.
    fn let_go(&self, actor: &ActorId, by: ReleasedBy) -> Option<HeldAttempt> {
        let Held { attempt: held, news, .. } = self.holds.held().remove(actor)?;
        let HeldAttempt { turn, operation, attempt, max, .. } = held;
        self.timelines.record(actor, Step::AttemptReleased { turn, operation, attempt, max, by });
        news.notify_one();
        Some(held)
    }

    fn record_held(&self, actor: &ActorId, held: HeldAttempt) {
        let HeldAttempt { turn, operation, attempt, max, due_at } = held;
        self.timelines.record(actor, Step::AttemptHeld { turn, operation, attempt, max, due_at });
    }
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
