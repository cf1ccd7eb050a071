//! Which actors there are, and whose turn it is.
//!
//! Each actor has a fair lock; its holder has the turn. A deactivation takes the turn like a call
//! does: so it never meets a running turn, and calls that arrive while it is under way simply
//! wait behind it, in their order, and activate the actor anew. (daprd 1.18 does neither: its idle
//! timer counts from the start of a turn and cancels one that outlasts it.)

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedMutexGuard};
use tokio::time::Instant;

use super::ActorRef;

/// The actors of this sidecar.
#[derive(Debug, Default)]
pub(crate) struct Table {
    slots: Mutex<HashMap<ActorRef, Slot>>,
    /// Told whenever a call or a deactivation ends, for whoever waits for all of them to.
    ended_one: Notify,
}

/// One actor.
#[derive(Debug)]
struct Slot {
    turn: Arc<tokio::sync::Mutex<()>>,
    phase: Phase,
    /// Calls that wait for the turn or have it.
    calls: usize,
    idle_since: Instant,
    /// Told when the last call ends, for the actor's idle watch.
    idle: Arc<Notify>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Called at least once since its last deactivation, whatever the app answered.
    Active,
    /// Being deactivated, or deactivated with calls waiting.
    Leaving,
}

/// A place in an actor's line.
#[derive(Debug)]
pub(crate) struct InLine {
    lock: Arc<tokio::sync::Mutex<()>>,
    ticket: Ticket,
    /// Set when this call activated the actor: someone has to watch for its idleness.
    pub(crate) activated: Option<Arc<Notify>>,
}

/// The turn of one actor; dropping it lets the next call in.
#[derive(Debug)]
pub(crate) struct Turn {
    // The lock is dropped before the call is counted out: when a slot has no calls its turn is
    // free.
    _guard: OwnedMutexGuard<()>,
    _ticket: Ticket,
    /// Set when this turn follows a deactivation, and so activated the actor anew.
    pub(crate) activated: Option<Arc<Notify>>,
}

/// One call that is waiting or running.
#[derive(Debug)]
struct Ticket {
    table: Arc<Table>,
    actor: ActorRef,
}

/// What an idle watch finds.
#[derive(Debug)]
pub(crate) enum Idleness {
    /// Calls are waiting or running.
    Busy,
    /// Idle, but not for long enough before this moment.
    Until(Instant),
    /// Idle for long enough: the actor counts as inactive from now on, and this is its turn.
    Over(Leave),
    /// Somebody else deactivated it.
    Gone,
}

/// A deactivation under way.
#[derive(Debug)]
pub(crate) struct Leave {
    _guard: OwnedMutexGuard<()>,
    table: Arc<Table>,
    actor: ActorRef,
}

impl Table {
    fn slots(&self) -> MutexGuard<'_, HashMap<ActorRef, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the actor's line, and activates the actor if it is not active.
    pub(crate) fn line_up(self: &Arc<Self>, actor: &ActorRef) -> InLine {
        let mut slots = self.slots();
        let mut activated = None;
        let slot = match slots.entry(actor.clone()) {
            Entry::Occupied(slot) => slot.into_mut(),
            Entry::Vacant(vacant) => {
                let slot = vacant.insert(Slot {
                    turn: Arc::default(),
                    phase: Phase::Active,
                    calls: 0,
                    idle_since: Instant::now(),
                    idle: Arc::default(),
                });
                activated = Some(Arc::clone(&slot.idle));
                slot
            }
        };
        slot.calls += 1;
        InLine {
            lock: Arc::clone(&slot.turn),
            ticket: Ticket { table: Arc::clone(self), actor: actor.clone() },
            activated,
        }
    }

    fn reactivate(&self, actor: &ActorRef) -> Option<Arc<Notify>> {
        let mut slots = self.slots();
        let slot = slots.get_mut(actor)?;
        if slot.phase == Phase::Active {
            return None;
        }
        slot.phase = Phase::Active;
        slot.idle = Arc::default();
        Some(Arc::clone(&slot.idle))
    }

    /// Whether the actor was called since its last deactivation.
    pub(crate) fn is_active(&self, actor: &ActorRef) -> bool {
        self.slots().get(actor).is_some_and(|slot| slot.phase == Phase::Active)
    }

    /// How many actors of each type are active.
    pub(crate) fn counts(&self) -> HashMap<String, usize> {
        let mut counts = HashMap::new();
        for (actor, slot) in self.slots().iter() {
            if slot.phase == Phase::Active {
                *counts.entry(actor.kind.clone()).or_insert(0) += 1;
            }
        }
        counts
    }

    /// The active actors.
    pub(crate) fn active(&self) -> Vec<ActorRef> {
        let slots = self.slots();
        let active = slots.iter().filter(|(_, slot)| slot.phase == Phase::Active);
        active.map(|(actor, _)| actor.clone()).collect()
    }

    /// Begins the deactivation of an actor that has been idle for `timeout`.
    pub(crate) fn leave_if_idle(self: &Arc<Self>, actor: &ActorRef, timeout: Duration) -> Idleness {
        let mut slots = self.slots();
        let Some(slot) = slots.get_mut(actor) else {
            return Idleness::Gone;
        };
        if slot.phase == Phase::Leaving {
            return Idleness::Gone;
        }
        if slot.calls > 0 {
            return Idleness::Busy;
        }
        let due = slot.idle_since + timeout;
        if due > Instant::now() {
            return Idleness::Until(due);
        }
        match Arc::clone(&slot.turn).try_lock_owned() {
            Ok(guard) => {
                slot.phase = Phase::Leaving;
                Idleness::Over(Leave { _guard: guard, table: Arc::clone(self), actor: actor.clone() })
            }
            Err(_) => Idleness::Busy,
        }
    }

    /// Returns when no deactivation is under way.
    pub(crate) async fn all_left(&self) {
        loop {
            let ended = self.ended_one.notified();
            if self.slots().values().all(|slot| slot.phase != Phase::Leaving) {
                return;
            }
            ended.await;
        }
    }

    /// Returns when no call waits or runs.
    pub(crate) async fn all_calls_ended(&self) {
        loop {
            let ended = self.ended_one.notified();
            if self.slots().values().all(|slot| slot.calls == 0) {
                return;
            }
            ended.await;
        }
    }
}

impl InLine {
    /// Waits for the turn. Turns come in the order in which these futures are first polled; one
    /// that is dropped while it waits just leaves the line.
    pub(crate) async fn turn(self) -> Turn {
        let Self { lock, ticket, .. } = self;
        let guard = lock.lock_owned().await;
        let activated = ticket.table.reactivate(&ticket.actor);
        Turn { _guard: guard, _ticket: ticket, activated }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut slots = self.table.slots();
        if let Entry::Occupied(mut entry) = slots.entry(self.actor.clone()) {
            let slot = entry.get_mut();
            slot.calls -= 1;
            slot.idle_since = Instant::now();
            if slot.calls == 0 {
                match slot.phase {
                    Phase::Active => slot.idle.notify_one(),
                    // While the deactivation holds the turn, its end removes the slot.
                    Phase::Leaving if slot.turn.try_lock().is_ok() => drop(entry.remove()),
                    Phase::Leaving => {}
                }
            }
        }
        drop(slots);
        self.table.ended_one.notify_waiters();
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        let mut slots = self.table.slots();
        if let Entry::Occupied(entry) = slots.entry(self.actor.clone())
            && entry.get().calls == 0
        {
            entry.remove();
        }
        drop(slots);
        self.table.ended_one.notify_waiters();
    }
}
