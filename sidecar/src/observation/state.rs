//! What is told of state.

use std::fmt;

use super::actor::{Actor, TurnId};
use super::excerpt::Excerpt;

/// One call to a state store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateCall {
    /// Which call, unique in a sidecar; 0 when only faults look.
    pub id: u64,
    /// The store's component.
    pub component: String,
    /// What it does.
    pub operation: StateOperation,
    /// The keys that it touches, without the store's prefix, each once or more.
    pub keys: Vec<StateKey>,
    /// Whose state it is.
    pub owner: StateOwner,
    /// The turn that the actor had when the call came. `None` for what has no actor, and for a call while the actor had
    /// no turn: somebody looked from outside.
    pub turn: Option<TurnId>,
    /// The `baggage` of the request (W3C Baggage): what its caller tells whoever stands further down.
    pub baggage: Option<String>,
}

impl StateCall {
    /// The actor whose own state it is.
    pub fn actor(&self) -> Option<&Actor> {
        match &self.owner {
            StateOwner::Actor(actor) => Some(actor),
            StateOwner::App | StateOwner::Reminders(_) => None,
        }
    }

    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        !matches!(self.operation, StateOperation::Get | StateOperation::List)
    }

    /// The names of its keys.
    pub fn key_names(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.name.as_str())
    }
}

impl fmt::Display for StateCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.operation)?;
        self.key_names().try_for_each(|name| write!(f, " {name}"))
    }
}

/// What a [`StateCall`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StateOperation {
    /// One key is read.
    Get,
    /// All keys that begin alike are read: the reminders, when a type begins to be hosted.
    List,
    /// One key is written.
    Set,
    /// One key is taken away.
    Delete,
    /// Keys are written or taken away, all or none. What an actor writes is always one.
    Transaction,
}

/// Whose state it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateOwner {
    /// An actor's own.
    Actor(Actor),
    /// The app's, by the state API.
    App,
    /// The sidecar's own record of a reminder, of this actor; `None` when those of all actors are read.
    Reminders(Option<Actor>),
}

/// A key, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateKey {
    /// Its name, without the store's prefix.
    pub name: String,
    /// What becomes of it.
    pub change: KeyChange,
}

/// What becomes of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyChange {
    /// It is read.
    Read,
    /// It holds this value from now on.
    Upsert(Excerpt),
    /// It is taken away.
    Delete,
}
