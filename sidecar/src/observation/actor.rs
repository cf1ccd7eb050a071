//! What is told of actors.

use std::fmt;

use super::excerpt::Excerpt;
use crate::names::ActorRef;

/// An actor.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Actor {
    /// Its type.
    pub actor_type: String,
    /// Its id.
    pub actor_id: String,
}

impl Actor {
    /// Names one.
    pub fn new(actor_type: impl Into<String>, actor_id: impl Into<String>) -> Self {
        Self { actor_type: actor_type.into(), actor_id: actor_id.into() }
    }
}

impl From<&ActorRef> for Actor {
    fn from(actor: &ActorRef) -> Self {
        Self::new(&actor.kind, &actor.id)
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.actor_type, self.actor_id)
    }
}

/// A turn of an actor: the time in which no other call is let in. Unique in a sidecar, and rising.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TurnId(pub u64);

impl fmt::Display for TurnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A call of an actor that stands in line. Unique in a sidecar; of two calls of one actor the smaller stands in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A call of an actor's method. Each attempt of a resiliency policy is one of its own, and waits for a turn of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActorCall {
    /// Which call.
    pub id: CallId,
    /// Whose method.
    pub actor: Actor,
    /// The method as the app is called: for a timer `timer/NAME`, for a reminder `remind/NAME`.
    pub method: String,
    /// Why the actor is called.
    pub cause: Cause,
    /// Which attempt of its resiliency policy, from 1.
    pub attempt: u32,
    /// The chain of reentrant calls that it belongs to (`Dapr-Reentrancy-Id`), if the type has reentrancy.
    pub chain: Option<String>,
    /// The `baggage` of its caller's request (W3C Baggage): what it tells whoever stands further down.
    pub baggage: Option<String>,
    /// What the app is given.
    pub body: Excerpt,
}

/// Why an actor is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Somebody asked for it.
    Caller,
    /// The timer of this name is due.
    Timer(String),
    /// The reminder of this name is due.
    Reminder(String),
}

/// How a call of an actor ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEnd {
    /// The app answered.
    Answered {
        /// Its HTTP status; only 200 is a success.
        status: u16,
        /// Its answer.
        reply: Excerpt,
    },
    /// The app gave no answer, for this reason.
    Failed(String),
    /// The policy's time-out ended it. What the app had begun may still be running there.
    TimedOut,
    /// Its caller went away. What the app had begun may still be running there.
    CallerLeft,
    /// It was refused in line: the sidecar ends, its chain is too deep, or nobody wants the timer's or reminder's call any
    /// more.
    Refused(String),
}

impl CallEnd {
    /// Whether the app answered with 200.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Answered { status: 200, .. })
    }
}

/// A timer or a reminder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// Which of the two.
    pub kind: CallbackKind,
    /// Whose.
    pub actor: Actor,
    /// Its name.
    pub name: String,
    /// When it is due first, as its caller wrote it.
    pub due_time: String,
    /// How often after that, as its caller wrote it.
    pub period: String,
    /// How long it lasts, as its caller wrote it; not known of a reminder that was resumed.
    pub ttl: String,
}

/// What calls an actor back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallbackKind {
    /// Lasts no longer than its actor is in memory.
    Timer,
    /// Kept in the store.
    Reminder,
}

/// Why a timer or a reminder comes no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallbackEnd {
    /// Somebody unregistered it.
    Unregistered,
    /// Another was registered under its name.
    Replaced,
    /// It had its last tick.
    Completed,
    /// The app said that it wants no more.
    Stopped,
    /// A timer's actor was deactivated.
    Deactivated,
}
