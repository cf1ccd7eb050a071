//! Everything that a sidecar does, told as it happens.
//!
//! Each step is one [`Event`]. Whoever starts the sidecar puts an [`Observer`] into
//! [`Ports::observers`](crate::Ports::observers); the usual one is a bounded [`channel`]:
//!
//! ```
//! use sidecar::observation::{EventKind, channel};
//! # async fn run(config: &mut sidecar::Config) {
//! let (sender, mut events) = channel(1_000);
//! config.ports.observers.push(sender);
//! // … start the sidecar …
//! while let Some(event) = events.recv().await {
//!     match event.kind {
//!         EventKind::CallStarted { call, turn, .. } => println!("{} has its turn {turn}", call.actor),
//!         EventKind::StateCallEnded { call, outcome, took, .. } => println!("{call}: {outcome} in {took:?}"),
//!         EventKind::Missed { events } => println!("too slow for {events:?}"),
//!         _ => {}
//!     }
//! }
//! # }
//! ```
//!
//! # Order
//! What leads to something else is told before it: a call is queued before it starts, and ends before the actor's next
//! turn begins; a state call ends before its answer goes out. Of two events that have nothing to do with each other the
//! later may have the smaller [`Event::number`]. Everything that begins ends: an event that says that something started
//! is followed by the one that says how it ended, though its caller goes away or the sidecar ends.
//!
//! # A slow observer
//! An observer is called in the course of the operation and must return at once; one that panics is logged and harms
//! nobody. The [`channel`] never waits: what does not fit is left out, and counted by kind in the
//! [`EventKind::Missed`] that stands in its place.
//!
//! # Cost
//! Without an observer nothing is built: one look at an empty list for each step. With one, an event costs its texts
//! and at most [`EXCERPT_BYTES`] of each value.
//!
//! # What belongs to which turn
//! An actor has one turn at a time, with a [`TurnId`]; the calls of a reentrant chain share it. A state call, a timer or
//! a reminder names its actor, and so belongs to the turn that the actor has at that moment. Nothing in a request says
//! that it was the turn that made it: somebody may look at the state from outside meanwhile, and what a turn that was
//! given up does late is counted to the one that follows. A publish does not name an actor: see [`Publication::turn`].

mod actor;
mod channel;
mod event;
mod excerpt;
mod fault;
mod policy;
mod pubsub;
mod state;
mod turns;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use tokio::time::Instant;

pub use actor::{Actor, ActorCall, CallEnd, CallId, Callback, CallbackEnd, CallbackKind, Cause, TurnId};
pub use channel::{EventSender, Events, channel};
pub use event::{Event, EventKind, Outcome, Reason};
pub use excerpt::{EXCERPT_BYTES, Excerpt};
pub use fault::{InjectedFault, Place};
pub use policy::{AttemptOutcome, BreakerChange, BreakerState, RetryEnd, RetryEvent, RetryStep, RetryTarget};
pub use pubsub::{Answer, Delivery, DeliveryEnd, Publication};
pub use state::{KeyChange, StateCall, StateKey, StateOperation, StateOwner};
pub(crate) use turns::{Running, Turns};

/// Is told of everything that a sidecar does.
pub trait Observer: Send + Sync {
    /// Something happened. It is called in the course of it, from many threads at once, so it must not block, and must
    /// not wait for the sidecar.
    fn observed(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync> Observer for F {
    fn observed(&self, event: &Event) {
        self(event);
    }
}

/// The one place from which events go out. Clones share it; the default tells nobody.
#[derive(Clone, Default)]
pub(crate) struct Observation(Option<Arc<Told>>);

struct Told {
    observers: Vec<Arc<dyn Observer>>,
    events: AtomicU64,
    /// Numbers of what has no other name.
    things: AtomicU64,
    started: Instant,
}

impl fmt::Debug for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observation").field(&self.is_on()).finish()
    }
}

impl Observation {
    pub(crate) fn new(observers: Vec<Arc<dyn Observer>>) -> Self {
        if observers.is_empty() {
            return Self(None);
        }
        let (events, things) = (AtomicU64::new(1), AtomicU64::new(1));
        Self(Some(Arc::new(Told { observers, events, things, started: Instant::now() })))
    }

    /// Whether anybody looks.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Tells of something; it is built only if somebody looks.
    pub(crate) fn tell(&self, kind: impl FnOnce() -> EventKind) {
        let Some(told) = &self.0 else { return };
        let number = told.events.fetch_add(1, Ordering::Relaxed);
        let event = Event { number, at: SystemTime::now(), since_start: told.started.elapsed(), kind: kind() };
        for observer in &told.observers {
            if catch_unwind(AssertUnwindSafe(|| observer.observed(&event))).is_err() {
                tracing::error!("an observer of the sidecar panicked at event {number}; it goes on being told");
            }
        }
    }

    /// A number that nothing else has, for what has no other name.
    pub(crate) fn number(&self) -> u64 {
        self.0.as_ref().map_or(0, |told| told.things.fetch_add(1, Ordering::Relaxed))
    }
}
