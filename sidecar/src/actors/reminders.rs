//! Reminders: calls that an actor asks for, kept in its store, whether it is active or not.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::invoke::{CallBack, CallBackEnd};
use super::registry::Registry;
use super::reminder_record::{OnFailure, Record};
use super::schedule::{Schedule, Times};
use super::{Actors, Hosted};
use crate::error::ApiError;
use crate::names::ActorRef;
use crate::observation::{
    Actor, Callback, CallbackEnd, CallbackKind, EventKind, Outcome, StateCall, StateKey, StateOperation, StateOwner,
};
use crate::resiliency::Failure;
use crate::state::{Operation, Value, read, written};

/// The most bytes that actor type, actor id and name may have together. In daprd 1.18 the Scheduler takes 512 for
/// `actorreminder||NAMESPACE||TYPE||ID||NAME`, and the usual namespace is `default`.
const LONGEST_NAMES: usize = 512 - "actorreminder||default||||||".len();

/// How many reminders may be written at once.
const WRITES_AT_ONCE: usize = 32;
/// How long a caller waits for earlier writes of a reminder.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// The least time until a tick's call that failed is made again, whatever its caller says.
const LEAST_PAUSE: Duration = Duration::from_millis(100);
/// How often it is said that the calls of a reminder fail.
const TELL_AGAIN: Duration = Duration::from_secs(10);

/// A reminder, as its caller asks for it.
#[derive(Debug)]
pub(crate) struct NewReminder {
    pub(crate) actor: ActorRef,
    pub(crate) name: String,
    pub(crate) times: Times,
    /// JSON, given back to the app as it is.
    pub(crate) data: Option<Box<RawValue>>,
    /// Whether it may take the place of one of that name.
    pub(crate) overwrite: bool,
    pub(crate) on_failure: OnFailure,
}

/// The reminders of the hosted types.
#[derive(Debug, Default)]
pub(super) struct Reminders {
    known: Registry<Arc<Record>>,
    /// One is held while a reminder is written: what is in the store and what is in memory change in the same order. A
    /// store that is slow for one actor holds up few others.
    writing: [Mutex<()>; WRITES_AT_ONCE],
    hashing: RandomState,
}

/// A reminder that is known, and is to be run.
#[derive(Debug)]
pub(super) struct Kept {
    call: CallBack,
    record: Arc<Record>,
    schedule: Schedule,
}

impl Reminders {
    /// Ends the ticks of a type that is not hosted any more, for as long as that is so.
    pub(super) fn forget_type(&self, kind: &str) {
        self.known.forget_type(kind);
    }

    fn place(&self, actor: &ActorRef, name: &str) -> &Mutex<()> {
        let hash = self.hashing.hash_one((actor, name));
        &self.writing[(hash % WRITES_AT_ONCE as u64) as usize]
    }

    /// # Errors
    /// It has been waited for long enough.
    async fn lock(&self, actor: &ActorRef, name: &str) -> Result<MutexGuard<'_, ()>, String> {
        let locked = timeout(WRITE_LIMIT, self.place(actor, name).lock()).await;
        locked.map_err(|_| format!("the store has not taken an earlier write for {WRITE_LIMIT:?}: try again later"))
    }
}

/// What the app receives when a reminder is due. daprd has no more to say of the times then.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: &'a Option<Box<RawValue>>,
    due_time: &'a str,
    period: &'a str,
}

impl Actors {
    /// Registers a reminder, in the place of the one of that name.
    ///
    /// # Errors
    /// The type is not hosted, the name or the times are none, there is one and may not be replaced, there is no room
    /// for another, or the store fails.
    pub(crate) async fn register_reminder(self: &Arc<Self>, reminder: NewReminder) -> Result<(), ApiError> {
        let told = Arc::new(Callback {
            kind: CallbackKind::Reminder,
            actor: Actor::from(&reminder.actor),
            name: reminder.name.clone(),
            due_time: reminder.times.due_time.clone(),
            period: reminder.times.period.clone(),
            ttl: reminder.times.ttl.clone(),
        });
        let registered = self.begin_reminder(reminder, &told).await;
        if let Err(error) = &registered {
            self.tell_registered(&told, Outcome::Failed(error.message.clone()));
        }
        registered
    }

    async fn begin_reminder(self: &Arc<Self>, reminder: NewReminder, told: &Arc<Callback>) -> Result<(), ApiError> {
        if reminder.name.is_empty() {
            return Err(ApiError::bad_request("invalid request: reminder name cannot be empty"));
        }
        self.check_reminder(&reminder.actor, &reminder.name).await?;
        let length = reminder.actor.kind.len() + reminder.actor.id.len() + reminder.name.len();
        if length > LONGEST_NAMES {
            return Err(ApiError::bad_request(format!(
                "invalid request: actor type, actor id and name of a reminder may have {LONGEST_NAMES} bytes together, \
                 and have {length}"
            )));
        }
        let key = format!("{}||{}||{}", reminder.actor.kind, reminder.actor.id, reminder.name);
        let schedule =
            Schedule::of_reminder(&reminder.times, self.clock.now(), &key).map_err(ApiError::reminder_create)?;
        let NewReminder { actor, name, times, data, overwrite, on_failure } = reminder;
        let record = Record::new(actor, name, &times, data, on_failure, &schedule);
        // What has begun goes on to its end, even if the caller goes away: the store and the memory say the same.
        let (actors, told) = (Arc::clone(self), Arc::clone(told));
        let written = tokio::spawn(async move {
            let reminders = &actors.reminders;
            let writing = reminders.lock(&record.actor(), &record.name).await;
            let _writing = writing.map_err(ApiError::reminder_create)?;
            if !overwrite && reminders.known.get(&record.actor(), &record.name).is_some() {
                return Err(ApiError::reminder_exists(&record.name));
            }
            let room = reminders.known.room_for(&record.actor(), &record.name, record.data_len());
            let _room = room.map_err(ApiError::reminders_full)?;
            actors.write_reminder(&record).await.map_err(ApiError::reminder_create)?;
            let (kept, before) = actors.keep(record, schedule);
            actors.tell_over(before.map(|record| record.told()), CallbackEnd::Replaced);
            actors.tell_registered(&told, Outcome::Succeeded);
            actors.run(kept);
            Ok(())
        });
        written.await.unwrap_or_else(|error| Err(ApiError::reminder_create(error)))
    }

    /// Ends a reminder; it is no error if there is none of that name.
    ///
    /// # Errors
    /// The type is not hosted, or the store fails.
    pub(crate) async fn unregister_reminder(self: &Arc<Self>, actor: &ActorRef, name: &str) -> Result<(), ApiError> {
        self.check_reminder(actor, name).await?;
        self.delete_reminder(actor.clone(), name.to_owned()).await
    }

    /// Ends the reminders of a type, or of one of its actors.
    ///
    /// # Errors
    /// The type is not hosted, or the store fails.
    pub(crate) async fn unregister_reminders(self: &Arc<Self>, kind: &str, id: Option<&str>) -> Result<(), ApiError> {
        for record in self.reminders(kind, id).await? {
            self.delete_reminder(record.actor(), record.name.clone()).await?;
        }
        Ok(())
    }

    /// A reminder that is still to come; `None` when there is none of that name.
    ///
    /// # Errors
    /// The type is not hosted.
    pub(crate) async fn reminder(&self, actor: &ActorRef, name: &str) -> Result<Option<Arc<Record>>, ApiError> {
        self.check_reminder(actor, name).await?;
        Ok(self.reminders.known.get(actor, name))
    }

    /// The reminders of a type, or of one of its actors.
    ///
    /// # Errors
    /// The type is not hosted.
    pub(crate) async fn reminders(&self, kind: &str, id: Option<&str>) -> Result<Vec<Arc<Record>>, ApiError> {
        self.check_reminder(&ActorRef::new(kind, id.unwrap_or("any")), "any").await?;
        Ok(self.reminders.known.list(kind, id))
    }

    async fn check_reminder(&self, actor: &ActorRef, name: &str) -> Result<(), ApiError> {
        self.check_callback(actor, name).await?;
        match self.hosted().is_some_and(|hosted| hosted.config(&actor.kind).is_some()) {
            true => Ok(()),
            false => Err(ApiError::reminder_not_hosted()),
        }
    }

    async fn delete_reminder(self: &Arc<Self>, actor: ActorRef, name: String) -> Result<(), ApiError> {
        let actors = Arc::clone(self);
        let deleted = tokio::spawn(async move {
            let writing = actors.reminders.lock(&actor, &name).await;
            let _writing = writing.map_err(ApiError::reminder_delete)?;
            actors.forget_reminder(&actor, &name).await.map_err(ApiError::reminder_delete)?;
            let removed = actors.reminders.known.remove(&actor, &name);
            actors.tell_over(removed.map(|record| record.told()), CallbackEnd::Unregistered);
            Ok(())
        });
        deleted.await.unwrap_or_else(|error| Err(ApiError::reminder_delete(error)))
    }

    /// The reminders of these types that are in the store, to be run. Of the ticks that one has missed it makes up for
    /// the last.
    ///
    /// # Errors
    /// The store's, and nothing has begun then.
    pub(super) async fn resume_reminders(&self, hosted: &Hosted) -> Result<Vec<Kept>, String> {
        let Some((component, store)) = &self.store else { return Ok(Vec::new()) };
        let prefix = Record::prefix(&self.app_id);
        let call = self.hooks.state_call(|id| StateCall {
            id,
            component: component.clone(),
            operation: StateOperation::List,
            keys: vec![read(&prefix)],
            owner: StateOwner::Reminders(None),
            turn: None,
            baggage: None,
        });
        let list = async { store.with_prefix(&prefix).await.map_err(Failure::transient) };
        let all = self.hooks.at_store(call.as_ref().map(|call| (call, 1)), None, |_| None, list).await;
        let mut resumed = Vec::new();
        for (key, stored) in all.map_err(|failure| failure.error)? {
            let read = Record::read(&stored.data).and_then(|record| Ok((record.schedule(self.clock.now())?, record)));
            match read {
                Ok((schedule, record)) if hosted.config(&record.actor_type).is_some() => {
                    resumed.push(self.keep(record, schedule).0);
                }
                Ok((_, record)) => {
                    tracing::debug!("nobody hosts the reminder {} of {}", record.name, record.actor_type)
                }
                Err(why) => tracing::error!("the stored reminder {key} cannot be read and stays where it is: {why}"),
            }
        }
        Ok(resumed)
    }

    /// Has it known from now on, in the place of the one of that name, which it returns; its ticks do not come yet.
    fn keep(&self, record: Record, schedule: Schedule) -> (Kept, Option<Arc<Record>>) {
        let body = Body { data: &record.data, due_time: "", period: "" };
        let token = CancellationToken::new();
        let call = CallBack {
            actor: record.actor(),
            kind: CallbackKind::Reminder,
            name: record.name.clone(),
            // A record is JSON itself.
            body: serde_json::to_vec(&body).unwrap_or_default().into(),
            cancelled: token.clone(),
        };
        let record = Arc::new(record);
        let known = &self.reminders.known;
        let before = known.put_anyway(&call.actor, &call.name, Arc::clone(&record), record.data_len(), token);
        (Kept { call, record, schedule }, before)
    }

    /// Begins with the ticks of one that was in the store.
    pub(super) fn resume_ticks(self: &Arc<Self>, reminder: Kept) {
        self.hooks.tell(|| EventKind::CallbackResumed { callback: reminder.record.told() });
        self.run(reminder);
    }

    /// Begins with the ticks.
    fn run(self: &Arc<Self>, reminder: Kept) {
        tokio::spawn(Arc::clone(self).run_reminder(reminder));
    }

    async fn run_reminder(self: Arc<Self>, Kept { call, record, schedule }: Kept) {
        let (mut coming, mut told) = (Some(schedule), None);
        while let Some(schedule) = coming {
            if self.until_cancelled(&call, self.clock.reach(schedule.next)).await.is_none() {
                return;
            }
            let Some(goes_on) = self.remind(&call, &record, &mut told).await else { return };
            let _writing = self.reminders.place(&call.actor, &call.name).lock().await;
            if call.cancelled.is_cancelled() {
                return;
            }
            coming = if goes_on { schedule.after_tick() } else { None };
            let written = match &coming {
                Some(schedule) => {
                    let record = record.at(schedule);
                    let written = self.write_reminder(&record).await;
                    self.reminders.known.update(&call.actor, &call.name, Arc::new(record));
                    written
                }
                None => {
                    let end = if goes_on { CallbackEnd::Completed } else { CallbackEnd::Stopped };
                    let removed = self.reminders.known.remove(&call.actor, &call.name);
                    self.tell_over(removed.map(|record| record.told()), end);
                    self.forget_reminder(&call.actor, &call.name).await
                }
            };
            if let Err(why) = written {
                tracing::error!("the reminder {} may come once more after a restart: {why}", call.name);
            }
        }
    }

    /// One tick: the call, and again if it fails. Whether there may be others; `None` when nobody wants the tick any
    /// more, or the sidecar ends before it has been made: it comes after the restart. `told` is when a failure was said.
    async fn remind(self: &Arc<Self>, call: &CallBack, record: &Record, told: &mut Option<Instant>) -> Option<bool> {
        let (on_failure, mut retries) = (record.on_failure, 0);
        loop {
            self.hooks.tell(|| EventKind::CallbackFired { callback: record.told(), attempt: retries + 1 });
            match self.call_back(call).await {
                CallBackEnd::Succeeded => return Some(true),
                CallBackEnd::Stop => return (!call.cancelled.is_cancelled()).then_some(false),
                // It stays in the store, and comes when the type is hosted again.
                CallBackEnd::NotHosted => return None,
                CallBackEnd::Failed(_) if self.closing.is_cancelled() => return None,
                CallBackEnd::Failed(_) if told.is_some_and(|told| told.elapsed() < TELL_AGAIN) => {}
                CallBackEnd::Failed(why) => {
                    *told = Some(Instant::now());
                    tracing::error!("failed to invoke scheduled actor reminder named: {} due to: {why}", call.name);
                }
            }
            if on_failure.most.is_some_and(|most| retries >= most) {
                return Some(true);
            }
            retries += 1;
            let pause = Duration::from_millis(on_failure.interval_ms).max(LEAST_PAUSE);
            self.until_cancelled(call, tokio::time::sleep(pause)).await?;
        }
    }

    /// Waits, unless nobody wants the call any more or the sidecar ends.
    async fn until_cancelled(&self, call: &CallBack, wait: impl Future<Output = ()>) -> Option<()> {
        tokio::select! {
            () = wait => Some(()),
            () = call.cancelled.cancelled() => None,
            () = self.closing.cancelled() => None,
        }
    }

    async fn write_reminder(&self, record: &Record) -> Result<(), String> {
        let json = serde_json::to_string(record).map_err(|error| error.to_string())?;
        let (actor, value) = (record.actor(), Value::Json(json));
        let key = written(&record.name, Some(&value));
        let operation = Operation::upsert(Record::key(&self.app_id, &actor, &record.name), value);
        self.write(StateOperation::Set, &actor, key, operation).await
    }

    async fn forget_reminder(&self, actor: &ActorRef, name: &str) -> Result<(), String> {
        let operation = Operation::delete(Record::key(&self.app_id, actor, name));
        self.write(StateOperation::Delete, actor, written(name, None), operation).await
    }

    async fn write(
        &self,
        what: StateOperation,
        actor: &ActorRef,
        key: StateKey,
        operation: Operation,
    ) -> Result<(), String> {
        let Some((component, store)) = &self.store else { return Err("there is no state store".into()) };
        let call = self.hooks.state_call(|id| StateCall {
            id,
            component: component.clone(),
            operation: what,
            keys: vec![key],
            owner: StateOwner::Reminders(Some(Actor::from(actor))),
            turn: self.hooks.turns().and_then(|turns| turns.of(actor)),
            baggage: None,
        });
        let write = async { store.transaction(vec![operation]).await.map_err(Failure::transient) };
        let written = self.hooks.at_store(call.as_ref().map(|call| (call, 1)), None, |()| None, write).await;
        written.map_err(|failure| failure.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_write_that_does_not_end_holds_up_those_of_few_others_and_them_for_a_while() {
        let reminders = Reminders::default();
        let (actor, began) = (ActorRef::new("T", "a"), Instant::now());
        let _stuck = reminders.lock(&actor, "n").await.unwrap();
        let others = (0..100).map(|n| format!("other{n}"));
        let free = others.filter(|name| reminders.place(&actor, name).try_lock().is_ok()).count();
        assert!(free > 50, "{free}");
        assert_eq!(began.elapsed(), Duration::ZERO);
        let why = reminders.lock(&actor, "n").await.unwrap_err();
        assert!(why.contains("30s") && began.elapsed() < 2 * WRITE_LIMIT, "{why}");
    }
}
