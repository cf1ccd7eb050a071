//! Pub/sub: publish, subscribe, deliver.

mod broker;
mod bulk;
mod dead_letter;
mod deliver;
mod door;
mod envelope;
mod judge;
mod publish;
mod report;
mod route;
mod scopes;
mod stream;
mod subscribe;
mod subscriptions;
mod trace;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app_channel::AppChannel;
use crate::hooks::Hooks;
use crate::resiliency::Resiliency;
use crate::resources::Subscription;
use subscriptions::Subscriptions;

pub(crate) use broker::{Broker, KINDS};
pub(crate) use publish::{BulkEntry, BulkRequest, PublishRequest};
pub(crate) use scopes::Scopes;
pub(crate) use stream::{Stream, StreamRequest};
pub(crate) use subscribe::parse as parse_subscriptions;
pub(crate) use trace::Trace;

/// How long messages that were accepted may still be delivered when the sidecar ends.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// A pub/sub component, as far as the app may use it.
pub(crate) struct Bus {
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) scopes: Scopes,
    /// What stands in front of every topic at the broker.
    pub(crate) prefix: String,
}

impl Bus {
    /// A topic's name at the broker.
    fn at_broker(&self, topic: &str) -> String {
        format!("{}{topic}", self.prefix)
    }
}

/// The pub/sub components and what is subscribed to them.
pub(crate) struct PubSub {
    app_id: String,
    app: Option<AppChannel>,
    buses: HashMap<String, Arc<Bus>>,
    subscriptions: Subscriptions,
    deliveries: Mutex<JoinSet<()>>,
    resiliency: Resiliency,
    /// What is being published.
    publishing: TaskTracker,
    /// Nothing is taken any more, and nothing is tried again.
    closing: CancellationToken,
    hooks: Hooks,
}

impl PubSub {
    pub(crate) fn new(
        app_id: String,
        app: Option<AppChannel>,
        buses: HashMap<String, Bus>,
        declarative: Vec<Subscription>,
        resiliency: Resiliency,
    ) -> Self {
        Self {
            app_id,
            app,
            buses: buses.into_iter().map(|(name, bus)| (name, Arc::new(bus))).collect(),
            subscriptions: Subscriptions::new(declarative),
            deliveries: Mutex::default(),
            resiliency,
            publishing: TaskTracker::new(),
            closing: CancellationToken::new(),
            hooks: Hooks::default(),
        }
    }

    /// The same, with somebody who is told.
    pub(crate) fn told(self, hooks: Hooks) -> Self {
        Self { hooks, ..self }
    }

    /// Whether there is anything to subscribe to.
    pub(crate) fn has_components(&self) -> bool {
        !self.buses.is_empty()
    }

    /// Runs something until it ends or the sidecar does.
    fn spawn(&self, delivery: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let mut deliveries = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
        while deliveries.try_join_next().is_some() {}
        deliveries.spawn(delivery)
    }

    /// Takes no more messages and delivers what it has, for a while, each of it once; what the app refuses goes to its
    /// dead letter topic all the same. The app may call its actors meanwhile.
    pub(crate) async fn close(&self) {
        self.closing.cancel();
        self.publishing.close();
        let drained = tokio::time::timeout(DRAIN_LIMIT, async {
            self.publishing.wait().await;
            // All at once: one that cannot deliver is in nobody's way. A dead letter goes to a topic of its component.
            join_all(self.buses.values().map(|bus| bus.broker.drained())).await;
        });
        if drained.await.is_err() {
            let (kept, lost) = self.undelivered();
            if lost > 0 {
                tracing::warn!("{lost} messages were still undelivered after {DRAIN_LIMIT:?}: they are lost");
            }
            if kept > 0 {
                tracing::info!("{kept} messages were still undelivered after {DRAIN_LIMIT:?}: they come again");
            }
        }
        self.abandon();
    }

    /// How many messages are not delivered: those that come again, and those that do not.
    fn undelivered(&self) -> (usize, usize) {
        let count = |keeps: bool| {
            let of = self.buses.values().filter(|bus| bus.broker.keeps() == keeps);
            of.map(|bus| bus.broker.undelivered()).sum()
        };
        (count(true), count(false))
    }

    /// Ends at once, with what is not delivered.
    pub(crate) fn abandon(&self) {
        self.closing.cancel();
        for bus in self.buses.values() {
            bus.broker.close();
        }
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use async_trait::async_trait;
    use tokio::sync::mpsc;

    use super::broker::{Behind, Message, NoRoom, Taken};
    use super::*;
    use crate::observation::Observation;
    use crate::resiliency::ResiliencySet;
    use crate::resources::subscription::Origin;

    pub(super) fn subscription(topic: &str, letters: &str) -> Subscription {
        Subscription {
            pubsub: "p".into(),
            topic: topic.into(),
            metadata: HashMap::new(),
            rules: Vec::new(),
            dead_letter_topic: letters.into(),
            scopes: Vec::new(),
            bulk: None,
            origin: Origin::Programmatic,
        }
    }

    /// Pub/sub of an app, with the component `p` in memory.
    pub(super) fn in_memory() -> PubSub {
        with(HashMap::from([("p".to_owned(), broker::in_memory())]))
    }

    fn with(brokers: HashMap<String, Arc<dyn Broker>>) -> PubSub {
        let policies = ResiliencySet::default().compile("app").expect("no policies");
        let resiliency = Resiliency::new("app".into(), Vec::new(), policies, Observation::default());
        let bus = |broker| Bus { broker, scopes: Scopes::protecting("protected"), prefix: String::new() };
        let buses = brokers.into_iter().map(|(name, broker)| (name, bus(broker))).collect();
        PubSub::new("app".into(), None, buses, Vec::new(), resiliency)
    }

    /// Has messages that nobody takes, and counts how often it was told to hand out no more.
    struct Stuck {
        keeps: bool,
        told: Arc<AtomicUsize>,
    }

    #[async_trait]
    impl Broker for Stuck {
        async fn publish(&self, _: &str, _: Message, _: NoRoom) -> Result<(), String> {
            Ok(())
        }

        async fn subscribe(&self, _: &str, _: Behind) -> Result<mpsc::Receiver<Taken>, String> {
            Err("stuck".into())
        }

        fn keeps(&self) -> bool {
            self.keeps
        }

        async fn drained(&self) {
            self.told.fetch_add(1, Relaxed);
            std::future::pending().await
        }

        fn undelivered(&self) -> usize {
            3
        }

        fn close(&self) {}
    }

    #[tokio::test(start_paused = true)]
    async fn every_component_is_drained_though_one_cannot_deliver_and_what_is_kept_is_not_lost() {
        let told = Arc::new(AtomicUsize::new(0));
        let stuck = |keeps| Arc::new(Stuck { keeps, told: Arc::clone(&told) }) as Arc<dyn Broker>;
        let brokers = [("a", true), ("b", false), ("c", true)].map(|(name, keeps)| (name.to_owned(), stuck(keeps)));
        let pubsub = with(HashMap::from(brokers));
        pubsub.close().await;
        assert_eq!(told.load(Relaxed), 3);
        assert_eq!(pubsub.undelivered(), (6, 3));
    }
}
