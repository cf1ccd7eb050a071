//! Telling of a call of an actor: that it stands in line, has its turn, and how it ended.

use std::sync::Arc;

use http::HeaderMap;
use tokio::time::Instant;

use super::chain;
use super::invoke::InvokeCall;
use super::turn_lock::Turn;
use crate::app_channel::AppReply;
use crate::hooks::Hooks;
use crate::observation::{Actor, ActorCall, CallEnd, CallId, Cause, EventKind, Excerpt, TurnId};

/// Tells of one call, of its end in any case: dropped before, its caller has left.
pub(super) struct Report<'a> {
    hooks: &'a Hooks,
    /// `None` when nobody looks.
    call: Option<Arc<ActorCall>>,
    turn: Option<TurnId>,
    since: Instant,
}

impl<'a> Report<'a> {
    /// The call stands in line under this number.
    pub(super) fn queued(
        hooks: &'a Hooks,
        number: Option<CallId>,
        call: &InvokeCall,
        cause: &Cause,
        attempt: u32,
    ) -> Self {
        let number = number.filter(|_| hooks.observation().is_on());
        let call = number.map(|id| {
            let text = |headers: &HeaderMap, name| Some(headers.get(name)?.to_str().ok()?.to_owned());
            Arc::new(ActorCall {
                id,
                actor: Actor::from(&call.actor),
                method: call.method.clone(),
                cause: cause.clone(),
                attempt,
                chain: text(&call.headers, chain::HEADER.as_str()),
                baggage: text(&call.headers, "baggage"),
                body: Excerpt::of(&call.body),
            })
        });
        if let Some(call) = &call {
            hooks.tell(|| EventKind::CallQueued { call: Arc::clone(call) });
        }
        Self { hooks, call, turn: None, since: Instant::now() }
    }

    /// The call has its turn.
    pub(super) fn started(&mut self, turn: &Turn) {
        let (Some(call), Some(id)) = (&self.call, turn.id()) else { return };
        let (waited, reentrant) = (self.since.elapsed(), turn.joined);
        self.hooks.tell(|| EventKind::CallStarted { call: Arc::clone(call), turn: id, reentrant, waited });
        if turn.activated.is_some() {
            self.hooks.tell(|| EventKind::Activated { actor: call.actor.clone(), turn: id });
        }
        (self.turn, self.since) = (Some(id), Instant::now());
    }

    /// The call is over.
    pub(super) fn ended(mut self, end: impl FnOnce() -> CallEnd) {
        if self.call.is_some() {
            self.tell(end());
        }
    }

    fn tell(&mut self, end: CallEnd) {
        let (Some(call), turn, took) = (self.call.take(), self.turn, self.since.elapsed()) else { return };
        self.hooks.tell(|| EventKind::CallEnded { call, turn, end, took });
    }
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        self.tell(CallEnd::CallerLeft);
    }
}

/// What is told of the app's answer.
pub(super) fn answered(reply: &AppReply) -> CallEnd {
    CallEnd::Answered { status: reply.status.as_u16(), reply: Excerpt::of(&reply.body) }
}

/// A call that has its turn. The turn ends when it is dropped, after its end has been told.
pub(super) struct InTurn<'a> {
    pub(super) report: Report<'a>,
    pub(super) turn: Turn,
}
