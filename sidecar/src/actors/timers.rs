//! Timers: calls that an actor asks for, which last no longer than it is active.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::Actors;
use super::invoke::{CallBack, CallBackEnd};
use super::schedule::{Schedule, Times};
use crate::error::ApiError;
use crate::names::{ActorRef, validate_name};
use crate::observation::{Actor, Callback, CallbackEnd, CallbackKind, EventKind, Outcome, TurnId};

/// A timer, as its caller asks for it.
#[derive(Debug)]
pub(crate) struct NewTimer {
    pub(crate) actor: ActorRef,
    pub(crate) name: String,
    pub(crate) times: Times,
    /// What the app is told beside the data; Dapr's SDKs name a method with it.
    pub(crate) callback: String,
    /// JSON, given back to the app as it is.
    pub(crate) data: Option<Box<RawValue>>,
}

/// What the app receives when a timer is due, in daprd's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: &'a Option<Box<RawValue>>,
    callback: &'a str,
    due_time: &'a str,
    period: &'a str,
}

impl Actors {
    /// Registers a timer, in the place of the one of that name.
    ///
    /// # Errors
    /// The type is not hosted, the name or the times are none, or there is no room for it.
    pub(crate) async fn register_timer(self: &Arc<Self>, timer: NewTimer) -> Result<(), ApiError> {
        let told = Arc::new(Callback {
            kind: CallbackKind::Timer,
            actor: Actor::from(&timer.actor),
            name: timer.name.clone(),
            due_time: timer.times.due_time.clone(),
            period: timer.times.period.clone(),
            ttl: timer.times.ttl.clone(),
        });
        let registered = self.begin_timer(timer, &told).await;
        if let Err(error) = &registered {
            self.tell_registered(&told, Outcome::Failed(error.message.clone()));
        }
        registered
    }

    async fn begin_timer(self: &Arc<Self>, timer: NewTimer, told: &Arc<Callback>) -> Result<(), ApiError> {
        self.check_callback(&timer.actor, &timer.name).await?;
        let actor = &timer.actor;
        let key = format!("{}||{}", actor.kind, actor.id);
        if self.hosted().is_none_or(|hosted| hosted.config(&actor.kind).is_none()) {
            return Err(ApiError::timer_create(format!(
                "can't create timer for actor {key}: actor type not registered"
            )));
        }
        let key = format!("{key}||{}", timer.name);
        let schedule = Schedule::new(&timer.times, self.clock.now(), "timer", &key).map_err(ApiError::timer_create)?;
        if !schedule.is_active() {
            tracing::info!("Timer {key} has expired");
            self.tell_over(self.timers.remove(actor, &timer.name), CallbackEnd::Replaced);
            self.tell_registered(told, Outcome::Succeeded);
            self.tell_over(Some(Arc::clone(told)), CallbackEnd::Completed);
            return Ok(());
        }
        let body = Body {
            data: &timer.data,
            callback: &timer.callback,
            due_time: &timer.times.due_time,
            period: &timer.times.period,
        };
        let body = serde_json::to_vec(&body).map_err(ApiError::timer_create)?;
        let token = self.closing.child_token();
        let put = self.timers.put(actor, &timer.name, Arc::clone(told), body.len(), token.clone());
        self.tell_over(put.map_err(ApiError::timers_full)?, CallbackEnd::Replaced);
        self.tell_registered(told, Outcome::Succeeded);
        let (kind, body) = (CallbackKind::Timer, body.into());
        let call = CallBack { actor: timer.actor, kind, name: timer.name, body, cancelled: token };
        tokio::spawn(Arc::clone(self).run_timer(call, schedule, Arc::clone(told)));
        Ok(())
    }

    /// Ends a timer; it is no error if there is none of that name.
    ///
    /// # Errors
    /// The type is Dapr's own.
    pub(crate) async fn unregister_timer(&self, actor: &ActorRef, name: &str) -> Result<(), ApiError> {
        self.check_callback(actor, name).await?;
        self.tell_over(self.timers.remove(actor, name), CallbackEnd::Unregistered);
        Ok(())
    }

    /// Ends the timers of an actor that is not active any more.
    pub(super) fn forget_timers(&self, actor: &ActorRef) {
        for timer in self.timers.forget(actor) {
            self.tell_over(Some(timer), CallbackEnd::Deactivated);
        }
    }

    /// One tick after the other: the next one is waited for when the app has answered. A tick that fails is logged,
    /// and counts.
    async fn run_timer(self: Arc<Self>, call: CallBack, schedule: Schedule, told: Arc<Callback>) {
        let key = format!("{}||{}||{}", call.actor.kind, call.actor.id, call.name);
        let (mut coming, mut end) = (Some(schedule), CallbackEnd::Completed);
        while let Some(schedule) = coming {
            tokio::select! {
                () = self.clock.reach(schedule.next) => {}
                () = call.cancelled.cancelled() => return,
            }
            self.hooks.tell(|| EventKind::CallbackFired { callback: Arc::clone(&told), attempt: 1 });
            match self.call_back(&call).await {
                CallBackEnd::Succeeded => {}
                CallBackEnd::Stop | CallBackEnd::NotHosted => {
                    end = CallbackEnd::Stopped;
                    break;
                }
                CallBackEnd::Failed(why) => tracing::error!("Error executing timer: {key}: {why}"),
            }
            if call.cancelled.is_cancelled() {
                return;
            }
            coming = schedule.after_tick();
        }
        tracing::info!("Timer {key} has been completed");
        self.tell_over(self.timers.ended(&call.actor, &call.name, &call.cancelled), end);
    }

    /// Tells that a timer or a reminder was asked for.
    pub(super) fn tell_registered(&self, callback: &Arc<Callback>, outcome: Outcome) {
        self.hooks.tell(|| {
            let turn = self.turn_of(&callback.actor);
            EventKind::CallbackRegistered { callback: Arc::clone(callback), turn, outcome }
        });
    }

    /// Tells that a timer or a reminder comes no more, if there was one.
    pub(super) fn tell_over(&self, callback: Option<Arc<Callback>>, end: CallbackEnd) {
        let Some(callback) = callback else { return };
        self.hooks.tell(|| EventKind::CallbackEnded { turn: self.turn_of(&callback.actor), callback, end });
    }

    fn turn_of(&self, actor: &Actor) -> Option<TurnId> {
        self.hooks.turns()?.of(&ActorRef::new(&actor.actor_type, &actor.actor_id))
    }

    /// Whether callers may have timers and reminders of that name, once it is known what the app hosts.
    pub(super) async fn check_callback(&self, actor: &ActorRef, name: &str) -> Result<(), ApiError> {
        if actor.kind.starts_with("dapr.internal.") {
            return Err(ApiError::reserved_type(&actor.kind));
        }
        for (what, name) in [("actorType: ", actor.kind.as_str()), ("actorId: ", &actor.id), ("", name)] {
            let invalid = if what.is_empty() { "" } else { "invalid " };
            validate_name(name)
                .map_err(|why| ApiError::bad_request(format!("invalid request: {invalid}{what}{why}")))?;
        }
        self.wait_until_known().await
    }
}
