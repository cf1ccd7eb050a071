//! Delivering the messages of one subscription, one at a time.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::broker::{Broker, Message, NoRoom, Taken};
use super::envelope::{self, Event};
use super::route::Routes;
use crate::app_channel::{AppChannel, AppReply, forwarded};
use crate::json;
use crate::resiliency::{Failure, Resiliency, RetryTarget, Run, limited};
use crate::resources::Subscription;

/// Delivers what comes over the bus for one subscription.
pub(super) struct Delivery {
    pub(super) app: AppChannel,
    pub(super) broker: Arc<dyn Broker>,
    pub(super) subscription: Subscription,
    pub(super) routes: Routes,
    pub(super) resiliency: Resiliency,
    /// Cancelled when the sidecar ends: nothing is tried again from then on.
    pub(super) closing: CancellationToken,
}

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The app has it.
    Done,
    /// Nobody wants it.
    Dropped,
    /// It was given up.
    Failed(String),
}

/// A message on its way to one of the app's routes.
struct Parcel<'a> {
    path: &'a str,
    headers: HeaderMap,
    data: Bytes,
    /// The event's own.
    id: String,
    topic: String,
}

impl Delivery {
    /// Runs until the topic is closed and what was in it is delivered.
    pub(super) async fn run(self, mut messages: mpsc::Receiver<Taken>) {
        while let Some(taken) = messages.recv().await {
            let outcome = match self.address(&taken.message) {
                Ok(parcel) => self.deliver(&parcel).await,
                Err(outcome) => outcome,
            };
            if let Outcome::Failed(error) = &outcome {
                tracing::error!("{error}");
            }
            if outcome != Outcome::Done && !self.subscription.dead_letter_topic.is_empty() {
                self.bury(taken.message.clone()).await;
            }
        }
    }

    /// Hands a message on to the dead letter topic; waits for room there, since nobody is left to be told.
    async fn bury(&self, message: Message) {
        let topic = &self.subscription.dead_letter_topic;
        if let Err(error) = self.broker.publish(topic, message, NoRoom::Wait).await {
            tracing::error!("a message of {} is lost: dead letter topic {topic}: {error}", self.subscription.topic);
        }
    }

    /// Finds out where a message goes.
    fn address(&self, message: &Message) -> Result<Parcel<'_>, Outcome> {
        let Subscription { pubsub, topic, .. } = &self.subscription;
        let raw = envelope::is_raw(&self.subscription.metadata)
            .map_err(|error| Outcome::Failed(format!("error deserializing pubsub metadata: {error:?}")))?;
        let (event, data) = if raw {
            let (event, data) = envelope::wrap_raw(pubsub, topic, &message.data);
            (event, data.into())
        } else {
            let event = serde_json::from_slice::<Event>(&message.data).map_err(|error| {
                Outcome::Failed(format!(
                    "error deserializing cloud event in pubsub {pubsub} and topic {topic}: {error}"
                ))
            })?;
            (event, message.data.clone())
        };
        let id = event_text(&event, "id");
        if envelope::has_expired(&event) {
            let expiration = event_text(&event, "expiration");
            tracing::warn!("dropping expired pub/sub event {id} as of {expiration}");
            return Err(Outcome::Dropped);
        }
        let path = match self.routes.find(&event) {
            Ok(Some(path)) => path,
            Ok(None) => {
                tracing::debug!("no matching route for event {id} in pubsub {pubsub} and topic {topic}; skipping");
                return Err(Outcome::Dropped);
            }
            Err(error) => {
                return Err(Outcome::Failed(format!(
                    "error finding matching route for event {id} in pubsub {pubsub} and topic {topic}: {error}"
                )));
            }
        };
        let metadata = message.metadata.iter();
        let mut headers = forwarded(metadata.map(|(name, value)| (name.as_str(), value.as_bytes())));
        if let Ok(name) = pubsub.parse() {
            headers.insert("pubsubname", name);
        }
        let topic = event_text(&event, "topic");
        Ok(Parcel { path, headers, data, id, topic })
    }

    /// Delivers a message under the pub/sub component's policy.
    async fn deliver(&self, parcel: &Parcel<'_>) -> Outcome {
        let Subscription { pubsub, topic, .. } = &self.subscription;
        let guard = self.resiliency.delivery(pubsub);
        let target = guard.is_observed().then(|| RetryTarget::Delivery {
            component: pubsub.clone(),
            topic: topic.clone(),
            event_id: parcel.id.clone(),
        });
        let attempt = || limited(guard.timeout, self.attempt(parcel));
        let outcome = guard.run(Run { target, end: &self.closing }, attempt).await;
        outcome.unwrap_or_else(Outcome::Failed)
    }

    async fn attempt(&self, parcel: &Parcel<'_>) -> Result<Outcome, Failure<String>> {
        let answered = self.app.deliver(parcel.path, parcel.headers.clone(), parcel.data.clone()).await;
        let (cause, outcome) = match answered {
            Ok(reply) => judge(&reply, parcel),
            Err(error) => {
                let text = "error returned from app channel while sending pub/sub event to app";
                let text = format!("{text}: retriable error occurred: {error}");
                (error.to_string(), Err(Failure::transient(text)))
            }
        };
        if outcome.is_err() {
            tracing::warn!(
                "encountered a retriable error while publishing a subscribed message to topic {}, err: {cause}",
                self.subscription.topic
            );
        }
        outcome
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    status: String,
}

/// Reads the app's answer as Dapr does: a body that is not `{"status": text}` counts for nothing,
/// and a status that Dapr does not know is a failure. With a failure comes its cause, which Dapr
/// logs apart.
fn judge(reply: &AppReply, parcel: &Parcel<'_>) -> (String, Result<Outcome, Failure<String>>) {
    let Parcel { id, topic, .. } = parcel;
    let body = reply.text();
    let code = reply.status.as_u16();
    let no_cause = || "<nil>".to_owned();
    if reply.status.is_success() {
        // What follows the first value is not looked at.
        let first = serde_json::Deserializer::from_slice(&reply.body).into_iter::<&RawValue>().next();
        let answer: Option<Answer> =
            first.and_then(Result::ok).and_then(|first| json::from_slice(first.get().as_bytes()).ok());
        let status = answer.unwrap_or_default().status;
        let outcome = match status.as_str() {
            "" | "SUCCESS" => Ok(Outcome::Done),
            "RETRY" => Err(Failure::transient(format!(
                "RETRY status returned from app while processing pub/sub event {id}: retriable error occurred"
            ))),
            "DROP" => {
                tracing::warn!("DROP status returned from app while processing pub/sub event {id}");
                Ok(Outcome::Dropped)
            }
            other => Err(Failure::transient(format!(
                "unknown status returned from app while processing pub/sub event {id}, status: {other}, err: \
                 retriable error occurred"
            ))),
        };
        return (no_cause(), outcome);
    }
    if code == 404 {
        tracing::error!(
            "non-retriable error returned from app while processing pub/sub event {id}: {body}. status code \
             returned: {code}"
        );
        return (no_cause(), Ok(Outcome::Dropped));
    }
    let text = format!(
        "retriable error returned from app while processing pub/sub event {id}, topic: {topic}, body: {body}. status \
         code returned: {code}"
    );
    tracing::warn!("{text}");
    let failure = Failure::status(code, format!("retriable error occurred: {text}"));
    (text, Err(failure))
}

fn event_text(event: &Event, name: &str) -> String {
    match event.get(name) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "<nil>".into(),
    }
}
