//! A reminder as it is in the store.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::schedule::{Period, Schedule, Times};
use crate::duration;
use crate::names::{ActorRef, in_key};
use crate::observation::{Actor, Callback, CallbackKind};

/// Stands where an actor's type stands in a key. Callers cannot have the state of such a type.
const TYPE: &str = "dapr.internal.reminders";

/// A reminder, and how far it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    pub(crate) actor_type: String,
    pub(crate) actor_id: String,
    pub(crate) name: String,
    /// JSON.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some")]
    pub(crate) data: Option<Box<RawValue>>,
    /// As the caller gave it.
    pub(crate) due_time: String,
    /// As the caller gave it.
    period: String,
    /// The next tick (RFC 3339, UTC).
    next: String,
    /// How many ticks are left, if they are counted.
    left: Option<u32>,
    /// From when on there are none (RFC 3339, UTC).
    pub(crate) expires: Option<String>,
    pub(super) on_failure: OnFailure,
}

/// What is done when a tick's call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OnFailure {
    /// The time until it is called again.
    pub(crate) interval_ms: u64,
    /// How often it is called again; `None` means until it succeeds.
    pub(crate) most: Option<u32>,
}

/// daprd's: three times, a second apart.
impl Default for OnFailure {
    fn default() -> Self {
        Self { interval_ms: 1000, most: Some(3) }
    }
}

fn some<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

impl Record {
    pub(super) fn new(
        actor: ActorRef,
        name: String,
        times: &Times,
        data: Option<Box<RawValue>>,
        on_failure: OnFailure,
        schedule: &Schedule,
    ) -> Self {
        let ActorRef { kind: actor_type, id: actor_id } = actor;
        let (due_time, period) = (times.due_time.clone(), times.period.clone());
        let (next, left, expires) = (String::new(), None, None);
        let record = Self { actor_type, actor_id, name, data, due_time, period, next, left, expires, on_failure };
        record.at(schedule)
    }

    /// # Errors
    /// Why it is none.
    pub(super) fn read(json: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(json).map_err(|error| error.to_string())
    }

    pub(crate) fn actor(&self) -> ActorRef {
        ActorRef::new(self.actor_type.clone(), self.actor_id.clone())
    }

    /// What is told of it.
    pub(super) fn told(&self) -> Arc<Callback> {
        Arc::new(Callback {
            kind: CallbackKind::Reminder,
            actor: Actor::new(&self.actor_type, &self.actor_id),
            name: self.name.clone(),
            due_time: self.due_time.clone(),
            period: self.period.clone(),
            ttl: String::new(),
        })
    }

    /// How many bytes its data and times take.
    pub(super) fn data_len(&self) -> usize {
        self.data.as_ref().map_or(0, |data| data.get().len()) + self.due_time.len() + self.period.len()
    }

    /// The period as daprd gives it back; `None` when there is one tick.
    pub(crate) fn period(&self) -> Option<String> {
        let period = Period::parse(&self.period).ok()?;
        Some(format!("@every {}", duration::show(period.time)))
    }

    /// The same with what is still to come.
    pub(super) fn at(&self, schedule: &Schedule) -> Self {
        Self {
            next: schedule.next.to_string(),
            left: schedule.period.as_ref().and_then(|period| period.left),
            expires: schedule.expires.map(|expires| expires.to_string()),
            ..self.clone()
        }
    }

    /// What is still to come. Of ticks that have passed it is the last one.
    ///
    /// # Errors
    /// Its times are none.
    pub(super) fn schedule(&self, now: Timestamp) -> Result<Schedule, String> {
        let moment = |text: &str| text.parse::<Timestamp>().map_err(|error| format!("{text:?}: {error}"));
        let period = match self.period.as_str() {
            "" => None,
            text => Some(Period::parse(text)?.with_left(self.left)),
        };
        let expires = self.expires.as_deref().map(moment).transpose()?;
        Ok(Schedule { next: moment(&self.next)?, period, expires }.without_missed(now))
    }

    /// Where it is in the store.
    pub(super) fn key(app_id: &str, actor: &ActorRef, name: &str) -> String {
        format!("{}{}||{}||{name}", Self::prefix(app_id), in_key(&actor.kind), in_key(&actor.id))
    }

    /// What the keys of all of them begin with.
    pub(super) fn prefix(app_id: &str) -> String {
        format!("{app_id}||{TYPE}||")
    }
}
