//! Which turns there are.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::actor::{Actor, CallId, TurnId};
use crate::json;
use crate::names::ActorRef;

/// More turns than these at once are not searched for the one that published something.
const MOST_SEARCHED: usize = 64;

/// The turns that there are at this moment, for whoever wants to know what belongs to which.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    running: Mutex<HashMap<ActorRef, TurnId>>,
    turns: AtomicU64,
    calls: AtomicU64,
}

/// A turn. Dropping it ends it: before the actor is let go.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) id: TurnId,
    actor: ActorRef,
    turns: Arc<Turns>,
}

impl Turns {
    fn running(&self) -> MutexGuard<'_, HashMap<ActorRef, TurnId>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn next_call(&self) -> CallId {
        CallId(self.calls.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// A turn begins.
    pub(crate) fn begin(self: &Arc<Self>, actor: &ActorRef) -> Running {
        let id = TurnId(self.turns.fetch_add(1, Ordering::Relaxed) + 1);
        self.running().insert(actor.clone(), id);
        Running { id, actor: actor.clone(), turns: Arc::clone(self) }
    }

    /// The turn that an actor has.
    pub(crate) fn of(&self, actor: &ActorRef) -> Option<TurnId> {
        self.running().get(actor).copied()
    }

    /// The turn that published this, if it can be known: see [`Publication::turn`](super::Publication::turn).
    pub(crate) fn that_published(&self, data: &[u8]) -> Option<(Actor, TurnId)> {
        // What is published may be large: no turn waits for the search.
        let running: Vec<(ActorRef, TurnId)> = {
            let running = self.running();
            if running.len() > MOST_SEARCHED {
                return None;
            }
            running.iter().map(|(actor, turn)| (actor.clone(), *turn)).collect()
        };
        let named = |(actor, turn): &(ActorRef, TurnId)| (Actor::from(actor), *turn);
        if let [only] = &running[..] {
            return Some(named(only));
        }
        let data = std::str::from_utf8(data).ok()?;
        let mut those = running.iter().filter(|(actor, _)| data.contains(&json::quoted(&actor.id)));
        let first = those.next()?;
        those.next().is_none().then(|| named(first))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.turns.running().remove(&self.actor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_belongs_to_the_only_turn_or_to_the_only_one_that_it_names() {
        let turns = Arc::new(Turns::default());
        let published = |data: &str| turns.that_published(data.as_bytes()).map(|(actor, _)| actor.actor_id);
        assert_eq!(published("{}"), None);
        let first = turns.begin(&ActorRef::new("T", "user-1"));
        assert_eq!(published("{}").as_deref(), Some("user-1"));
        let _second = turns.begin(&ActorRef::new("T", "user-12"));
        assert_eq!(published("{}"), None);
        assert_eq!(published(r#"{"actor_id":"user-12"}"#).as_deref(), Some("user-12"));
        assert_eq!(published(r#"["user-1","user-12"]"#), None);
        drop(first);
        assert_eq!(turns.of(&ActorRef::new("T", "user-1")), None);
        assert_eq!(published("{}").as_deref(), Some("user-12"));
    }
}
