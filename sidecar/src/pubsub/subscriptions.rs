//! What is subscribed: by files, by the app, by streams; and the deliveries that this comes to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::broker::Behind;
use super::deliver::Delivery;
use super::door::Door;
use super::route::Routes;
use super::{Bus, PubSub, dead_letter};
use crate::resources::Subscription;

/// How long until a broker that does not take a subscription is asked again, at first and at most.
const ASK_AGAIN: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));

/// Every subscription that there is.
pub(super) struct Subscriptions {
    known: Mutex<Known>,
    /// Held while deliveries are begun and ended: one change after the other.
    changing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    /// Of the resource files.
    declarative: Vec<Subscription>,
    /// Of the app's answer; `None` until it is known, and nothing is delivered before.
    programmatic: Option<Vec<Subscription>>,
    /// Of callers that are connected now, each with a number of its own.
    streaming: Vec<(u64, Subscription)>,
    next_stream: u64,
    /// Nothing is delivered to the app for a while.
    paused: bool,
    /// What is to be delivered to the app: no circle is in it, streams included.
    wanted: Vec<Subscription>,
    /// What is delivered to the app, each with what ends it.
    running: Vec<(Subscription, CancellationToken)>,
}

impl Subscriptions {
    pub(super) fn new(declarative: Vec<Subscription>) -> Self {
        tell_of_doubles(&declarative);
        let known = Known { declarative, ..Known::default() };
        Self { known: Mutex::new(known), changing: tokio::sync::Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a stream down; it is to be forgotten by its number. `None` when its dead letters would come back to it by
    /// way of what is subscribed already.
    pub(super) fn add_stream(
        &self,
        subscription: Subscription,
        takes: impl Fn(&str, &str, &str) -> bool,
    ) -> Option<u64> {
        let mut known = self.lock();
        let streaming = known.streaming.iter().map(|(_, subscription)| subscription);
        let others = known.wanted.iter().chain(streaming);
        let all: Vec<Subscription> = std::iter::once(&subscription).chain(others).cloned().collect();
        if dead_letter::closes_circle(&all, 0, takes) {
            return None;
        }
        known.next_stream += 1;
        let number = known.next_stream;
        known.streaming.push((number, subscription));
        Some(number)
    }

    pub(super) fn forget_stream(&self, number: u64) {
        self.lock().streaming.retain(|(other, _)| *other != number);
    }
}

impl Known {
    /// What the app is subscribed to: there is one subscription for a topic.
    fn of_the_app(&self) -> Vec<Subscription> {
        let mut subscriptions = Vec::new();
        for subscription in &self.declarative {
            replace(&mut subscriptions, subscription, false);
        }
        for subscription in self.programmatic.iter().flatten() {
            replace(&mut subscriptions, subscription, true);
        }
        subscriptions
    }
}

impl PubSub {
    /// What is subscribed, whether or not its pub/sub component exists.
    pub(crate) fn subscriptions(&self) -> Vec<Subscription> {
        let known = self.subscriptions.lock();
        let streaming = known.streaming.iter().map(|(_, subscription)| subscription.clone());
        known.of_the_app().into_iter().chain(streaming).collect()
    }

    /// Adds what the app asked for and begins to deliver.
    pub(crate) async fn start(&self, programmatic: Vec<Subscription>) {
        self.subscriptions.lock().programmatic = Some(programmatic);
        self.reconcile().await;
    }

    /// Puts other subscriptions in the place of those of the resource files. What is the same goes on as it is.
    pub(crate) async fn declare(&self, declarative: Vec<Subscription>) {
        tell_of_doubles(&declarative);
        self.subscriptions.lock().declarative = declarative;
        self.reconcile().await;
    }

    /// Delivers nothing to the app, which is not well, until [`PubSub::resume`]; streams go on.
    pub(crate) async fn pause(&self) {
        self.subscriptions.lock().paused = true;
        self.reconcile().await;
    }

    /// Delivers to the app again.
    pub(crate) async fn resume(&self) {
        self.subscriptions.lock().paused = false;
        self.reconcile().await;
    }

    /// Has those deliveries run that there should be.
    async fn reconcile(&self) {
        let _one_after_the_other = self.subscriptions.changing.lock().await;
        let Some(app) = &self.app else { return };
        let new = {
            let mut known = self.subscriptions.lock();
            if known.programmatic.is_none() {
                return;
            }
            let mut wanted = self.wanted(&mut known);
            if known.paused {
                // A broker that keeps nothing would forget what is published meanwhile: that waits for the app.
                wanted.retain(|wanted| self.buses.get(&wanted.pubsub).is_some_and(|bus| !bus.broker.keeps()));
            }
            known.running.retain(|(running, end)| {
                let stays = wanted.contains(running);
                if !stays {
                    tracing::info!("the subscription to topic {} of {} ends", running.topic, running.pubsub);
                    end.cancel();
                }
                stays
            });
            wanted.retain(|wanted| !known.running.iter().any(|(running, _)| running == wanted));
            wanted
        };
        for subscription in new {
            if let Some(end) = self.begin(Door::App(Box::new(app.clone())), subscription.clone()).await {
                self.subscriptions.lock().running.push((subscription, end));
            }
        }
    }

    /// What is to be delivered to the app. Dead letters that lead back are left out; streams that run had none when
    /// they began, so what closes a circle is one of the app's.
    fn wanted(&self, known: &mut Known) -> Vec<Subscription> {
        let mut all = known.of_the_app();
        let of_the_app = all.len();
        all.extend(known.streaming.iter().map(|(_, subscription)| subscription.clone()));
        dead_letter::break_circles(&mut all, |pubsub, subscribed, topic| self.takes(pubsub, subscribed, topic));
        all.truncate(of_the_app);
        known.wanted.clone_from(&all);
        all
    }

    /// Whether a subscription to `subscribed` takes what is published to `topic`.
    pub(super) fn takes(&self, pubsub: &str, subscribed: &str, topic: &str) -> bool {
        self.buses.get(pubsub).map_or(subscribed == topic, |bus| bus.broker.takes(subscribed, topic))
    }

    /// Takes the dead letter topic away if the app may not publish there, with an error in the log.
    fn check_letters(&self, bus: &Bus, subscription: &mut Subscription) {
        let Subscription { topic, dead_letter_topic: letters, .. } = subscription;
        if !letters.is_empty() && !bus.scopes.may_publish(letters) {
            tracing::error!(
                "the dead letter topic {letters} of topic {topic} is not allowed for app id {}: it is left out, and \
                 what the app refuses of that topic is dropped (correct publishingScopes, allowedTopics or \
                 protectedTopics)",
                self.app_id
            );
            letters.clear();
        }
    }

    /// Delivers to the app; returns what ends that.
    async fn begin(&self, door: Door, mut subscription: Subscription) -> Option<CancellationToken> {
        let Subscription { pubsub, topic, .. } = &subscription;
        let Some(bus) = self.buses.get(pubsub) else {
            tracing::error!(
                "error getting pubsub component {pubsub} for the subscription to topic {topic}: \
                 there is no such component"
            );
            return None;
        };
        if !bus.scopes.may_subscribe(topic) {
            tracing::error!(
                "Failed to start subscription: subscription to topic '{topic}' on pubsub '{pubsub}' is not allowed"
            );
            return None;
        }
        let routes = match Routes::compile(&subscription.rules) {
            Ok(routes) => routes,
            Err(error) => {
                tracing::error!("the subscription to topic {topic} is left out: rule {error}");
                return None;
            }
        };
        let (bus, at_broker) = (Arc::clone(bus), bus.at_broker(topic));
        tracing::info!("app is subscribed to the following topics: [[{topic}]] through pubsub={pubsub}");
        let topic = at_broker;
        self.check_letters(&bus, &mut subscription);
        let end = CancellationToken::new();
        // Asked before anything else happens: what is published from now on is delivered.
        let first = bus.broker.subscribe(&topic, Behind::Refuses).await;
        let delivery = self.delivery(door, Arc::clone(&bus), subscription, routes, end.clone());
        self.spawn(async move {
            let messages = match first {
                Ok(messages) => messages,
                Err(why) => {
                    tracing::error!("Failed to start subscription for topic {topic}: {why}");
                    tokio::select! {
                        messages = subscribe_again(&bus, &topic) => messages,
                        () = delivery.end.cancelled() => return,
                    }
                }
            };
            delivery.run(messages).await;
        });
        Some(end)
    }

    pub(super) fn delivery(
        &self,
        door: Door,
        bus: Arc<Bus>,
        subscription: Subscription,
        routes: Routes,
        end: CancellationToken,
    ) -> Delivery {
        let (resiliency, closing, hooks) = (self.resiliency.clone(), self.closing.clone(), self.hooks.clone());
        Delivery { door, bus, subscription, routes, resiliency, end, closing, hooks }
    }
}

/// Asks a broker until it takes the subscription.
async fn subscribe_again(bus: &Bus, topic: &str) -> tokio::sync::mpsc::Receiver<super::broker::Taken> {
    let (mut pause, most) = ASK_AGAIN;
    loop {
        tokio::time::sleep(pause).await;
        match bus.broker.subscribe(topic, Behind::Refuses).await {
            Ok(messages) => return messages,
            Err(why) => tracing::error!("Retry failed for subscription to topic {topic}: {why}. Will retry."),
        }
        pause = (pause * 2).min(most);
    }
}

/// There is one subscription for a topic: a later one replaces the earlier or is left out.
fn replace(subscriptions: &mut Vec<Subscription>, new: &Subscription, replaces: bool) {
    let same = |old: &Subscription| old.pubsub == new.pubsub && old.topic == new.topic;
    match subscriptions.iter().position(same) {
        None => subscriptions.push(new.clone()),
        Some(index) if replaces => subscriptions[index] = new.clone(),
        Some(_) => {}
    }
}

fn tell_of_doubles(subscriptions: &[Subscription]) {
    for (index, new) in subscriptions.iter().enumerate() {
        if subscriptions[..index].iter().any(|old| old.pubsub == new.pubsub && old.topic == new.topic) {
            tracing::warn!("two subscriptions to topic {} of {}: the first one is used", new.topic, new.pubsub);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{in_memory, subscription};

    #[test]
    fn a_circle_through_a_stream_is_none() {
        let pubsub = in_memory();
        let takes = |pubsub: &str, subscribed: &str, topic: &str| pubsub == "p" && subscribed == topic;
        let add = |topic: &str, letters: &str| pubsub.subscriptions.add_stream(subscription(topic, letters), takes);
        let first = add("a", "b").expect("no circle");
        assert_eq!(add("b", "a"), None);
        pubsub.subscriptions.forget_stream(first);
        assert!(add("b", "a").is_some());

        let mut known = pubsub.subscriptions.lock();
        known.declarative = vec![subscription("a", "b"), subscription("c", "d")];
        let wanted = pubsub.wanted(&mut known);
        drop(known);
        let letters: Vec<_> = wanted.iter().map(|wanted| wanted.dead_letter_topic.as_str()).collect();
        assert_eq!(letters, ["", "d"]);
        assert_eq!(add("d", "c"), None, "the app's subscriptions count, too");
        assert!(add("d", "e").is_some());
    }

    #[test]
    fn dead_letters_go_where_the_app_may_publish() {
        let pubsub = in_memory();
        let letters = |letters: &str| {
            let mut subscription = subscription("a", letters);
            pubsub.check_letters(&pubsub.buses["p"], &mut subscription);
            subscription.dead_letter_topic
        };
        assert_eq!((letters("open"), letters("protected")), ("open".to_owned(), String::new()));
    }
}
