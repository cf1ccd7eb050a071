//! Deactivation: after a time without calls, and at the end of the sidecar.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::sync::Notify;

use super::turn_lock::{Idleness, Leave};
use super::{ActorRef, Actors, Hosted};

/// How long the app has to take leave of all actors at the end: daprd's own limit.
const HALT_LIMIT: Duration = Duration::from_secs(5);

impl Actors {
    /// Watches one activation until it ends.
    pub(super) fn watch_idle(self: &Arc<Self>, actor: ActorRef, timeout: Duration, idle: Arc<Notify>) {
        let actors = Arc::clone(self);
        tokio::spawn(async move {
            let watch = actors.wait_idle(&actor, timeout, &idle);
            let leave = tokio::select! {
                leave = watch => leave,
                () = actors.closing.cancelled() => None,
            };
            if let Some(leave) = leave {
                tracing::debug!("Actor {}||{} is idle", actor.kind, actor.id);
                actors.deactivate(&actor, leave).await;
            }
        });
    }

    async fn wait_idle(&self, actor: &ActorRef, timeout: Duration, idle: &Notify) -> Option<Leave> {
        loop {
            match self.table.leave_if_idle(actor, timeout) {
                Idleness::Busy => idle.notified().await,
                Idleness::Until(due) => tokio::time::sleep_until(due).await,
                Idleness::Over(leave) => return Some(leave),
                Idleness::Gone => return None,
            }
        }
    }

    /// Tells the app. Whatever it answers, the actor is inactive afterwards.
    async fn deactivate(&self, actor: &ActorRef, leave: Leave) {
        let Some(app) = &self.app else { return };
        let name = format!("{}||{}", actor.kind, actor.id);
        match app.deactivate(actor).await {
            Ok(reply) if reply.status == StatusCode::OK => {
                tracing::debug!("Deactivated actor '{name}'");
            }
            Ok(reply) => tracing::error!(
                "Failed to halt actor {name}: error from actor service: ({}) {}",
                reply.status.as_u16(),
                String::from_utf8_lossy(&reply.body)
            ),
            Err(error) => tracing::error!("Failed to halt actor {name}: {error}"),
        }
        drop(leave);
    }

    /// Refuses new calls, lets running ones end within the drain timeout that the app asked for,
    /// and deactivates every actor. An actor whose turn would not end is given up without a
    /// `DELETE`: its turn may still be running in the app.
    pub(crate) async fn close(self: &Arc<Self>) {
        self.closing.cancel();
        let drain = self.hosted().map_or(Duration::ZERO, |hosted: Arc<Hosted>| hosted.drain_timeout);
        let drained = tokio::time::timeout(drain, self.table.all_calls_ended()).await;
        if drained.is_err() {
            tracing::warn!("Calls were still running after {drain:?}: they are given up");
        }
        let mut leaving = tokio::task::JoinSet::new();
        for actor in self.table.active() {
            match self.table.leave_if_idle(&actor, Duration::ZERO) {
                Idleness::Over(leave) => {
                    let actors = Arc::clone(self);
                    leaving.spawn(async move { actors.deactivate(&actor, leave).await });
                }
                Idleness::Busy => {
                    tracing::warn!("Actor {}||{} is left in its turn", actor.kind, actor.id);
                }
                Idleness::Until(_) | Idleness::Gone => {}
            }
        }
        let halted = tokio::time::timeout(HALT_LIMIT, async {
            while leaving.join_next().await.is_some() {}
            self.table.all_left().await;
        });
        if halted.await.is_err() {
            tracing::warn!("The app did not take leave of its actors within {HALT_LIMIT:?}");
        }
        self.aborting.cancel();
    }
}
