//! Telling of a delivery: each attempt, and what became of the event.

use std::sync::Arc;

use tokio::time::Instant;

use super::deliver::{Delivery, Parcel};
use super::door::Door;
use super::judge::Outcome;
use crate::hooks::Hooks;
use crate::observation::{self, Answer, DeliveryEnd, EventKind};
use crate::resiliency::Failure;

/// An event on its way to a subscription, if anybody looks. Clones are the same.
#[derive(Clone)]
pub(super) struct Told {
    hooks: Hooks,
    delivery: Option<Arc<observation::Delivery>>,
}

impl Delivery {
    /// An event with its way; `None` for one that has none.
    pub(super) fn told(&self, event_id: impl FnOnce() -> String, parcel: Option<&Parcel<'_>>) -> Told {
        let delivery = self.hooks.observation().is_on().then(|| {
            let route = parcel.filter(|_| matches!(self.door, Door::App(_))).map(|parcel| parcel.path.to_owned());
            Arc::new(observation::Delivery {
                id: self.hooks.observation().number(),
                component: self.subscription.pubsub.clone(),
                topic: self.subscription.topic.clone(),
                event_id: event_id(),
                route,
            })
        });
        Told { hooks: self.hooks.clone(), delivery }
    }
}

impl Told {
    /// An attempt begins. Dropped without an end, it was abandoned.
    pub(super) fn attempt(&self, number: u32) -> Attempt {
        if let Some(delivery) = &self.delivery {
            self.hooks.tell(|| EventKind::DeliveryStarted { delivery: Arc::clone(delivery), attempt: number });
        }
        Attempt { told: self.clone(), number, started: Instant::now(), answer: Answer::Abandoned }
    }

    /// Nothing more is tried.
    pub(super) fn concluded(&self, end: impl FnOnce() -> DeliveryEnd) {
        let Some(delivery) = &self.delivery else { return };
        self.hooks.tell(|| EventKind::DeliveryConcluded { delivery: Arc::clone(delivery), end: end() });
    }

    /// The event went to the dead letters, or did not.
    pub(super) fn buried(&self, topic: &str, buried: &Result<(), String>) {
        let Some(delivery) = &self.delivery else { return };
        let outcome = || buried.clone().map_or_else(observation::Outcome::Failed, |()| observation::Outcome::Succeeded);
        self.hooks.tell(|| EventKind::DeadLettered {
            delivery: Arc::clone(delivery),
            topic: topic.to_owned(),
            outcome: outcome(),
        });
    }
}

/// An attempt under way.
pub(super) struct Attempt {
    told: Told,
    number: u32,
    started: Instant,
    answer: Answer,
}

impl Attempt {
    pub(super) fn ended(mut self, outcome: &Result<Outcome, Failure<String>>) {
        if self.told.delivery.is_some() {
            self.answer = match outcome {
                Ok(outcome) => answer(outcome),
                Err(failure) if failure.is_time_out() => Answer::TimedOut,
                Err(failure) => Answer::Failed(failure.error.clone()),
            };
        }
    }

    /// The same for an entry of a batch, which has an outcome of its own unless all of it failed.
    pub(super) fn ended_in_batch<T>(mut self, own: &Outcome, whole: &Result<T, Failure<String>>) {
        if self.told.delivery.is_some() {
            self.answer = match (own, whole) {
                (Outcome::Failed(own), Err(failure)) if own.is_empty() && failure.is_time_out() => Answer::TimedOut,
                (Outcome::Failed(own), Err(failure)) if own.is_empty() => Answer::Failed(failure.error.clone()),
                (own, _) => answer(own),
            };
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let Some(delivery) = self.told.delivery.take() else { return };
        let (attempt, took) = (self.number, self.started.elapsed());
        let answer = std::mem::replace(&mut self.answer, Answer::Abandoned);
        self.told.hooks.tell(|| EventKind::DeliveryEnded { delivery, attempt, answer, took });
    }
}

fn answer(outcome: &Outcome) -> Answer {
    match outcome {
        Outcome::Done => Answer::Accepted,
        Outcome::Dropped => Answer::Dropped,
        Outcome::Failed(why) => Answer::Failed(why.clone()),
    }
}

/// What is told of what became of an event.
pub(super) fn end(outcome: &Outcome) -> DeliveryEnd {
    match outcome {
        Outcome::Done => DeliveryEnd::Accepted,
        Outcome::Dropped => DeliveryEnd::Dropped,
        Outcome::Failed(why) => DeliveryEnd::Failed(why.clone()),
    }
}
