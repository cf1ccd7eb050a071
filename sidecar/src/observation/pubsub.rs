//! What is told of publish and subscribe.

use super::actor::{Actor, TurnId};
use super::excerpt::Excerpt;

/// An event that somebody publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Which, unique in a sidecar; 0 when only faults look.
    pub id: u64,
    /// The pub/sub component.
    pub component: String,
    /// The topic.
    pub topic: String,
    /// The CloudEvent's id; `None` when there is no envelope (`rawPayload`).
    pub event_id: Option<String>,
    /// The data, as the publisher gave it.
    pub data: Excerpt,
    /// The turn that it was published in, if that can be known. A request to publish names no actor: it is taken for the
    /// only turn that there is at that moment, and where there are several, for the only one of them whose actor's id
    /// stands in the data as a JSON text. Whoever publishes from outside of actors meanwhile is taken for the turn.
    pub turn: Option<(Actor, TurnId)>,
}

/// An event on its way to one subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Which, unique in a sidecar.
    pub id: u64,
    /// The pub/sub component.
    pub component: String,
    /// The topic that is subscribed to.
    pub topic: String,
    /// The CloudEvent's id.
    pub event_id: String,
    /// The app's route; `None` for a stream that a program holds open, and for an event that has no way.
    pub route: Option<String>,
}

/// What a subscriber's answer to a delivered event comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It has the event.
    Accepted,
    /// It does not want the event: `DROP`, or the route is not there (404).
    Dropped,
    /// It did not take the event, for this reason: what it answered, or that it did not.
    Failed(String),
    /// The policy's time-out passed.
    TimedOut,
    /// The sidecar ended meanwhile.
    Abandoned,
}

/// What became of an event for one subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryEnd {
    /// The subscriber has it.
    Accepted,
    /// The subscriber does not want it, it has expired, or no rule matches it.
    Dropped,
    /// It was given up, for this reason.
    Failed(String),
    /// The sidecar or the stream ends, and the broker keeps it: it comes again.
    Kept,
}
