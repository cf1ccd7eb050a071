//! The labs of this process, one for each actor id: everything that it knows of them, beside what the store holds.
//!
//! # Layout
//! - [`Labs`]: which there are, and what is forgotten when they are too much together
//! - `lab`: one of them: timeline, controls, held attempt and passes behind one lock, with the turn's lock beside it
//! - `line`: the calls that wait for their turn, within bounds
//! - `passes`: its checks that are proven
//! - [`Timelines`]: what happens in them, recorded, read and followed
//! - `log`: events as lines
//!
//! # What is forgotten
//! All labs together take [`BUDGET`] bytes at most, about. When they take more, these go until an eighth of it is free,
//! of each kind those first that were used least recently:
//! 1. labs of which nothing is known;
//! 2. timelines: the events, and with them the turns that a page draws;
//! 3. labs whole, with their settings, that have proven no check;
//! 4. labs whole that have;
//! 5. timelines of labs in which a scenario runs, between two of its turns: it then says that it cannot be judged.
//!
//! What is stored is never touched. A lab stays while a turn waits or runs in it, a scenario runs, or its plan has the
//! wire to Redis; so that these keep within the budget too, what waits takes half of it at most, see `line`. To write to a
//! lab is to use it, and looking is not; looking at one that is not there makes none.

mod lab;
mod line;
mod log;
mod passes;
mod timelines;

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use lru::LruCache;
use model::{actor_id::ActorId, timeline::EventId};

pub(crate) use self::lab::{Contents, Control, Held, Lab, Unsettled};
pub use self::{line::LINE, timelines::Timelines};
use crate::{
    metrics::{self, Metrics},
    timeline::{Follow, Limits, Ring, clock},
};

/// How many bytes all labs take together at most, about: 64 MiB. A message of a few words takes four thousand of them
/// in its lab's timeline.
pub const BUDGET: usize = 64 * 1024 * 1024;

/// The labs of this process. Clones share them.
#[derive(Clone)]
pub struct Labs {
    shared: Arc<Shared>,
}

struct Shared {
    /// What one timeline may hold.
    limits: Limits,
    /// What all labs may take.
    budget: usize,
    /// What they take, as they were counted last.
    weight: AtomicUsize,
    /// What of that the calls take that wait for their turns, or have them.
    waiting: AtomicUsize,
    /// From where on something is forgotten: the budget, or more after there was nothing to forget.
    too_much: AtomicUsize,
    /// When the sidecar was last told of the actor, in milliseconds since the Unix epoch; 0 if it was not.
    registered_at: AtomicU64,
    /// The epoch of the first labs.
    first_epoch: u64,
    /// What happens in them is counted.
    metrics: Metrics,
    /// Locked for a look into the map alone, or to forget labs: then each of them is locked within it, so nobody waits
    /// for this with a lab locked.
    map: Mutex<Map>,
}

struct Map {
    /// The one used last in front. A lab is cloned out of it under this lock only, so that one with no other holder can
    /// be forgotten under it.
    labs: LruCache<ActorId, Arc<Lab>>,
    /// The epoch of a lab that begins now. It rises when a lab is forgotten: should that begin anew, its events have
    /// other ids.
    epoch: u64,
}

/// What is forgotten of a lab, from what nobody misses on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Forget {
    Blank,
    Events,
    Unproven,
    Whole,
    EventsOfScenario,
}

impl Default for Labs {
    fn default() -> Self {
        Self::new()
    }
}

impl Labs {
    /// Nobody has done anything yet.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(Limits::default(), BUDGET)
    }

    /// The same with other bounds: for each timeline, and for the bytes that all labs may take together.
    #[must_use]
    pub fn with_limits(limits: Limits, budget: usize) -> Self {
        let epoch = clock::now_ms();
        let map = Mutex::new(Map { labs: LruCache::unbounded(), epoch });
        let shared = Shared {
            limits,
            budget,
            weight: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            too_much: AtomicUsize::new(budget),
            registered_at: AtomicU64::new(0),
            first_epoch: epoch,
            metrics: Metrics::new(),
            map,
        };
        Self { shared: Arc::new(shared) }
    }

    /// How many bytes they take together, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.shared.weight.load(Ordering::Relaxed)
    }

    /// What happened in them, counted.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// How much there is of them.
    pub(crate) fn held(&self) -> metrics::Held {
        let labs = self.map().labs.len();
        let waiting = self.shared.waiting.load(Ordering::Relaxed);
        metrics::Held { labs, bytes: self.weight(), limit: self.shared.budget, waiting }
    }

    /// An actor's lab, if there is one. That is no use of it.
    pub(crate) fn find(&self, actor: &ActorId) -> Option<Arc<Lab>> {
        self.map().labs.peek(actor).cloned()
    }

    /// An actor's lab, which is used: made if there is none.
    pub(crate) fn lab(&self, actor: &ActorId) -> Arc<Lab> {
        let mut map = self.map();
        match map.labs.get(actor) {
            Some(lab) => Arc::clone(lab),
            None => self.begin(&mut map, actor),
        }
    }

    /// The actors whose labs have told something, the one used last in front.
    fn known(&self, at_most: usize) -> Vec<ActorId> {
        let map = self.map();
        let known = map.labs.iter().filter(|(_, lab)| lab.read(|lab| lab.ring.last_seq() > 0));
        known.map(|(actor, _)| actor.clone()).take(at_most).collect()
    }

    /// All labs, the one used last in front.
    pub(crate) fn all(&self) -> Vec<Arc<Lab>> {
        self.map().labs.iter().map(|(_, lab)| Arc::clone(lab)).collect()
    }

    /// Looks at an actor's lab, if there is one.
    pub(crate) fn read<T>(&self, actor: &ActorId, read: impl FnOnce(&Contents) -> T) -> Option<T> {
        self.find(actor).map(|lab| lab.read(read))
    }

    /// Changes an actor's lab, and then writes the lines of what it recorded.
    pub(crate) fn write<T>(&self, actor: &ActorId, change: impl FnOnce(&mut Contents) -> T) -> T {
        self.change(&self.lab(actor), change)
    }

    /// The same of a lab that is held already.
    pub(crate) fn change<T>(&self, lab: &Lab, change: impl FnOnce(&mut Contents) -> T) -> T {
        let changed = self.update(lab, change);
        lab.write_lines();
        changed
    }

    /// The same, and leaves the lines to whoever writes some next, for a caller that has something else locked.
    pub(crate) fn update<T>(&self, lab: &Lab, change: impl FnOnce(&mut Contents) -> T) -> T {
        let mut contents = lab.lock();
        let was_needed = contents.is_needed();
        let changed = change(&mut contents);
        self.weigh(&mut contents);
        if was_needed && !contents.is_needed() {
            // Now there may be something to forget.
            self.shared.too_much.store(self.shared.budget, Ordering::Relaxed);
        }
        drop(contents);
        if self.weight() > self.shared.too_much.load(Ordering::Relaxed) {
            self.forget(lab);
        }
        changed
    }

    fn epoch(&self) -> u64 {
        self.map().epoch
    }

    fn first_epoch(&self) -> u64 {
        self.shared.first_epoch
    }

    /// Follows an actor's timeline. That is no use of its lab; one that is not there is made, as what comes has to be
    /// handed to this follower, and goes before all others when nobody follows it any more.
    fn follow(&self, actor: &ActorId, after: Option<EventId>) -> Follow {
        let mut map = self.map();
        let lab = match map.labs.peek(actor) {
            Some(lab) => Arc::clone(lab),
            None => {
                let lab = self.begin(&mut map, actor);
                map.labs.demote(actor);
                lab
            }
        };
        drop(map);
        self.update(&lab, |lab| lab.ring.follow(after))
    }

    fn begin(&self, map: &mut Map, actor: &ActorId) -> Arc<Lab> {
        let lab = Arc::new(Lab::new(actor.clone(), Ring::new(map.epoch, self.shared.limits), self.metrics().clone()));
        self.weigh(&mut lab.lock());
        map.labs.put(actor.clone(), Arc::clone(&lab));
        lab
    }

    /// Counts a lab anew.
    fn weigh(&self, contents: &mut Contents) {
        let (before, now) = contents.count();
        // Each lab adds what it takes away later.
        self.shared.weight.fetch_add(now.all, Ordering::Relaxed);
        self.shared.weight.fetch_sub(before.all, Ordering::Relaxed);
        self.shared.waiting.fetch_add(now.waiting, Ordering::Relaxed);
        self.shared.waiting.fetch_sub(before.waiting, Ordering::Relaxed);
    }

    /// Forgets what the budget has no room for. `used` stays, and is no reason to forget nothing the next time: then
    /// another may be in use.
    fn forget(&self, used: &Lab) {
        let mut map = self.map();
        self.forget_down_to(&mut map, self.shared.budget / 8 * 7);
        let of_others = self.weight().saturating_sub(used.lock().counted().all);
        let more = of_others + self.shared.budget / 64;
        self.shared.too_much.store(self.shared.budget.max(more), Ordering::Relaxed);
    }

    fn forget_down_to(&self, map: &mut Map, goal: usize) {
        for what in [Forget::Blank, Forget::Events, Forget::Unproven, Forget::Whole, Forget::EventsOfScenario] {
            let oldest_first: Vec<ActorId> = map.labs.iter().rev().map(|(actor, _)| actor.clone()).collect();
            for actor in oldest_first {
                if self.weight() <= goal {
                    return;
                }
                self.forget_of(map, &actor, what);
            }
        }
    }

    fn forget_of(&self, map: &mut Map, actor: &ActorId, what: Forget) {
        if what == Forget::EventsOfScenario {
            self.forget_of_scenario(map, actor);
            return;
        }
        let Some(lab) = map.labs.peek(actor).filter(|lab| Arc::strong_count(lab) == 1).cloned() else { return };
        let mut contents = lab.lock();
        if contents.is_needed() || contents.is_writing() {
            return;
        }
        let whole = match what {
            Forget::Blank => contents.is_blank(),
            Forget::Events => {
                contents.ring.forget();
                self.weigh(&mut contents);
                contents.is_blank()
            }
            Forget::Unproven => contents.passes.proven().is_empty(),
            Forget::Whole | Forget::EventsOfScenario => true,
        };
        if whole {
            self.shared.weight.fetch_sub(contents.counted().all, Ordering::Relaxed);
            if contents.ring.last_seq() > 0 {
                map.epoch = clock::now_ms().max(map.epoch + 1);
            }
            drop(contents);
            map.labs.pop(actor);
        }
    }

    /// Who runs the scenario holds the lab, which stays.
    fn forget_of_scenario(&self, map: &Map, actor: &ActorId) {
        let Some(lab) = map.labs.peek(actor) else { return };
        let mut contents = lab.lock();
        if contents.runs_scenario && contents.in_line() == 0 {
            contents.ring.forget();
            self.weigh(&mut contents);
        }
    }

    /// Locks for a moment: no lock here is held over an `.await`, and a panic elsewhere leaves the data whole.
    fn map(&self) -> MutexGuard<'_, Map> {
        self.shared.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
