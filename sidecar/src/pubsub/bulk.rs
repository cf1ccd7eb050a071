//! Bulk subscriptions: many messages in one request, and a status for each of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use serde::Deserialize;
use uuid::Uuid;

use super::broker::Taken;
use super::deliver::{Delivery, Parcel, id_of};
use super::door::{Door, Undelivered};
use super::judge::{Outcome, first_value};
use super::report::Told;
use crate::app_channel::{AppError, AppReply};
use crate::json;
use crate::resiliency::{Failure, Run};
use crate::resources::subscription::Bulk;

/// Dapr's defaults.
const MOST_MESSAGES: usize = 100;
const MOST_WAIT: Duration = Duration::from_secs(1);

/// A message of a batch.
struct Entry {
    id: String,
    /// As it stands in the request.
    written: String,
    outcome: Outcome,
    taken: Taken,
    told: Told,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    statuses: Vec<EntryStatus>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct EntryStatus {
    entry_id: String,
    status: String,
}

impl Delivery {
    /// Runs until the topic is closed, and delivers what comes in batches: one is full, or its first message has
    /// waited long enough.
    pub(super) async fn run_in_bulk(&self, bulk: Bulk, mut messages: BoxStream<'static, Taken>) {
        let most = usize::try_from(bulk.max_messages_count).ok().filter(|count| *count > 0).unwrap_or(MOST_MESSAGES);
        let wait = u64::try_from(bulk.max_await_duration_ms).ok().filter(|ms| *ms > 0);
        let wait = wait.map_or(MOST_WAIT, Duration::from_millis);
        while let Some(first) = messages.next().await {
            let mut batch = vec![first];
            let full = async {
                while batch.len() < most
                    && let Some(next) = messages.next().await
                {
                    batch.push(next);
                }
            };
            // The end of the sidecar waits for nobody.
            tokio::select! {
                () = full => {}
                () = tokio::time::sleep(wait) => {}
                () = self.closing.cancelled() => {}
            }
            self.deliver_batch(batch).await;
        }
    }

    async fn deliver_batch(&self, batch: Vec<Taken>) {
        let mut by_path: BTreeMap<&str, Vec<Entry>> = BTreeMap::new();
        for taken in batch {
            let addressed = self
                .address(&taken.message)
                .map(|parcel| (parcel.path, written(&parcel, &taken), self.told(|| parcel.id.clone(), Some(&parcel))));
            match addressed {
                Ok((path, (id, written), told)) => {
                    let outcome = Outcome::Failed(String::new());
                    by_path.entry(path).or_default().push(Entry { id, written, outcome, taken, told });
                }
                Err(outcome) => {
                    let told = self.told(|| id_of(&taken.message), None);
                    self.conclude(taken, outcome, &told).await;
                }
            }
        }
        for (path, entries) in by_path {
            for Entry { taken, outcome, told, .. } in self.deliver_entries(path, entries).await {
                self.conclude(taken, outcome, &told).await;
            }
        }
    }

    /// Delivers entries of one route under the component's policy: those that failed again, and no other.
    async fn deliver_entries(&self, path: &str, entries: Vec<Entry>) -> Vec<Entry> {
        let guard = self.resiliency.delivery(&self.subscription.pubsub);
        let entries = Mutex::new(entries);
        let attempt = |number| {
            let (entries, guard) = (&entries, &guard);
            async move {
                let lock = || entries.lock().unwrap_or_else(PoisonError::into_inner);
                let is_left = |entry: &Entry| matches!(entry.outcome, Outcome::Failed(_));
                let begin = |(place, entry): (usize, &Entry)| (place, entry.told.attempt(number));
                let left = lock().iter().enumerate().filter(|(_, entry)| is_left(entry)).map(begin).collect::<Vec<_>>();
                let outcome = self.patiently(guard.timeout, || self.attempt(path, entries)).await;
                for (place, attempt) in left {
                    attempt.ended_in_batch(&lock()[place].outcome, &outcome);
                }
                outcome
            }
        };
        let result = guard.run(Run { target: None, end: &self.closing }, attempt).await;
        let mut entries = entries.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Err(why) = result {
            for entry in &mut entries {
                if matches!(&entry.outcome, Outcome::Failed(text) if text.is_empty()) {
                    entry.outcome = Outcome::Failed(why.clone());
                }
            }
        }
        entries
    }

    async fn attempt(&self, path: &str, entries: &Mutex<Vec<Entry>>) -> Result<(), Undelivered> {
        let Door::App(app) = &self.door else {
            let why = "a stream takes one message after the other";
            return Err(Undelivered::Failed(Failure::permanent(why.into())));
        };
        let (pubsub, topic) = (&self.subscription.pubsub, &self.subscription.topic);
        let lock = || entries.lock().unwrap_or_else(PoisonError::into_inner);
        let body = {
            let entries = lock();
            let left = entries.iter().filter(|entry| matches!(entry.outcome, Outcome::Failed(_)));
            let left: Vec<&str> = left.map(|entry| entry.written.as_str()).collect();
            let name = json::quoted(pubsub);
            format!(
                r#"{{"entries":[{}],"id":{},"metadata":{{"pubsubName":{name}}},"pubsubname":{name},"topic":{},"type":"com.dapr.event.sent.bulk"}}"#,
                left.join(","),
                json::quoted(&Uuid::new_v4().to_string()),
                json::quoted(topic),
            )
        };
        let reply = match app.deliver_bulk(path, pubsub, body.into()).await {
            Ok(reply) => reply,
            Err(AppError::NoRoom(why)) => return Err(Undelivered::NoHandle(why)),
            Err(AppError::Unwell) => return Err(Undelivered::Unwell),
            Err(error) => {
                let text = format!("error from app channel while sending pub/sub event to app: {error}");
                return Err(Undelivered::Failed(Failure::transient(text)));
            }
        };
        judge(&reply, topic, &mut lock()).map_err(Undelivered::Failed)
    }
}

/// An entry's id, and how it is written into the request.
fn written(parcel: &Parcel<'_>, taken: &Taken) -> (String, String) {
    let id = Uuid::new_v4().to_string();
    let (event, content_type) = match parcel.event.get("data_base64") {
        // What had no envelope has none here either.
        Some(data) if parcel.data != taken.message.data => (data.to_string(), "application/octet-stream"),
        _ => (String::from_utf8_lossy(&parcel.data).into_owned(), "application/cloudevents+json"),
    };
    let metadata: BTreeMap<&String, &String> = taken.message.metadata.iter().collect();
    let metadata: Vec<String> =
        metadata.into_iter().map(|(name, value)| format!("{}:{}", json::quoted(name), json::quoted(value))).collect();
    let written = format!(
        r#"{{"entryId":{},"event":{event},"metadata":{{{}}},"contentType":{}}}"#,
        json::quoted(&id),
        metadata.join(","),
        json::quoted(content_type)
    );
    (id, written)
}

/// Reads the app's answer: an entry without a status, or with one that Dapr does not know, has failed.
fn judge(reply: &AppReply, topic: &str, entries: &mut [Entry]) -> Result<(), Failure<String>> {
    let code = reply.status.as_u16();
    let left = entries.iter_mut().filter(|entry| matches!(entry.outcome, Outcome::Failed(_)));
    if code == 404 {
        tracing::error!(
            "Non-retriable error returned from app while processing bulk pub/sub event. status code returned: {code}"
        );
        left.for_each(|entry| entry.outcome = Outcome::Done);
        return Ok(());
    }
    if !reply.status.is_success() {
        let text = format!(
            "Retriable error returned from app while processing bulk pub/sub event, topic: {topic}. status code \
             returned: {code}"
        );
        tracing::warn!("{text}");
        left.for_each(|entry| entry.outcome = Outcome::Failed(text.clone()));
        return Err(Failure::status(code, text));
    }
    let answer: Option<Answer> = first_value(&reply.body).and_then(|first| json::from_slice(first).ok());
    let Some(answer) = answer else {
        let text = "failed unmarshalling app response for bulk subscribe: it is not {\"statuses\":[…]}".to_owned();
        left.for_each(|entry| entry.outcome = Outcome::Failed(text.clone()));
        return Err(Failure::transient(text));
    };
    let statuses: HashMap<&str, &str> =
        answer.statuses.iter().map(|status| (status.entry_id.as_str(), status.status.as_str())).collect();
    let mut failed = false;
    for entry in left {
        let id = entry.id.as_str();
        entry.outcome = match statuses.get(id).copied() {
            Some("SUCCESS") => Outcome::Done,
            Some("DROP") => {
                tracing::warn!("DROP status returned from app while processing pub/sub event {id}");
                Outcome::Dropped
            }
            Some("" | "RETRY") => {
                Outcome::Failed(format!("RETRY required while processing bulk subscribe event for entry id: {id}"))
            }
            Some(other) => Outcome::Failed(format!(
                "unknown status returned from app while processing bulk subscribe event {id}: {other}"
            )),
            None => Outcome::Failed(format!(
                "response not received, RETRY required while processing bulk subscribe event for entry id: {id}"
            )),
        };
        failed |= matches!(entry.outcome, Outcome::Failed(_));
    }
    match failed {
        true => Err(Failure::transient("few message(s) have failed during bulk subscribe operation".into())),
        false => Ok(()),
    }
}
