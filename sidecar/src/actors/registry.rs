//! The calls that actors have asked for, by actor and name, within bounds.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::names::ActorRef;

/// How many there may be of a kind, and how many bytes their names and data may take together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) count: usize,
    pub(super) bytes: usize,
}

/// Those of the timers, and those of the reminders.
const LIMITS: Limits = Limits { count: 100_000, bytes: 64 << 20 };

/// There is no room for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full(Limits);

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Limits { count, bytes } = self.0;
        write!(
            f,
            "there may be {count} of them in this sidecar, and their names and data may take {bytes} bytes together: \
             unregister some first"
        )
    }
}

/// One that is kept: what is known of it, and what ends it.
#[derive(Debug)]
struct Entry<T> {
    known: T,
    bytes: usize,
    token: CancellationToken,
}

#[derive(Debug)]
struct Entries<T> {
    actors: HashMap<ActorRef, BTreeMap<String, Entry<T>>>,
    count: usize,
    bytes: usize,
    /// What is kept free for those that are about to come.
    promised: Limits,
}

/// Room that is kept free for one, until this is dropped.
#[derive(Debug)]
pub(super) struct Room<'a, T> {
    registry: &'a Registry<T>,
    promised: Limits,
}

impl<T> Drop for Room<'_, T> {
    fn drop(&mut self) {
        let mut entries = self.registry.entries();
        entries.promised.count -= self.promised.count;
        entries.promised.bytes -= self.promised.bytes;
    }
}

/// All of a kind. Each is a task of its own, ended by its token, which is cancelled under the lock: whoever holds the
/// lock and a token that is not cancelled knows that nobody else has its place.
#[derive(Debug)]
pub(super) struct Registry<T> {
    entries: Mutex<Entries<T>>,
    limits: Limits,
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self::new(LIMITS)
    }
}

impl<T> Registry<T> {
    fn new(limits: Limits) -> Self {
        let promised = Limits { count: 0, bytes: 0 };
        Self { entries: Mutex::new(Entries { actors: HashMap::new(), count: 0, bytes: 0, promised }), limits }
    }

    fn entries(&self) -> MutexGuard<'_, Entries<T>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps room for one of so many bytes of data.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn room_for(&self, actor: &ActorRef, name: &str, data: usize) -> Result<Room<'_, T>, Full> {
        let mut entries = self.entries();
        let promised = entries.room_for(actor, name, data, self.limits)?;
        entries.promised.count += promised.count;
        entries.promised.bytes += promised.bytes;
        Ok(Room { registry: self, promised })
    }

    /// Puts one in the place of the one of that name, which it returns.
    ///
    /// # Errors
    /// There is no room for it. The one of that name stays then.
    pub(super) fn put(
        &self,
        actor: &ActorRef,
        name: &str,
        known: T,
        data: usize,
        token: CancellationToken,
    ) -> Result<Option<T>, Full> {
        let mut entries = self.entries();
        entries.room_for(actor, name, data, self.limits)?;
        Ok(entries.put(actor, name, known, data, token))
    }

    /// The same, whether or not there is room.
    pub(super) fn put_anyway(
        &self,
        actor: &ActorRef,
        name: &str,
        known: T,
        data: usize,
        token: CancellationToken,
    ) -> Option<T> {
        self.entries().put(actor, name, known, data, token)
    }

    /// Notes down what is known of one by now; its task goes on.
    pub(super) fn update(&self, actor: &ActorRef, name: &str, known: T) {
        if let Some(entry) = self.entries().actors.get_mut(actor).and_then(|named| named.get_mut(name)) {
            entry.known = known;
        }
    }

    /// Ends one; `None` when there is none of that name.
    pub(super) fn remove(&self, actor: &ActorRef, name: &str) -> Option<T> {
        self.entries().remove(actor, name)
    }

    /// Forgets one whose task has come to its end, unless another has its name by now.
    pub(super) fn ended(&self, actor: &ActorRef, name: &str, token: &CancellationToken) -> Option<T> {
        let mut entries = self.entries();
        if token.is_cancelled() { None } else { entries.remove(actor, name) }
    }

    /// Ends all of an actor.
    pub(super) fn forget(&self, actor: &ActorRef) -> Vec<T> {
        self.entries().forget(actor)
    }

    /// Ends all of a type.
    pub(super) fn forget_type(&self, kind: &str) {
        let mut entries = self.entries();
        let actors: Vec<_> = entries.actors.keys().filter(|actor| actor.kind == kind).cloned().collect();
        for actor in actors {
            entries.forget(&actor);
        }
    }
}

impl<T: Clone> Registry<T> {
    pub(super) fn get(&self, actor: &ActorRef, name: &str) -> Option<T> {
        self.entries().actors.get(actor)?.get(name).map(|entry| entry.known.clone())
    }

    /// Those of a type, or of one of its actors, by actor and name.
    pub(super) fn list(&self, kind: &str, id: Option<&str>) -> Vec<T> {
        let entries = self.entries();
        let wanted = |actor: &ActorRef| actor.kind == kind && id.is_none_or(|id| actor.id == id);
        let mut actors: Vec<_> = entries.actors.iter().filter(|(actor, _)| wanted(actor)).collect();
        actors.sort_by_key(|(actor, _)| &actor.id);
        actors.into_iter().flat_map(|(_, named)| named.values()).map(|entry| entry.known.clone()).collect()
    }
}

impl<T> Entries<T> {
    /// What one takes beyond the one of that name.
    fn room_for(&self, actor: &ActorRef, name: &str, data: usize, limits: Limits) -> Result<Limits, Full> {
        let before = self.actors.get(actor).and_then(|named| named.get(name));
        let count = usize::from(before.is_none());
        let (size, freed) = (size(actor, name, data), before.map_or(0, |before| before.bytes));
        let fits = self.count + self.promised.count + count <= limits.count
            && self.bytes + self.promised.bytes + size <= limits.bytes + freed;
        if fits { Ok(Limits { count, bytes: size.saturating_sub(freed) }) } else { Err(Full(limits)) }
    }

    fn put(&mut self, actor: &ActorRef, name: &str, known: T, data: usize, token: CancellationToken) -> Option<T> {
        let before = self.remove(actor, name);
        let bytes = size(actor, name, data);
        self.count += 1;
        self.bytes += bytes;
        self.actors.entry(actor.clone()).or_default().insert(name.to_owned(), Entry { known, bytes, token });
        before
    }

    fn forget(&mut self, actor: &ActorRef) -> Vec<T> {
        let names: Vec<_> = self.actors.get(actor).into_iter().flat_map(BTreeMap::keys).cloned().collect();
        names.into_iter().filter_map(|name| self.remove(actor, &name)).collect()
    }

    fn remove(&mut self, actor: &ActorRef, name: &str) -> Option<T> {
        let named = self.actors.get_mut(actor)?;
        let removed = named.remove(name);
        if named.is_empty() {
            self.actors.remove(actor);
        }
        let entry = removed?;
        self.count -= 1;
        self.bytes -= entry.bytes;
        entry.token.cancel();
        Some(entry.known)
    }
}

fn size(actor: &ActorRef, name: &str, data: usize) -> usize {
    actor.kind.len() + actor.id.len() + name.len() + data
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Barrier};

    use super::*;

    fn actor(id: &str) -> ActorRef {
        ActorRef::new("T", id)
    }

    fn put(registry: &Registry<()>, id: &str, name: &str, data: usize) -> Result<CancellationToken, Full> {
        let token = CancellationToken::new();
        registry.put(&actor(id), name, (), data, token.clone()).map(|_| token)
    }

    #[test]
    fn one_that_is_put_while_the_one_of_its_name_ends_stays() {
        let registry = Arc::new(Registry::default());
        let together = Arc::new(Barrier::new(2));
        let rounds = 20_000;
        let tokens: Arc<Vec<_>> = Arc::new((0..=rounds).map(|_| CancellationToken::new()).collect());
        registry.put_anyway(&actor("a"), "n", (), 0, tokens[0].clone());
        let ending = {
            let (registry, together, tokens) = (Arc::clone(&registry), Arc::clone(&together), Arc::clone(&tokens));
            std::thread::spawn(move || {
                for token in &tokens[..rounds] {
                    together.wait();
                    registry.ended(&actor("a"), "n", token);
                    together.wait();
                }
            })
        };
        for (round, token) in tokens[1..].iter().enumerate() {
            together.wait();
            registry.put(&actor("a"), "n", (), 0, token.clone()).unwrap();
            together.wait();
            assert!(!token.is_cancelled(), "round {round}");
            assert!(registry.get(&actor("a"), "n").is_some(), "round {round}");
        }
        ending.join().unwrap();
    }

    #[test]
    fn there_are_so_many_and_so_many_bytes_and_what_goes_makes_room() {
        let registry = Registry::new(Limits { count: 3, bytes: 100 });
        let first = put(&registry, "a", "1", 10).unwrap();
        put(&registry, "a", "2", 10).unwrap();
        put(&registry, "b", "1", 60).unwrap();
        assert!(put(&registry, "c", "1", 0).is_err(), "three, and no fourth");
        put(&registry, "a", "1", 11).expect("in the place of another");
        assert!(first.is_cancelled());
        let same = put(&registry, "a", "1", 22).unwrap_err();
        assert!(!same.to_string().is_empty() && registry.get(&actor("a"), "1").is_some(), "it stays: {same}");
        registry.forget(&actor("a"));
        assert!(put(&registry, "c", "1", 35).is_err() && put(&registry, "c", "1", 34).is_ok());
        registry.remove(&actor("b"), "1");
        assert!(put(&registry, "c", "1", 97).is_ok());
        assert_eq!((registry.list("T", None).len(), registry.list("T", Some("a")).len()), (1, 0));
    }

    #[test]
    fn room_that_is_kept_for_one_is_nobody_elses_until_it_is_given_back() {
        let registry: Registry<()> = Registry::new(Limits { count: 2, bytes: 100 });
        let room = registry.room_for(&actor("a"), "1", 57).unwrap();
        assert!(put(&registry, "b", "1", 38).is_err() && put(&registry, "b", "1", 37).is_ok());
        assert!(registry.room_for(&actor("c"), "1", 0).is_err(), "two, and no third");
        drop(room);
        assert!(registry.room_for(&actor("c"), "1", 57).is_ok());
    }
}
