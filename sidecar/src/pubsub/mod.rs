//! Pub/sub in memory: publish, subscribe, deliver.

mod deliver;
mod envelope;
mod route;
mod subscribe;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::api::error::ApiError;
use crate::app_channel::AppChannel;
use crate::resiliency::Resiliency;
use crate::resources::Subscription;
use deliver::Delivery;
use envelope::{EnvelopeError, Publication};
use route::Routes;

pub(crate) use envelope::go_json;
pub(crate) use route::check_expression;
pub(crate) use subscribe::parse as parse_subscriptions;

/// How long messages that were accepted may still be delivered when the sidecar ends.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// One message on a bus.
#[derive(Debug, Clone)]
struct Message {
    data: Bytes,
    metadata: HashMap<String, String>,
}

/// `pubsub.in-memory`: hands messages to whoever subscribes now, and forgets the others.
#[derive(Debug, Default)]
struct Bus {
    topics: Mutex<HashMap<String, mpsc::UnboundedSender<Message>>>,
}

impl Bus {
    fn publish(&self, topic: &str, message: Message) {
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = topics.get(topic) {
            // The other end is gone only while the sidecar ends.
            let _ = queue.send(message);
        }
    }

    fn subscribe(&self, topic: &str) -> mpsc::UnboundedReceiver<Message> {
        let (queue, messages) = mpsc::unbounded_channel();
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        topics.insert(topic.to_owned(), queue);
        messages
    }

    fn close(&self) {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        topics.clear();
    }
}

/// The pub/sub components and what is subscribed to them.
pub(crate) struct PubSub {
    app_id: String,
    app: Option<AppChannel>,
    buses: HashMap<String, Arc<Bus>>,
    subscriptions: Mutex<Vec<Subscription>>,
    deliveries: Mutex<JoinSet<()>>,
    resiliency: Resiliency,
    /// Nothing is tried again.
    closing: CancellationToken,
}

impl PubSub {
    pub(crate) fn new(
        app_id: String,
        app: Option<AppChannel>,
        components: impl IntoIterator<Item = String>,
        declarative: Vec<Subscription>,
        resiliency: Resiliency,
    ) -> Self {
        let mut subscriptions = Vec::new();
        for subscription in declarative {
            replace(&mut subscriptions, subscription, false);
        }
        Self {
            app_id,
            app,
            buses: components.into_iter().map(|name| (name, Arc::default())).collect(),
            subscriptions: Mutex::new(subscriptions),
            deliveries: Mutex::default(),
            resiliency,
            closing: CancellationToken::new(),
        }
    }

    /// Whether there is anything to subscribe to.
    pub(crate) fn has_components(&self) -> bool {
        !self.buses.is_empty()
    }

    /// What is subscribed, whether or not its pub/sub component exists.
    pub(crate) fn subscriptions(&self) -> Vec<Subscription> {
        self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Publishes a message. `Ok` means that the component has it, not that anyone received it.
    pub(crate) fn publish(
        &self,
        pubsub: &str,
        topic: &str,
        data: &[u8],
        content_type: &str,
        metadata: HashMap<String, String>,
    ) -> Result<(), ApiError> {
        if pubsub.is_empty() {
            return Err(ApiError::pubsub_name_empty());
        }
        let bus = self.buses.get(pubsub).ok_or_else(|| ApiError::pubsub_not_found(pubsub))?;
        if topic.is_empty() {
            return Err(ApiError::topic_empty(pubsub));
        }
        let envelope = envelope::wrap(&Publication {
            source: &self.app_id,
            pubsub,
            topic,
            data,
            content_type,
            metadata: &metadata,
        })
        .map_err(|error| match error {
            EnvelopeError::Metadata(why) => ApiError::publish_metadata(why),
            EnvelopeError::CloudEvent(why) => ApiError::cloud_event(why),
        })?;
        bus.publish(topic, Message { data: envelope.into(), metadata });
        Ok(())
    }

    /// Adds what the app asked for and begins to deliver.
    pub(crate) fn start(&self, programmatic: Vec<Subscription>) {
        let subscriptions = {
            let mut subscriptions = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
            for subscription in programmatic {
                replace(&mut subscriptions, subscription, true);
            }
            subscriptions.clone()
        };
        let Some(app) = &self.app else { return };
        for subscription in subscriptions {
            self.begin(app.clone(), subscription);
        }
    }

    fn begin(&self, app: AppChannel, subscription: Subscription) {
        let Subscription { pubsub, topic, .. } = &subscription;
        let Some(bus) = self.buses.get(pubsub) else {
            tracing::error!(
                "error getting pubsub component {pubsub} for the subscription to topic {topic}: \
                 there is no such component"
            );
            return;
        };
        let routes = match Routes::compile(&subscription.rules) {
            Ok(routes) => routes,
            Err(error) => {
                tracing::error!("the subscription to topic {topic} is left out: rule {error}");
                return;
            }
        };
        tracing::info!("app is subscribed to the following topics: [[{topic}]] through pubsub={pubsub}");
        let messages = bus.subscribe(topic);
        let delivery = Delivery {
            app,
            bus: Arc::clone(bus),
            subscription,
            routes,
            resiliency: self.resiliency.clone(),
            closing: self.closing.clone(),
        };
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).spawn(delivery.run(messages));
    }

    /// Takes no more messages and delivers what it has, for a while, each of it once.
    pub(crate) async fn close(&self) {
        self.closing.cancel();
        for bus in self.buses.values() {
            bus.close();
        }
        let mut deliveries = std::mem::take(&mut *self.deliveries.lock().unwrap_or_else(PoisonError::into_inner));
        let drained = tokio::time::timeout(DRAIN_LIMIT, async { while deliveries.join_next().await.is_some() {} });
        if drained.await.is_err() {
            tracing::warn!("messages were still undelivered after {DRAIN_LIMIT:?}: they are lost");
        }
    }
}

/// There is one subscription for a topic: a later one replaces the earlier or is left out.
fn replace(subscriptions: &mut Vec<Subscription>, new: Subscription, replaces: bool) {
    let same = |old: &Subscription| old.pubsub == new.pubsub && old.topic == new.topic;
    match subscriptions.iter().position(same) {
        None => subscriptions.push(new),
        Some(index) if replaces => subscriptions[index] = new,
        Some(_) => tracing::warn!("two subscriptions to topic {} of {}: the first one is used", new.topic, new.pubsub),
    }
}
