//! Calling an actor's method.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{Actors, Hosted};
use crate::app_channel::{AppError, AppReply};
use crate::error::ApiError;
use crate::names::ActorRef;
use crate::resiliency::{ACTOR_NOT_FOUND_RETRIES, Failure, PolicyError, RetryTarget, Run, limited};

/// One call of an actor's method, checked.
#[derive(Debug, Clone)]
pub(crate) struct InvokeCall {
    pub(crate) actor: ActorRef,
    pub(crate) method: String,
    /// What the app receives besides what the sidecar adds.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why a call has no reply that counts.
#[derive(Debug)]
enum Refusal {
    /// For a reason that the app or its absence gives.
    Told(String),
    /// The app replied with its mark of an error: the caller gets that reply.
    Marked(Box<AppReply>),
    /// The sidecar's own reason.
    Own(ApiError),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told(why) => f.write_str(why),
            Self::Marked(reply) => write!(f, "the app marked its reply as an error: {}", reply.text()),
            Self::Own(error) => f.write_str(&error.message),
        }
    }
}

impl PolicyError for Refusal {
    fn refused(text: &'static str) -> Self {
        Self::Told(text.into())
    }

    fn closed() -> Self {
        Self::Own(ApiError::runtime_closed())
    }
}

impl Actors {
    /// Waits for the actor's turn and calls the app, again and again if the type's policy says so:
    /// each attempt waits for a turn of its own, and its time-out counts from there. Dropping the
    /// future leaves the line, or aborts the request that is under way and then lets the next call
    /// in: the app sees its connection closed before the next call of the actor leaves here, but
    /// what it had begun may still be running. A time-out does the same.
    ///
    /// # Errors
    /// In daprd's words and codes, for both APIs.
    pub(crate) async fn invoke(self: &Arc<Self>, call: InvokeCall) -> Result<AppReply, ApiError> {
        let hosted = self.wait_hosted().await?;
        let (guard, explicit) = self.resiliency.actor(&call.actor, hosted.types.contains(&call.actor.kind));
        let target = guard.is_observed().then(|| RetryTarget::Actor {
            actor_type: call.actor.kind.clone(),
            actor_id: call.actor.id.clone(),
            method: call.method.clone(),
        });
        let attempt = async || {
            self.look_up(&hosted, &call.actor, explicit).await?;
            self.take_turn(&hosted, &call, guard.timeout, explicit).await
        };
        match guard.run(Run { target, end: &self.closing }, attempt).await {
            Ok(reply) => Ok(reply),
            Err(Refusal::Marked(reply)) => Ok(*reply),
            Err(Refusal::Told(why)) => Err(ApiError::actor_invoke(why)),
            Err(Refusal::Own(error)) => Err(error),
        }
    }

    /// Waits for the turn and has the app called in it.
    async fn take_turn(
        self: &Arc<Self>,
        hosted: &Hosted,
        call: &InvokeCall,
        timeout: Option<Duration>,
        explicit: bool,
    ) -> Result<AppReply, Failure<Refusal>> {
        let closed = || Failure::permanent(Refusal::closed());
        let Some(app) = &self.app else {
            return Err(Failure::permanent(Refusal::Own(ApiError::no_app_channel())));
        };
        let mut turn = tokio::select! {
            turn = self.table.line_up(&call.actor).turn() => turn,
            () = self.closing.cancelled() => return Err(closed()),
        };
        if let Some(idle) = turn.activated.take() {
            self.watch_idle(call.actor.clone(), hosted.idle_timeout, idle);
        }
        if self.closing.is_cancelled() {
            return Err(closed());
        }
        let request = async {
            let answered = app.call_actor(&call.actor, &call.method, call.headers.clone(), call.body.clone()).await;
            answered.map_err(|error| match error {
                AppError::TooLarge { size, limit } => {
                    Failure::permanent(Refusal::Own(ApiError::too_large(size, limit)))
                }
                AppError::Failed(why) => Failure::transient(Refusal::Told(why)),
            })
        };
        let answered = tokio::select! {
            answered = limited(timeout, request) => answered,
            () = self.aborting.cancelled() => Err(Failure::permanent(Refusal::Told("context canceled".into()))),
        };
        drop(turn);
        judge(&call.actor, &call.method, answered?, explicit)
    }

    /// Finds out whether the type is hosted. Unless the type has a policy of its own, daprd looks
    /// again for a while.
    async fn look_up(&self, hosted: &Hosted, actor: &ActorRef, explicit: bool) -> Result<(), Failure<Refusal>> {
        let look = async || match hosted.types.contains(&actor.kind) {
            true => Ok(()),
            false => Err(Failure::transient(Refusal::Own(ApiError::no_address(actor)))),
        };
        if explicit {
            return look().await;
        }
        let guard = self.resiliency.built_in(ACTOR_NOT_FOUND_RETRIES);
        guard.run(Run { target: None, end: &self.closing }, look).await.map_err(Failure::transient)
    }
}

/// Only 200 is a success of an actor method; no other 2xx is. What the app does not know it will
/// not know another time. (In daprd that holds where the type has a policy of its own; a default
/// policy has it retried.)
fn judge(actor: &ActorRef, method: &str, reply: AppReply, explicit: bool) -> Result<AppReply, Failure<Refusal>> {
    match reply.status {
        StatusCode::OK if reply.headers.contains_key("x-daprerrorresponseheader") => {
            Err(Failure::transient(Refusal::Marked(Box::new(reply))))
        }
        StatusCode::OK if is_true(&reply, "x-daprremindercancel") => {
            Err(Failure::transient(Refusal::Told("reminder has been canceled".into())))
        }
        StatusCode::OK => Ok(reply),
        StatusCode::NOT_FOUND => {
            let refusal = Refusal::Told(format!("actor method not found: {}", actor.method_path(method)));
            Err(if explicit { Failure::permanent(refusal) } else { Failure::transient(refusal) })
        }
        status => Err(Failure::transient(Refusal::Told(format!(
            "error from actor service: ({}) {}",
            status.as_u16(),
            reply.text()
        )))),
    }
}

fn is_true(reply: &AppReply, header: &str) -> bool {
    let value = reply.headers.get(header);
    value.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
}
