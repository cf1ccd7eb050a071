//! Delivering the messages of one subscription, one at a time.

use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::mpsc;

use super::envelope::{self, Event};
use super::route::Routes;
use super::{Bus, Message};
use crate::app_channel::{AppChannel, AppReply, forwarded};
use crate::resources::Subscription;

/// Delivers what comes over the bus for one subscription.
pub(super) struct Delivery {
    pub(super) app: AppChannel,
    pub(super) bus: Arc<Bus>,
    pub(super) subscription: Subscription,
    pub(super) routes: Routes,
}

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The app has it.
    Done,
    /// Nobody wants it.
    Dropped,
    /// It could be tried again; without a resiliency policy it is not.
    Failed(String),
}

impl Delivery {
    /// Runs until the topic is closed and what was in it is delivered.
    pub(super) async fn run(self, mut messages: mpsc::UnboundedReceiver<Message>) {
        while let Some(message) = messages.recv().await {
            let outcome = self.deliver(&message).await;
            if let Outcome::Failed(error) = &outcome {
                tracing::error!("{error}");
            }
            if outcome != Outcome::Done && !self.subscription.dead_letter_topic.is_empty() {
                self.bus.publish(&self.subscription.dead_letter_topic, message);
            }
        }
    }

    async fn deliver(&self, message: &Message) -> Outcome {
        let Subscription { pubsub, topic, .. } = &self.subscription;
        let raw = match envelope::is_raw(&self.subscription.metadata) {
            Ok(raw) => raw,
            Err(error) => {
                return Outcome::Failed(format!("error deserializing pubsub metadata: {error:?}"));
            }
        };
        let (event, data) = if raw {
            let event = envelope::wrap_raw(pubsub, topic, &message.data);
            let data = envelope::encode(event.clone()).into();
            (event, data)
        } else {
            match serde_json::from_slice::<Event>(&message.data) {
                Ok(event) => (event, message.data.clone()),
                Err(error) => {
                    return Outcome::Failed(format!(
                        "error deserializing cloud event in pubsub {pubsub} and topic {topic}: \
                         {error}"
                    ));
                }
            }
        };
        let id = event_text(&event, "id");
        if envelope::has_expired(&event) {
            let expiration = event_text(&event, "expiration");
            tracing::warn!("dropping expired pub/sub event {id} as of {expiration}");
            return Outcome::Dropped;
        }
        let path = match self.routes.find(&event) {
            Ok(Some(path)) => path,
            Ok(None) => {
                tracing::debug!(
                    "no matching route for event {id} in pubsub {pubsub} and topic {topic}; \
                     skipping"
                );
                return Outcome::Dropped;
            }
            Err(error) => {
                return Outcome::Failed(format!(
                    "error finding matching route for event {id} in pubsub {pubsub} and topic \
                     {topic}: {error}"
                ));
            }
        };
        let metadata = message.metadata.iter();
        let mut headers = forwarded(metadata.map(|(name, value)| (name.as_str(), value.as_bytes())));
        if let Ok(name) = pubsub.parse() {
            headers.insert("pubsubname", name);
        }
        match self.app.deliver(path, headers, data).await {
            Ok(reply) => judge(&reply, &id, &event_text(&event, "topic")),
            Err(error) => {
                Outcome::Failed(format!("error returned from app channel while sending pub/sub event to app: {error}"))
            }
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    // Go matches names without regard to case; these are the spellings in use.
    #[serde(default, alias = "Status", alias = "STATUS")]
    status: String,
}

/// Reads the app's answer as Dapr does: a body that is not `{"status": text}` counts for nothing,
/// and a status that Dapr does not know is a failure.
fn judge(reply: &AppReply, id: &str, topic: &str) -> Outcome {
    let body = String::from_utf8_lossy(&reply.body);
    let code = reply.status.as_u16();
    if reply.status.is_success() {
        let mut values = serde_json::Deserializer::from_slice(&reply.body).into_iter::<Answer>();
        let status = match values.next() {
            Some(Ok(answer)) => answer.status,
            Some(Err(_)) | None => String::new(),
        };
        return match status.as_str() {
            "" | "SUCCESS" => Outcome::Done,
            "RETRY" => Outcome::Failed(format!(
                "RETRY status returned from app while processing pub/sub event {id}: retriable \
                 error occurred"
            )),
            "DROP" => {
                tracing::warn!("DROP status returned from app while processing pub/sub event {id}");
                Outcome::Dropped
            }
            other => Outcome::Failed(format!(
                "unknown status returned from app while processing pub/sub event {id}, status: \
                 {other}, err: retriable error occurred"
            )),
        };
    }
    if code == 404 {
        tracing::error!(
            "non-retriable error returned from app while processing pub/sub event {id}: {body}. \
             status code returned: {code}"
        );
        return Outcome::Dropped;
    }
    Outcome::Failed(format!(
        "retriable error returned from app while processing pub/sub event {id}, topic: {topic}, \
         body: {body}. status code returned: {code}"
    ))
}

fn event_text(event: &Event, name: &str) -> String {
    match event.get(name) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "<nil>".into(),
    }
}
