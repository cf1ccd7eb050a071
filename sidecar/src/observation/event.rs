//! An event, and what many kinds of it have in common.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::actor::{Actor, ActorCall, CallEnd, Callback, CallbackEnd, TurnId};
use super::excerpt::Excerpt;
use super::fault::{InjectedFault, Place};
use super::policy::{BreakerChange, RetryEvent};
use super::pubsub::{Answer, Delivery, DeliveryEnd, Publication};
use super::state::StateCall;

/// Something that a sidecar did.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Counts the events of one sidecar, from 1.
    pub number: u64,
    /// When, by the wall clock.
    pub at: SystemTime,
    /// When, by the monotonic clock: how long after the start of the sidecar. Differences of it are durations.
    pub since_start: Duration,
    /// What.
    pub kind: EventKind,
}

/// What a sidecar did.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    // The app.
    /// The app listens at its address, and is well where its health is asked for: for the first time, or again.
    AppFound {
        /// Where.
        addr: SocketAddr,
    },
    /// The app has told which actors it hosts: this is all of them from now on.
    TypesRegistered {
        /// Their types, in the app's order.
        types: Vec<String>,
    },
    /// The app is not there any more, or not well.
    AppLost {
        /// Where it listened.
        addr: SocketAddr,
        /// How that was noticed.
        why: String,
    },

    // Calls of actors.
    /// A call stands in its actor's line. The calls of one actor get their turns in the order of their
    /// [ids](ActorCall::id), but for those of a reentrant chain that is in the actor already.
    CallQueued {
        /// The call.
        call: Arc<ActorCall>,
    },
    /// A call has its turn: the app is called now.
    CallStarted {
        /// The call.
        call: Arc<ActorCall>,
        /// The turn.
        turn: TurnId,
        /// Whether it came into a turn that was there: that of its reentrant chain.
        reentrant: bool,
        /// How long it stood in line.
        waited: Duration,
    },
    /// A call is over; the actor's next turn begins after this.
    CallEnded {
        /// The call.
        call: Arc<ActorCall>,
        /// Its turn, if it got one.
        turn: Option<TurnId>,
        /// How it ended.
        end: CallEnd,
        /// How long it had its turn; for a call that had none, how long it stood in line.
        took: Duration,
    },
    /// A call never stood in line: nobody hosts the type, or the sidecar ends.
    CallRefused {
        /// Whose method.
        actor: Actor,
        /// The method.
        method: String,
        /// What its caller was told.
        why: String,
    },
    /// An actor is in memory from now on: its first call since the sidecar started, or since it was deactivated.
    Activated {
        /// The actor.
        actor: Actor,
        /// The turn that it begins with.
        turn: TurnId,
    },
    /// The app is asked to let go of an actor. That is a turn too.
    Deactivating {
        /// The actor.
        actor: Actor,
        /// The turn.
        turn: TurnId,
        /// Why.
        reason: Reason,
    },
    /// An actor is not in memory any more, whatever the app answered.
    Deactivated {
        /// The actor.
        actor: Actor,
        /// The turn.
        turn: TurnId,
        /// What the app made of it.
        outcome: Outcome,
        /// How long the app took.
        took: Duration,
    },

    /// An actor counts as not in memory any more, without the app being told: it is not there, or not well.
    Forgotten {
        /// The actor.
        actor: Actor,
    },

    // Timers and reminders.
    /// An actor asked for a timer or a reminder, in the place of the one of that name.
    CallbackRegistered {
        /// The timer or reminder.
        callback: Arc<Callback>,
        /// The turn that the actor had at that moment.
        turn: Option<TurnId>,
        /// Whether it is registered; a failure in the words that the actor was told.
        outcome: Outcome,
    },
    /// A reminder was in the store when the sidecar began to host its type, and goes on.
    CallbackResumed {
        /// The reminder.
        callback: Arc<Callback>,
    },
    /// A timer or a reminder is due: its call stands in the actor's line next, see [`Cause`](super::Cause).
    CallbackFired {
        /// The timer or reminder.
        callback: Arc<Callback>,
        /// Which attempt at this tick, from 1: a reminder's call that failed is made again.
        attempt: u32,
    },
    /// A timer or a reminder comes no more.
    CallbackEnded {
        /// The timer or reminder.
        callback: Arc<Callback>,
        /// Why.
        end: CallbackEnd,
        /// The turn that the actor had at that moment.
        turn: Option<TurnId>,
    },

    // State.
    /// An attempt at a call to a state store begins.
    StateCallStarted {
        /// The call.
        call: Arc<StateCall>,
        /// Which attempt of its resiliency policy, from 1.
        attempt: u32,
    },
    /// An attempt at a call to a state store is over.
    StateCallEnded {
        /// The call.
        call: Arc<StateCall>,
        /// Which attempt, from 1.
        attempt: u32,
        /// How it ended.
        outcome: Outcome,
        /// What was read; `None` for a key that is not there, and for a write.
        read: Option<Excerpt>,
        /// How long it took, with what was done to it on purpose.
        took: Duration,
        /// What was done to it on purpose.
        fault: Option<Arc<InjectedFault>>,
    },

    // Events of the app.
    /// An attempt to give an event to a broker begins.
    PublishStarted {
        /// The event.
        publication: Arc<Publication>,
        /// Which attempt of its resiliency policy, from 1.
        attempt: u32,
    },
    /// An attempt to give an event to a broker is over.
    PublishEnded {
        /// The event.
        publication: Arc<Publication>,
        /// Which attempt, from 1.
        attempt: u32,
        /// How it ended. A success means that the broker has it, not that anyone received it.
        outcome: Outcome,
        /// How long it took, with what was done to it on purpose.
        took: Duration,
        /// What was done to it on purpose.
        fault: Option<Arc<InjectedFault>>,
    },
    /// A subscriber is handed an event.
    DeliveryStarted {
        /// The delivery.
        delivery: Arc<Delivery>,
        /// Which attempt of its resiliency policy, from 1.
        attempt: u32,
    },
    /// A subscriber has answered, or will not.
    DeliveryEnded {
        /// The delivery.
        delivery: Arc<Delivery>,
        /// Which attempt, from 1.
        attempt: u32,
        /// What the answer comes to.
        answer: Answer,
        /// How long it took.
        took: Duration,
    },
    /// Nothing more is tried with an event for this subscription.
    DeliveryConcluded {
        /// The delivery.
        delivery: Arc<Delivery>,
        /// What became of the event.
        end: DeliveryEnd,
    },
    /// An event went to the dead letter topic of its subscription.
    DeadLettered {
        /// The delivery that it comes from.
        delivery: Arc<Delivery>,
        /// The dead letter topic.
        topic: String,
        /// Whether the broker took it.
        outcome: Outcome,
    },

    // What stands around them.
    /// Something is done on purpose to a call that has just started; what it comes to is in the event that ends it.
    FaultInjected {
        /// To what.
        place: Place,
        /// What.
        fault: Arc<InjectedFault>,
    },
    /// A step of an operation that a resiliency policy stands around.
    Retry(RetryEvent),
    /// A circuit breaker changed its state.
    Breaker(BreakerChange),
    /// Somebody asked for a part of Dapr that this sidecar does not have (workflows, jobs, bindings, …), or for one
    /// that nobody has.
    AbsentPart {
        /// The part's name; `None` when Dapr has none like it.
        part: Option<&'static str>,
        /// The gRPC method, or the HTTP method and path.
        request: String,
    },

    /// Only in a [`channel`](super::channel()): these did not fit, and are missing here.
    Missed {
        /// How many of each [kind](EventKind::name).
        events: BTreeMap<&'static str, u64>,
    },
}

impl EventKind {
    /// The kind's own name, as this enum spells it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AppFound { .. } => "AppFound",
            Self::TypesRegistered { .. } => "TypesRegistered",
            Self::AppLost { .. } => "AppLost",
            Self::CallQueued { .. } => "CallQueued",
            Self::CallStarted { .. } => "CallStarted",
            Self::CallEnded { .. } => "CallEnded",
            Self::CallRefused { .. } => "CallRefused",
            Self::Activated { .. } => "Activated",
            Self::Deactivating { .. } => "Deactivating",
            Self::Deactivated { .. } => "Deactivated",
            Self::Forgotten { .. } => "Forgotten",
            Self::CallbackRegistered { .. } => "CallbackRegistered",
            Self::CallbackResumed { .. } => "CallbackResumed",
            Self::CallbackFired { .. } => "CallbackFired",
            Self::CallbackEnded { .. } => "CallbackEnded",
            Self::StateCallStarted { .. } => "StateCallStarted",
            Self::StateCallEnded { .. } => "StateCallEnded",
            Self::PublishStarted { .. } => "PublishStarted",
            Self::PublishEnded { .. } => "PublishEnded",
            Self::DeliveryStarted { .. } => "DeliveryStarted",
            Self::DeliveryEnded { .. } => "DeliveryEnded",
            Self::DeliveryConcluded { .. } => "DeliveryConcluded",
            Self::DeadLettered { .. } => "DeadLettered",
            Self::FaultInjected { .. } => "FaultInjected",
            Self::Retry(_) => "Retry",
            Self::Breaker(_) => "Breaker",
            Self::AbsentPart { .. } => "AbsentPart",
            Self::Missed { .. } => "Missed",
        }
    }
}

/// How something ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it should.
    Succeeded,
    /// It failed, with this error.
    Failed(String),
    /// A time limit ended it. What had not reached its target by then never does; a write that had is carried out or
    /// not.
    TimedOut,
    /// Its caller went away, or the sidecar ended, and it was dropped where it stood.
    CallerLeft,
}

impl Outcome {
    /// Whether it did what it should.
    pub fn is_success(&self) -> bool {
        *self == Self::Succeeded
    }

    /// Whether it did, or else the error in words.
    pub fn as_result(&self) -> Result<(), &str> {
        match self {
            Self::Succeeded => Ok(()),
            Self::Failed(why) => Err(why),
            Self::TimedOut => Err("context deadline exceeded"),
            Self::CallerLeft => Err("the caller went away"),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_result().err().unwrap_or("succeeded"))
    }
}

/// Why an actor is deactivated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nobody called it for its idle time.
    Idle,
    /// The sidecar ends.
    Shutdown,
    /// Whoever has started the sidecar asked for it.
    Asked,
}
