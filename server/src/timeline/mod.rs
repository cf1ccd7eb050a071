//! The timelines of all actors: what each did, kept within bounds, numbered and handed on to whoever follows.
//!
//! # Layout
//! - [`Timelines`]: the handle that everything records to and reads from, keyed by actor id
//! - `ring`: the bounded events of one actor
//! - [`Live`]: an event on its way to those who follow
//! - `open`: the numbers of its turns, from *queued* to their end
//! - [`clock`]: the times that events carry
//!
//! A timeline belongs to this process. Nothing outside knows how it is kept, so that another keeper can take its place
//! when the actors of one lab live in several processes.

pub mod clock;
mod live;
mod open;
mod ring;

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use lru::LruCache;
use model::{
    actor_id::ActorId,
    message::{Message, MessageId},
    operation::{Method, Operation},
    timeline::{Event, EventId, Level, Step, TimelineSnapshot, registered},
};
use tokio::sync::broadcast;

use self::ring::Ring;
pub use self::{live::Live, open::Ticket, ring::Limits};

/// How many actors' timelines are kept; the least recently used go first.
const ACTORS: NonZeroUsize = NonZeroUsize::new(1_000).expect("a thousand is not zero");

/// The timelines of all actors. Clones share them.
#[derive(Clone)]
pub struct Timelines {
    shared: Arc<Shared>,
}

struct Shared {
    /// What one actor's timeline may hold.
    limits: Limits,
    /// How many actors are kept.
    actors: NonZeroUsize,
    /// The epoch that was given last; epochs only rise, also when the clock does not.
    epoch: AtomicU64,
    /// When the sidecar was last told of the actor, in milliseconds since the Unix epoch; 0 if it was not.
    registered_at: AtomicU64,
    /// Whether any actor's timeline was dropped whole, so that one that begins may not be its first.
    evicted: AtomicBool,
    /// Rings by actor, the one used last in front. A ring is cloned out of it under this lock only, so that a ring
    /// with no other holder can be dropped under it.
    rings: Mutex<LruCache<ActorId, Arc<Mutex<Ring>>>>,
}

/// An attempt that waits for the state store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The turn.
    pub turn: u64,
    /// The operation that is tried: a load or a save.
    pub operation: Operation,
    /// Which attempt it is, from 1.
    pub attempt: u8,
}

/// A timeline from some point on: what was missed, then what comes.
pub struct Follow {
    /// The epoch of the events, for their ids.
    pub epoch: u64,
    /// What came after the point that was asked for.
    pub missed: Missed,
    /// What comes after `missed`, without loss or repetition. A receiver that lags has to follow anew.
    pub live: broadcast::Receiver<Arc<Live>>,
}

/// What a follower missed.
#[derive(Debug)]
pub enum Missed {
    /// The events after the one that was asked for, oldest first.
    Events(Vec<Arc<Event>>),
    /// The point is not known any more, or is not of this timeline: everything that is known instead.
    Gap(TimelineSnapshot),
}

impl Default for Timelines {
    fn default() -> Self {
        Self::new()
    }
}

impl Timelines {
    /// No actor has done anything yet.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(ACTORS, Limits::default())
    }

    /// The same with other bounds.
    #[must_use]
    pub fn with_limits(actors: NonZeroUsize, limits: Limits) -> Self {
        let rings = Mutex::new(LruCache::unbounded());
        Self {
            shared: Arc::new(Shared {
                limits,
                actors,
                epoch: AtomicU64::new(0),
                registered_at: AtomicU64::new(0),
                evicted: AtomicBool::new(false),
                rings,
            }),
        }
    }

    /// Notes that the sidecar has been told of the actor. That is of no lab, and before all of them, so it is no event.
    pub fn actor_registered(&self) {
        let line = registered(clock::now_ms());
        self.shared.registered_at.store(line.at, Ordering::Relaxed);
        tracing::info!("{}", line.text);
    }

    /// When the sidecar was last told of the actor, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn registered_at(&self) -> Option<u64> {
        Some(self.shared.registered_at.load(Ordering::Relaxed)).filter(|at| *at > 0)
    }

    /// Records a step: gives it its number and time, logs its line and hands it to the followers.
    pub fn record(&self, actor: &ActorId, step: Step) -> Arc<Event> {
        self.write(actor, |ring| ring.push(step))
    }

    /// Records a step of something that all actors share, with everyone of whom anything is known. Its line is logged
    /// once.
    pub fn record_for_all(&self, step: &Step) {
        let known: Vec<_> = lock(&self.shared.rings).iter().map(|(_, ring)| Arc::clone(ring)).collect();
        for ring in known {
            let mut ring = lock(&ring);
            if ring.last_seq() > 0 {
                ring.push(step.clone());
            }
        }
        log(&ActorId::lesson(), &Event { seq: 0, at: clock::now_ms(), step: step.clone() });
    }

    /// The attempt of this actor that waits for the state store now.
    #[must_use]
    pub fn waiting(&self, actor: &ActorId) -> Option<Place> {
        let ring = lock(&self.shared.rings).peek(actor).cloned()?;
        lock(&ring).waiting()
    }

    /// The attempt that waits for the state store now, and whose it is, if it is one alone.
    #[must_use]
    pub fn only_waiting(&self) -> Option<(ActorId, Place)> {
        let rings = lock(&self.shared.rings);
        let mut waiting = rings.iter().filter_map(|(actor, ring)| Some((actor, lock(ring).waiting()?)));
        let (actor, place) = waiting.next()?;
        waiting.next().is_none().then(|| (actor.clone(), place))
    }

    /// Records that a call is about to leave for the sidecar, and gives its turn a number.
    #[must_use]
    pub fn queue_turn(
        &self,
        actor: &ActorId,
        method: Method,
        message_id: Option<MessageId>,
        content: Option<String>,
    ) -> Ticket {
        let ticket = Ticket::new();
        self.write(actor, |ring| ring.queue_turn(ticket.clone(), method, message_id, content));
        ticket
    }

    /// Records that a turn holds the actor and returns its number: the one that its ticket was queued with, else a
    /// new one, for a call that came past the lab or came a second time.
    pub fn start_turn(
        &self,
        actor: &ActorId,
        ticket: Option<&Ticket>,
        method: Method,
        message_id: Option<MessageId>,
        content: Option<String>,
    ) -> u64 {
        let event = self.write(actor, |ring| ring.start_turn(ticket, method, message_id, content));
        event.step.turn().unwrap_or_default()
    }

    /// Whether a queued turn has not begun.
    #[must_use]
    pub fn turn_waits(&self, actor: &ActorId, ticket: &Ticket) -> bool {
        lock(&self.ring(actor, false)).turn_waits(ticket)
    }

    /// Records why a queued turn is never going to start; nothing if it has started or is not known.
    pub fn turn_never_started(&self, actor: &ActorId, ticket: &Ticket, error: &model::error::LabError) {
        self.write_if(actor, |ring| ring.turn_never_started(ticket, error));
    }

    /// Records that the lab was reset: everything older is gone, turns are numbered from 1 again, and those that
    /// still wait are queued anew under their new numbers.
    pub fn reset(&self, actor: &ActorId) {
        self.write(actor, Ring::reset);
    }

    /// Everything that is known of an actor now.
    #[must_use]
    pub fn snapshot(&self, actor: &ActorId) -> TimelineSnapshot {
        let ring = self.ring(actor, false);
        lock(&ring).snapshot()
    }

    /// Whether the events of an actor tell everything since its lab was as every lab begins.
    #[must_use]
    pub fn is_whole(&self, actor: &ActorId) -> bool {
        let whole = lock(&self.ring(actor, false)).is_whole();
        whole.unwrap_or_else(|| !self.shared.evicted.load(Ordering::Relaxed))
    }

    /// The events of an actor, oldest first, and the history as it was before the first of them; `None` as long as
    /// no turn of this process has read what the store holds.
    #[must_use]
    pub fn evidence(&self, actor: &ActorId) -> (Option<Vec<Message>>, Vec<Event>) {
        let ring = self.ring(actor, false);
        let ring = lock(&ring);
        (ring.before().cloned(), ring.snapshot().events)
    }

    /// Whether the events of an actor can prove anything at all: without a failed attempt or a history that the actor
    /// returned they cannot.
    #[must_use]
    pub fn tells(&self, actor: &ActorId) -> bool {
        lock(&self.ring(actor, false)).tells()
    }

    /// The history as it was before the first event that is known; `None` as long as no turn of this process has
    /// read what the store holds.
    #[must_use]
    pub fn before(&self, actor: &ActorId) -> Option<Vec<Message>> {
        let ring = self.ring(actor, false);
        lock(&ring).before().cloned()
    }

    /// Tells what the store held at the first load of this process; later calls change nothing. Returns whether this
    /// was the first.
    pub fn first_load(&self, actor: &ActorId, history: &[Message]) -> bool {
        lock(&self.ring(actor, true)).first_load(history)
    }

    /// The turn that stored a message, where it is still known.
    #[must_use]
    pub fn turn_of_message(&self, actor: &ActorId, id: &str) -> Option<u64> {
        lock(&self.ring(actor, false)).turn_of_message(id)
    }

    /// Follows an actor from the event `after` on; from now on without it.
    #[must_use]
    pub fn follow(&self, actor: &ActorId, after: Option<EventId>) -> Follow {
        let ring = self.ring(actor, false);
        lock(&ring).follow(after)
    }

    /// Actors of which something is known, the one that did something last in front.
    #[must_use]
    pub fn known_actors(&self, at_most: usize) -> Vec<ActorId> {
        let rings = lock(&self.shared.rings);
        let known = rings.iter().filter(|(_, ring)| lock(ring).last_seq() > 0);
        known.map(|(actor, _)| actor.clone()).take(at_most).collect()
    }

    fn write(&self, actor: &ActorId, change: impl FnOnce(&mut Ring) -> Arc<Event>) -> Arc<Event> {
        let ring = self.ring(actor, true);
        let event = change(&mut lock(&ring));
        log(actor, &event);
        event
    }

    fn write_if(&self, actor: &ActorId, change: impl FnOnce(&mut Ring) -> Option<Arc<Event>>) {
        let ring = self.ring(actor, true);
        let event = change(&mut lock(&ring));
        if let Some(event) = event {
            log(actor, &event);
        }
    }

    /// The actor's ring, made when there is none. Writing makes it the one used last; looking does not, so that it
    /// cannot push out another.
    fn ring(&self, actor: &ActorId, writes: bool) -> Arc<Mutex<Ring>> {
        let mut rings = lock(&self.shared.rings);
        let known = if writes { rings.get(actor) } else { rings.peek(actor) };
        if let Some(ring) = known {
            return Arc::clone(ring);
        }
        let ring = Arc::new(Mutex::new(Ring::new(self.next_epoch(), self.shared.limits)));
        rings.put(actor.clone(), Arc::clone(&ring));
        self.evict(&mut rings);
        ring
    }

    fn evict(&self, rings: &mut LruCache<ActorId, Arc<Mutex<Ring>>>) {
        let excess = rings.len().saturating_sub(self.shared.actors.get());
        if excess == 0 {
            return;
        }
        let idle = |ring: &Arc<Mutex<Ring>>| Arc::strong_count(ring) == 1 && lock(ring).idle();
        let leave: Vec<ActorId> =
            rings.iter().rev().filter(|(_, ring)| idle(ring)).map(|(actor, _)| actor.clone()).take(excess).collect();
        for actor in leave {
            rings.pop(&actor);
            self.shared.evicted.store(true, Ordering::Relaxed);
        }
    }

    fn next_epoch(&self) -> u64 {
        let now = clock::now_ms();
        let next = |last: u64| Some(now.max(last + 1));
        let last = self.shared.epoch.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        now.max(last.unwrap_or_else(|last| last) + 1)
    }
}

/// Locks for a moment: no lock here is held over an `.await`, and a panic elsewhere leaves the data whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Logs the step's line, bare, in the lesson's words.
fn log(actor: &ActorId, event: &Event) {
    let Some(line) = event.log_line(actor) else { return };
    match line.level {
        Level::Info => tracing::info!("{}", line.text),
        Level::Warn => tracing::warn!("{}", line.text),
        Level::Error => tracing::error!("{}", line.text),
    }
}

#[cfg(test)]
mod tests;
