//! Delivering the messages of one subscription.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use http::HeaderMap;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::broker::{Message, NoRoom, Taken};
use super::door::{Door, Undelivered};
use super::envelope::{self, Event};
use super::judge::Outcome;
use super::report::{self, Told};
use super::route::Routes;
use super::{Bus, trace};
use crate::app_channel::{UNWELL, forwarded};
use crate::hooks::Hooks;
use crate::observation::{DeliveryEnd, RetryTarget};
use crate::resiliency::{Failure, Resiliency, Run, limited};
use crate::resources::Subscription;

/// How long until a message for which no file handle was left is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// Delivers what comes over the bus for one subscription.
pub(super) struct Delivery {
    pub(super) door: Door,
    pub(super) bus: Arc<Bus>,
    pub(super) subscription: Subscription,
    pub(super) routes: Routes,
    pub(super) resiliency: Resiliency,
    /// Cancelled when the subscription ends: what was taken for it is still delivered.
    pub(super) end: CancellationToken,
    /// Cancelled when the sidecar ends: nothing is tried again from then on.
    pub(super) closing: CancellationToken,
    pub(super) hooks: Hooks,
}

/// A message on its way to one of the app's routes.
pub(super) struct Parcel<'a> {
    pub(super) path: &'a str,
    pub(super) headers: HeaderMap,
    pub(super) event: Event,
    /// The event as it is written.
    pub(super) data: Bytes,
    /// The event's own.
    pub(super) id: String,
    pub(super) topic: String,
}

impl Delivery {
    /// Runs until the topic is closed and what was in it is delivered.
    pub(super) async fn run(self, messages: mpsc::Receiver<Taken>) {
        let messages = until(messages, self.end.clone());
        match self.subscription.bulk {
            Some(bulk) => self.run_in_bulk(bulk, messages).await,
            None => {
                messages.for_each_concurrent(self.bus.broker.at_once(), |taken| self.one(taken)).await;
            }
        }
    }

    async fn one(&self, taken: Taken) {
        let (outcome, told) = match self.address(&taken.message) {
            Ok(parcel) => {
                let told = self.told(|| parcel.id.clone(), Some(&parcel));
                (self.deliver(&parcel, &told).await, told)
            }
            Err(outcome) => (outcome, self.told(|| id_of(&taken.message), None)),
        };
        self.conclude(taken, outcome, &told).await;
    }

    /// Does what is left to do with a message: it goes to the dead letters unless the app has it, and its broker is
    /// told. One that the end of the sidecar or of a stream was in the way of stays where a broker can keep it.
    pub(super) async fn conclude(&self, taken: Taken, outcome: Outcome, told: &Told) {
        if let Outcome::Failed(error) = &outcome {
            if self.bus.broker.keeps() && (self.closing.is_cancelled() || self.door.is_gone()) {
                told.concluded(|| DeliveryEnd::Kept);
                return;
            }
            tracing::error!("{error}");
        }
        told.concluded(|| report::end(&outcome));
        if outcome != Outcome::Done
            && !self.subscription.dead_letter_topic.is_empty()
            && !self.bury(taken.message.clone(), told).await
        {
            return;
        }
        taken.settle().await;
    }

    /// Hands a message on to the dead letter topic; waits for room there, since nobody is left to be told. Whether the
    /// broker took it.
    pub(super) async fn bury(&self, message: Message, told: &Told) -> bool {
        let letters = &self.subscription.dead_letter_topic;
        let buried = self.bus.broker.publish(&self.bus.at_broker(letters), message, NoRoom::Wait).await;
        told.buried(letters, &buried);
        if let Err(error) = &buried {
            tracing::error!(
                "error sending message to dead letter, origin topic: {} dead letter topic {letters} err: {error}",
                self.subscription.topic
            );
        }
        buried.is_ok()
    }

    /// Finds out where a message goes.
    pub(super) fn address(&self, message: &Message) -> Result<Parcel<'_>, Outcome> {
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
        if let Some(parent) = trace::parent_of(&event) {
            headers.insert("traceparent", parent);
        }
        let topic = event_text(&event, "topic");
        Ok(Parcel { path, headers, event, data, id, topic })
    }

    /// One attempt to deliver, within its time. That no file handle is left for it, or that the app is not well, is no
    /// failure of the app, which was not asked, and counts for no policy: it is waited for, so that nothing is lost. At the
    /// end of the sidecar it is given up, and for an app that is not well where a broker keeps the message: it comes again.
    pub(super) async fn patiently<T, Fut>(
        &self,
        timeout: Option<Duration>,
        once: impl Fn() -> Fut,
    ) -> Result<T, Failure<String>>
    where
        Fut: Future<Output = Result<T, Undelivered>>,
    {
        let topic = &self.subscription.topic;
        let mut told = false;
        loop {
            let attempt = async {
                match once().await {
                    Ok(done) => Ok(Ok(done)),
                    Err(Undelivered::Failed(failure)) => Err(failure),
                    Err(waits) => Ok(Err(waits)),
                }
            };
            match limited(timeout, attempt).await? {
                Ok(done) => return Ok(done),
                Err(Undelivered::Failed(failure)) => return Err(failure),
                Err(Undelivered::Unwell) if self.bus.broker.keeps() => return Err(Failure::permanent(UNWELL.into())),
                Err(Undelivered::Unwell) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::info!("the messages to topic {topic} wait until the app is well");
                    }
                    tokio::select! {
                        () = self.closing.cancelled() => return Err(Failure::permanent(UNWELL.into())),
                        () = self.door.well() => {}
                    }
                }
                Err(Undelivered::NoHandle(why)) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(
                            "a message to topic {topic} waits until there is a file handle for it (ulimit -n): {why}"
                        );
                    }
                    tokio::select! {
                        () = self.closing.cancelled() => return Err(Failure::permanent(why)),
                        () = tokio::time::sleep(PAUSE) => {}
                    }
                }
            }
        }
    }

    /// Delivers a message under the pub/sub component's policy.
    async fn deliver(&self, parcel: &Parcel<'_>, told: &Told) -> Outcome {
        let Subscription { pubsub, topic, .. } = &self.subscription;
        let guard = self.resiliency.delivery(pubsub);
        let target = guard.is_observed().then(|| RetryTarget::Delivery {
            component: pubsub.clone(),
            topic: topic.clone(),
            event_id: parcel.id.clone(),
        });
        let attempt = |number| {
            let attempt = told.attempt(number);
            let delivered = self.patiently(guard.timeout, || self.door.deliver(parcel, &self.subscription));
            async {
                let outcome = delivered.await;
                attempt.ended(&outcome);
                outcome
            }
        };
        let outcome = guard.run(Run { target, end: &self.closing }, attempt).await;
        outcome.unwrap_or_else(Outcome::Failed)
    }
}

/// What a subscription receives, until it ends: then no more comes, and what is there already is the last.
fn until(messages: mpsc::Receiver<Taken>, end: CancellationToken) -> BoxStream<'static, Taken> {
    let next = async |(mut messages, end): (mpsc::Receiver<Taken>, CancellationToken)| {
        if !messages.is_closed() {
            let ended = tokio::select! {
                taken = messages.recv() => Err(taken),
                () = end.cancelled() => Ok(()),
            };
            match ended {
                Err(taken) => return taken.map(|taken| (taken, (messages, end))),
                Ok(()) => messages.close(),
            }
        }
        messages.recv().await.map(|taken| (taken, (messages, end)))
    };
    stream::unfold((messages, end), next).boxed()
}

/// The id of an event that has no way: as far as it can be read.
pub(super) fn id_of(message: &Message) -> String {
    serde_json::from_slice::<Event>(&message.data).map_or_else(|_| String::new(), |event| event_text(&event, "id"))
}

pub(super) fn event_text(event: &Event, name: &str) -> String {
    match event.get(name) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "<nil>".into(),
    }
}
