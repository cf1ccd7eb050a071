//! Calling an actor's method: for a caller, a timer or a reminder.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio_util::sync::CancellationToken;

use super::chain::{Chain, TooDeep};
use super::report::{InTurn, Report, answered};
use super::{Actors, Hosted};
use crate::app_channel::{AppError, AppReply, UNWELL};
use crate::error::ApiError;
use crate::names::ActorRef;
use crate::observation::{Actor, CallEnd, CallbackKind, Cause, EventKind, RetryTarget};
use crate::resiliency::{ACTOR_NOT_FOUND_RETRIES, Failure, PolicyError, Run, limited};

/// One call of an actor's method, checked.
#[derive(Debug, Clone)]
pub(crate) struct InvokeCall {
    pub(crate) actor: ActorRef,
    pub(crate) method: String,
    /// What the app receives besides what the sidecar adds.
    pub(crate) headers: HeaderMap,
    /// What stands behind the `?` of the caller's address.
    pub(crate) query: Option<String>,
    pub(crate) body: Bytes,
}

/// A call that a timer or a reminder makes.
#[derive(Debug)]
pub(super) struct CallBack {
    pub(super) actor: ActorRef,
    pub(super) kind: CallbackKind,
    pub(super) name: String,
    /// JSON.
    pub(super) body: Bytes,
    /// Cancelled when nobody wants the call any more. One that the app has begun goes on.
    pub(super) cancelled: CancellationToken,
}

impl CallBack {
    /// The method as the app is called.
    fn method(&self) -> String {
        match self.kind {
            CallbackKind::Timer => format!("timer/{}", self.name),
            CallbackKind::Reminder => format!("remind/{}", self.name),
        }
    }

    fn cause(&self) -> Cause {
        match self.kind {
            CallbackKind::Timer => Cause::Timer(self.name.clone()),
            CallbackKind::Reminder => Cause::Reminder(self.name.clone()),
        }
    }
}

/// How such a call ended.
#[derive(Debug)]
pub(super) enum CallBackEnd {
    Succeeded,
    /// Nobody wants more of them: the app said so, or the call was cancelled.
    Stop,
    /// The type is not hosted: the call was not made.
    NotHosted,
    Failed(String),
}

/// daprd's words when the app wants no more of a reminder.
const STOP: &str = "reminder has been canceled";
/// Why the call of a timer or a reminder is let go that has its turn.
const NOT_WANTED: &str = "nobody wants it any more";

/// Why a call has no reply that counts.
#[derive(Debug)]
enum Refusal {
    /// For a reason that the app or its absence gives.
    Told(String),
    /// The app replied with its mark of an error: the caller gets that reply.
    Marked(Box<AppReply>),
    /// The app replied that it wants no more of a timer's or a reminder's calls.
    Stop,
    /// The sidecar's own reason.
    Own(ApiError),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told(why) => f.write_str(why),
            Self::Marked(reply) => write!(f, "the app marked its reply as an error: {}", reply.text()),
            Self::Stop => f.write_str(STOP),
            Self::Own(error) => f.write_str(&error.message),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Own(error) => error,
            other => Self::actor_invoke(other),
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
    /// each attempt waits for a turn of its own, and its time-out counts from there. A caller waits as long as it likes,
    /// as with daprd: how long a turn lasts is the app's to say, and whether its own is still wanted the caller's, by its
    /// deadline or by closing its connection. Dropping the
    /// future leaves the line, or aborts the request that is under way and then lets the next call
    /// in: the app sees its connection closed before the next call of the actor leaves here, but
    /// what it had begun may still be running. A time-out does the same.
    ///
    /// # Errors
    /// In daprd's words and codes, for both APIs.
    pub(crate) async fn invoke(self: &Arc<Self>, mut call: InvokeCall) -> Result<AppReply, ApiError> {
        let mut hosted = self.wait_hosted().await.inspect_err(|error| self.tell_refused(&call, &error.message))?;
        if !self.has_app() && hosted.config(&call.actor.kind).is_none() {
            // A stream may be about to host it, and says then how its calls are to be made.
            let found =
                self.look_up(&hosted, &call.actor, false).await.map_err(|failure| ApiError::from(failure.error));
            hosted = found.inspect_err(|error| self.tell_refused(&call, &error.message))?;
        }
        let config = hosted.config(&call.actor.kind);
        let chain = config.and_then(|config| Chain::of(&mut call.headers, config));
        let (guard, explicit) = self.resiliency.actor(&call.actor, config.is_some());
        let target = guard.is_observed().then(|| RetryTarget::Actor {
            actor_type: call.actor.kind.clone(),
            actor_id: call.actor.id.clone(),
            method: call.method.clone(),
        });
        let timeout = guard.timeout;
        let attempt = |number| {
            let (hosted, call, chain) = (&hosted, &call, chain.as_ref());
            async move {
                let hosted = self.look_up(hosted, &call.actor, explicit).await;
                let hosted = hosted.inspect_err(|failure| self.tell_refused(call, &failure.error.to_string()))?;
                let (turn, hosted) = self.take_turn(hosted, call, &Cause::Caller, number, chain).await?;
                let answered = self.call_app(turn, &hosted, (call, None), timeout).await?;
                judge(&call.actor, &call.method, answered, explicit)
            }
        };
        match guard.run(Run { target, end: &self.closing }, attempt).await {
            Ok(reply) => Ok(reply),
            Err(Refusal::Marked(reply)) => Ok(*reply),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Waits for the actor's turn and has the app called once: the policies of the type do not apply but for their
    /// time-out. Reentrancy does: what the app calls from there may come back to the actor.
    pub(super) async fn call_back(self: &Arc<Self>, call: &CallBack) -> CallBackEnd {
        // A reminder may be due before it is hosted what it belongs to.
        let hosted = match self.wait_hosted().await {
            Ok(hosted) => hosted,
            Err(error) => return CallBackEnd::Failed(error.message),
        };
        let Some(config) = hosted.config(&call.actor.kind) else { return CallBackEnd::NotHosted };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let chain = Chain::of(&mut headers, config);
        let method = call.method();
        let request = InvokeCall { actor: call.actor.clone(), method, headers, query: None, body: call.body.clone() };
        let (guard, explicit) = self.resiliency.actor(&call.actor, true);
        let answered = async {
            let cause = call.cause();
            let (turn, hosted) = tokio::select! {
                turn = self.take_turn(hosted, &request, &cause, 1, chain.as_ref()) => turn?,
                () = call.cancelled.cancelled() => return Err(Failure::permanent(Refusal::Stop)),
            };
            if call.cancelled.is_cancelled() {
                turn.report.ended(|| CallEnd::Refused(NOT_WANTED.into()));
                return Err(Failure::permanent(Refusal::Stop));
            }
            let answered = self.call_app(turn, &hosted, (&request, Some(call)), guard.timeout).await?;
            judge(&call.actor, &request.method, answered, explicit)
        };
        match answered.await.map_err(|failure: Failure<Refusal>| failure.error) {
            Ok(_) => CallBackEnd::Succeeded,
            Err(Refusal::Stop) => CallBackEnd::Stop,
            Err(refusal) => CallBackEnd::Failed(refusal.to_string()),
        }
    }

    /// Waits for the actor's turn, and watches for its idleness if that activates it. While the app is not well that is
    /// waited for, too. Returns what is hosted at the turn.
    async fn take_turn<'a>(
        self: &'a Arc<Self>,
        mut hosted: Arc<Hosted>,
        call: &InvokeCall,
        cause: &Cause,
        attempt: u32,
        chain: Option<&Chain>,
    ) -> Result<(InTurn<'a>, Arc<Hosted>), Failure<Refusal>> {
        let refuse = |report: Report<'_>, error: ApiError| {
            report.ended(|| CallEnd::Refused(error.message.clone()));
            Refusal::Own(error)
        };
        loop {
            if hosted.is_suspended() {
                hosted = self.wait_hosted().await.map_err(|error| Failure::permanent(Refusal::Own(error)))?;
            }
            let line = self.table.line_up(&call.actor);
            let mut report = Report::queued(&self.hooks, line.number, call, cause, attempt);
            let closed = |report| Err(Failure::permanent(refuse(report, ApiError::runtime_closed())));
            // It stands in line again when the app is well.
            let unwell = |report: Report<'_>| report.ended(|| CallEnd::Refused(UNWELL.to_owned()));
            let turn = tokio::select! {
                turn = line.turn(chain) => turn,
                () = self.closing.cancelled() => return closed(report),
                () = hosted.suspended() => {
                    unwell(report);
                    continue;
                }
            };
            let mut turn = match turn {
                Ok(turn) => turn,
                Err(TooDeep) => return Err(Failure::transient(refuse(report, ApiError::stack_depth()))),
            };
            if hosted.is_suspended() {
                unwell(report);
                if turn.activated.is_some() {
                    self.table.forget(&call.actor);
                }
                continue;
            }
            report.started(&turn);
            if let (Some(idle), Some(config)) = (turn.activated.take(), hosted.config(&call.actor.kind)) {
                self.watch_idle(Arc::clone(&hosted), call.actor.clone(), config.idle_timeout, idle);
            }
            if self.closing.is_cancelled() {
                return closed(report);
            }
            return Ok((InTurn { report, turn }, hosted));
        }
    }

    /// Tells of a call that never stood in line.
    fn tell_refused(&self, call: &InvokeCall, why: &str) {
        self.hooks.tell(|| {
            let (actor, method) = (Actor::from(&call.actor), call.method.clone());
            EventKind::CallRefused { actor, method, why: why.to_owned() }
        });
    }

    /// Has the app called, and gives the turn back.
    async fn call_app(
        &self,
        turn: InTurn<'_>,
        hosted: &Hosted,
        (call, tick): (&InvokeCall, Option<&CallBack>),
        timeout: Option<Duration>,
    ) -> Result<AppReply, Failure<Refusal>> {
        let request = async {
            let query = call.query.as_deref();
            let (headers, body) = (call.headers.clone(), call.body.clone());
            let answered = match &self.app {
                Some(app) => app.call_actor(&call.actor, &call.method, query, headers, body).await,
                None => self.call_host(call, tick).await,
            };
            answered.map_err(|error| match error {
                AppError::TooLarge { size, limit } => {
                    Failure::permanent(Refusal::Own(ApiError::too_large(size, limit)))
                }
                AppError::NoRoom(why) => Failure::transient(Refusal::Own(ApiError::actor_no_room(why))),
                error @ (AppError::Failed(_) | AppError::Unwell) => {
                    Failure::transient(Refusal::Told(error.to_string()))
                }
            })
        };
        let outcome = tokio::select! {
            // An answer that is there counts, whatever else happens now.
            biased;
            outcome = limited(timeout, request) => outcome,
            () = self.aborting.cancelled() => Err(Failure::permanent(Refusal::Told("context canceled".into()))),
            () = hosted.suspended() => Err(Failure::transient(Refusal::Told(UNWELL.into()))),
        };
        let InTurn { report, turn } = turn;
        report.ended(|| match &outcome {
            Ok(reply) => answered(reply),
            Err(failure) if failure.is_time_out() => CallEnd::TimedOut,
            Err(failure) => CallEnd::Failed(failure.error.to_string()),
        });
        drop(turn);
        outcome
    }

    /// Finds out whether the type is hosted. Unless the type has a policy of its own, daprd looks
    /// again for a while.
    async fn look_up(
        &self,
        hosted: &Arc<Hosted>,
        actor: &ActorRef,
        explicit: bool,
    ) -> Result<Arc<Hosted>, Failure<Refusal>> {
        if hosted.config(&actor.kind).is_some() {
            return Ok(Arc::clone(hosted));
        }
        let look = async |_| {
            let found = self.hosted().filter(|hosted| hosted.config(&actor.kind).is_some());
            found.ok_or_else(|| Failure::transient(Refusal::Own(ApiError::no_address(actor))))
        };
        if explicit {
            return look(1).await;
        }
        let guard = self.resiliency.built_in(ACTOR_NOT_FOUND_RETRIES);
        guard.run(Run { target: None, end: &self.closing }, look).await.map_err(Failure::transient)
    }
}

/// The header by which a method says that it failed, whatever the status.
pub(super) const FAILED: &str = "x-daprerrorresponseheader";

/// The header by which the method of a timer or a reminder says that there is to be no other.
pub(super) const CANCELS: &str = "x-daprremindercancel";

/// Only 200 is a success of an actor method; no other 2xx is. What the app does not know it will
/// not know another time. (In daprd that holds where the type has a policy of its own; a default
/// policy has it retried.)
fn judge(actor: &ActorRef, method: &str, reply: AppReply, explicit: bool) -> Result<AppReply, Failure<Refusal>> {
    match reply.status {
        StatusCode::OK if reply.headers.contains_key(FAILED) => {
            Err(Failure::transient(Refusal::Marked(Box::new(reply))))
        }
        StatusCode::OK if is_true(&reply, CANCELS) => Err(Failure::transient(Refusal::Stop)),
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
