//! Deactivation: after a time without calls, and at the end of the sidecar.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::sync::{Notify, SemaphorePermit};
use tokio::time::Instant;

use super::turn_lock::{Idleness, Leave};
use super::{Actors, Hosted};
use crate::app_channel::{AppError, AppReply};
use crate::hooks::Hooks;
use crate::names::ActorRef;
use crate::observation::{Actor, EventKind, Outcome, Reason};

/// How long the app has to take leave of an actor at the end, before the rest are given up: daprd's own limit, which
/// is for all of them there, however many.
const HALT_LIMIT: Duration = Duration::from_secs(5);
/// How long it has for all of them.
const HALT_ALL_LIMIT: Duration = Duration::from_secs(30);
/// How many actors take leave at once: each takes a connection to the app, and a process has a thousand or so.
pub(super) const LEAVING_AT_ONCE: usize = 32;

impl Actors {
    /// Watches one activation until it ends.
    pub(super) fn watch_idle(
        self: &Arc<Self>,
        hosted: Arc<Hosted>,
        actor: ActorRef,
        timeout: Duration,
        idle: Arc<Notify>,
    ) {
        let actors = Arc::clone(self);
        tokio::spawn(async move {
            let watch = actors.wait_idle(&actor, timeout, &idle);
            let leave = tokio::select! {
                leave = watch => leave,
                () = actors.closing.cancelled() => None,
                () = hosted.suspended() => None,
            };
            if let Some((leave, place)) = leave {
                tracing::debug!("Actor {}||{} is idle", actor.kind, actor.id);
                actors.deactivate(&actor, leave, place, Reason::Idle).await;
            }
        });
    }

    /// Puts an actor out of memory as if it had been idle, once it has no turn. Whether it was there.
    pub(crate) async fn deactivate_now(&self, actor: &ActorRef) -> bool {
        loop {
            // Before it is looked: whatever ends after that is heard.
            let ended = self.table.one_ended();
            // It is never closed.
            let Ok(place) = self.leaving.acquire().await else { return false };
            match self.table.leave_if_idle(actor, Duration::ZERO) {
                Idleness::Over(leave) => {
                    self.deactivate(actor, leave, place, Reason::Asked).await;
                    return true;
                }
                Idleness::Gone => return false,
                Idleness::Busy | Idleness::Until(_) => {
                    drop(place);
                    ended.await;
                }
            }
        }
    }

    async fn wait_idle(
        &self,
        actor: &ActorRef,
        timeout: Duration,
        idle: &Arc<Notify>,
    ) -> Option<(Leave, SemaphorePermit<'_>)> {
        loop {
            // Had before the turn is: as long as others take their leave, the actor may still be called.
            let place = self.leaving.acquire().await.ok()?;
            match self.table.leave_if_still_idle(actor, timeout, idle) {
                Idleness::Over(leave) => return Some((leave, place)),
                Idleness::Gone => return None,
                Idleness::Busy => {
                    drop(place);
                    idle.notified().await;
                }
                Idleness::Until(due) => {
                    drop(place);
                    tokio::time::sleep_until(due).await;
                }
            }
        }
    }

    /// Tells the app. Whatever it answers, and if it does not, the actor is inactive afterwards.
    async fn deactivate(&self, actor: &ActorRef, leave: Leave, _one_of_some: SemaphorePermit<'_>, reason: Reason) {
        let mut leaving = Leaving::begin(&self.hooks, actor, leave, reason);
        self.forget_timers(actor);
        let told = tokio::select! {
            told = tokio::time::timeout(self.deactivation_limit, self.tell_of_deactivation(actor)) => told,
            () = self.aborting.cancelled() => return,
        };
        let failed = match told {
            Ok(Ok(reply)) if reply.status == StatusCode::OK => None,
            Ok(Ok(reply)) => Some(format!("error from actor service: ({}) {}", reply.status.as_u16(), reply.text())),
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!(
                "the app has not answered for {:?}; calls of the actor are let in again",
                self.deactivation_limit
            )),
        };
        match &failed {
            None => tracing::debug!("Deactivated actor '{}||{}'", actor.kind, actor.id),
            Some(why) => tracing::error!("Failed to halt actor {}||{}: {why}", actor.kind, actor.id),
        }
        leaving.outcome = failed.map_or(Outcome::Succeeded, Outcome::Failed);
    }

    async fn tell_of_deactivation(&self, actor: &ActorRef) -> Result<AppReply, AppError> {
        match &self.app {
            Some(app) => app.deactivate(actor).await,
            None => self.deactivate_at_host(actor).await,
        }
    }

    /// Refuses new calls, lets running ones end within the drain timeout that the app asked for,
    /// and deactivates every actor. An actor whose turn would not end is given up without a
    /// `DELETE`: its turn may still be running in the app.
    pub(crate) async fn close(self: &Arc<Self>) {
        self.closing.cancel();
        let drain = self.hosted().map_or(Duration::ZERO, |hosted| hosted.drain_timeout());
        let drained = tokio::time::timeout(drain, self.table.all_calls_ended()).await;
        if drained.is_err() {
            tracing::warn!("Calls were still running after {drain:?}: they are given up");
        }
        let mut leaving = tokio::task::JoinSet::new();
        for actor in self.table.active() {
            let actors = Arc::clone(self);
            leaving.spawn(async move {
                // It is never closed.
                let Ok(place) = actors.leaving.acquire().await else { return };
                match actors.table.leave_if_idle(&actor, Duration::ZERO) {
                    Idleness::Over(leave) => actors.deactivate(&actor, leave, place, Reason::Shutdown).await,
                    Idleness::Busy => tracing::warn!("Actor {}||{} is left in its turn", actor.kind, actor.id),
                    Idleness::Until(_) | Idleness::Gone => {}
                }
            });
        }
        let halted = tokio::time::timeout(HALT_ALL_LIMIT, async {
            while tokio::time::timeout(HALT_LIMIT, leaving.join_next()).await?.is_some() {}
            // Those that idled before.
            tokio::time::timeout(HALT_LIMIT, self.table.all_left()).await
        });
        if !matches!(halted.await, Ok(Ok(()))) {
            tracing::warn!("The app did not take leave of its actors in time: {} are given up", leaving.len());
        }
        self.abandon();
    }

    /// Ends at once: calls are given up, actors are not told.
    pub(crate) fn abandon(&self) {
        self.closing.cancel();
        self.aborting.cancel();
        self.streams.close();
    }
}

/// A deactivation under way; tells of its end, and lets calls of the actor in after that.
struct Leaving<'a> {
    hooks: &'a Hooks,
    actor: &'a ActorRef,
    outcome: Outcome,
    started: Instant,
    leave: Leave,
}

impl<'a> Leaving<'a> {
    fn begin(hooks: &'a Hooks, actor: &'a ActorRef, leave: Leave, reason: Reason) -> Self {
        if let Some(turn) = leave.id() {
            hooks.tell(|| EventKind::Deactivating { actor: Actor::from(actor), turn, reason });
        }
        Self { hooks, actor, outcome: Outcome::CallerLeft, started: Instant::now(), leave }
    }
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        let Some(turn) = self.leave.id() else { return };
        let outcome = std::mem::replace(&mut self.outcome, Outcome::CallerLeft);
        let (actor, took) = (self.actor, self.started.elapsed());
        self.hooks.tell(|| EventKind::Deactivated { actor: Actor::from(actor), turn, outcome, took });
    }
}
