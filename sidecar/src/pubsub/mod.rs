//! Pub/sub: publish, subscribe, deliver.

mod broker;
mod dead_letter;
mod deliver;
mod envelope;
mod route;
mod subscribe;
mod trace;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app_channel::AppChannel;
use crate::error::ApiError;
use crate::resiliency::Resiliency;
use crate::resources::Subscription;
use deliver::Delivery;
use envelope::{EnvelopeError, Publication};
use route::Routes;

pub(crate) use broker::{Broker, KINDS};
use broker::{Message, NoRoom};
pub(crate) use subscribe::parse as parse_subscriptions;
pub(crate) use trace::Trace;

/// How long messages that were accepted may still be delivered when the sidecar ends.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// What a caller of an API wants published.
#[derive(Default)]
pub(crate) struct PublishRequest<'a> {
    pub(crate) pubsub: &'a str,
    pub(crate) topic: &'a str,
    pub(crate) data: &'a [u8],
    pub(crate) content_type: &'a str,
    pub(crate) metadata: HashMap<String, String>,
    pub(crate) trace: Trace,
}

/// The pub/sub components and what is subscribed to them.
pub(crate) struct PubSub {
    app_id: String,
    app: Option<AppChannel>,
    brokers: HashMap<String, Arc<dyn Broker>>,
    subscriptions: Mutex<Vec<Subscription>>,
    deliveries: Mutex<JoinSet<()>>,
    resiliency: Resiliency,
    /// What is being published.
    publishing: TaskTracker,
    /// Nothing is taken any more, and nothing is tried again.
    closing: CancellationToken,
}

impl PubSub {
    pub(crate) fn new(
        app_id: String,
        app: Option<AppChannel>,
        brokers: HashMap<String, Arc<dyn Broker>>,
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
            brokers,
            subscriptions: Mutex::new(subscriptions),
            deliveries: Mutex::default(),
            resiliency,
            publishing: TaskTracker::new(),
            closing: CancellationToken::new(),
        }
    }

    /// Whether there is anything to subscribe to.
    pub(crate) fn has_components(&self) -> bool {
        !self.brokers.is_empty()
    }

    /// What is subscribed, whether or not its pub/sub component exists.
    pub(crate) fn subscriptions(&self) -> Vec<Subscription> {
        self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Publishes a message. `Ok` means that the component has it, not that anyone received it.
    pub(crate) async fn publish(&self, request: PublishRequest<'_>) -> Result<(), ApiError> {
        let PublishRequest { pubsub, topic, data, content_type, metadata, trace } = request;
        if pubsub.is_empty() {
            return Err(ApiError::pubsub_name_empty());
        }
        let broker = self.brokers.get(pubsub).ok_or_else(|| ApiError::pubsub_not_found(pubsub))?;
        if topic.is_empty() {
            return Err(ApiError::topic_empty(pubsub));
        }
        // Taken first and looked at then: what is let in here is waited for by `close`.
        let _publishing = self.publishing.token();
        if self.closing.is_cancelled() {
            return Err(ApiError::publish_closed(pubsub, topic));
        }
        let source = self.app_id.as_str();
        let publication = Publication { source, pubsub, topic, data, content_type, metadata: &metadata, trace: &trace };
        let envelope = envelope::wrap(&publication).map_err(|error| match error {
            EnvelopeError::Metadata(why) => ApiError::publish_metadata(why),
            EnvelopeError::CloudEvent(why) => ApiError::cloud_event(why),
        })?;
        let message = Message { data: envelope.into(), metadata };
        let published = broker.publish(topic, message, NoRoom::Refuse).await;
        published.map_err(|why| ApiError::publish_failed(pubsub, topic, why))
    }

    /// Adds what the app asked for and begins to deliver.
    pub(crate) fn start(&self, programmatic: Vec<Subscription>) {
        let subscriptions = {
            let mut subscriptions = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
            for subscription in programmatic {
                replace(&mut subscriptions, subscription, true);
            }
            dead_letter::break_circles(&mut subscriptions);
            subscriptions.clone()
        };
        let Some(app) = &self.app else { return };
        for subscription in subscriptions {
            self.begin(app.clone(), subscription);
        }
    }

    fn begin(&self, app: AppChannel, subscription: Subscription) {
        let Subscription { pubsub, topic, .. } = &subscription;
        let Some(broker) = self.brokers.get(pubsub) else {
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
        let messages = broker.subscribe(topic);
        let delivery = Delivery {
            app,
            broker: Arc::clone(broker),
            subscription,
            routes,
            resiliency: self.resiliency.clone(),
            closing: self.closing.clone(),
        };
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).spawn(delivery.run(messages));
    }

    /// Takes no more messages and delivers what it has, for a while, each of it once; what the app refuses goes to its
    /// dead letter topic all the same. The app may call its actors meanwhile.
    pub(crate) async fn close(&self) {
        self.closing.cancel();
        self.publishing.close();
        let drained = tokio::time::timeout(DRAIN_LIMIT, async {
            self.publishing.wait().await;
            // A dead letter goes to a topic of the same component.
            for broker in self.brokers.values() {
                broker.drained().await;
            }
        });
        if drained.await.is_err() {
            let lost: usize = self.brokers.values().map(|broker| broker.undelivered()).sum();
            tracing::warn!("{lost} messages were still undelivered after {DRAIN_LIMIT:?}: they are lost");
        }
        self.abandon();
    }

    /// Ends at once, with what is not delivered.
    pub(crate) fn abandon(&self) {
        self.closing.cancel();
        for broker in self.brokers.values() {
            broker.close();
        }
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
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
