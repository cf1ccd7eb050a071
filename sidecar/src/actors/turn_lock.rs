//! Which actors there are, and whose turn it is.
//!
//! Each actor has a fair lock; its holder has the turn. A deactivation takes the turn like a call
//! does: so it never meets a running turn, and calls that arrive while it is under way simply
//! wait behind it, in their order, and activate the actor anew. (daprd 1.18 does neither: its idle
//! timer counts from the start of a turn and cancels one that outlasts it.)

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedMutexGuard};
use tokio::time::Instant;

use crate::names::ActorRef;

/// The actors of this sidecar.
#[derive(Debug, Default)]
pub(crate) struct Table {
    slots: Mutex<Slots>,
    /// Told whenever a call or a deactivation ends, for whoever waits for all of them to.
    ended_one: Notify,
}

type Slots = HashMap<ActorRef, Slot>;

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
    /// Nobody has called it since its last deactivation, if any; somebody is about to.
    Inactive,
    /// Called at least once since its last deactivation, whatever the app answered.
    Active,
    /// A deactivation has the turn.
    Leaving,
}

/// A place in an actor's line.
#[derive(Debug)]
pub(crate) struct InLine {
    lock: Arc<tokio::sync::Mutex<()>>,
    ticket: Ticket,
}

/// The turn of one actor; dropping it lets the next call in.
#[derive(Debug)]
pub(crate) struct Turn {
    // The lock is dropped before the call is counted out: when a slot has no calls its turn is
    // free.
    _guard: OwnedMutexGuard<()>,
    _ticket: Ticket,
    /// Set when this turn activated the actor: someone has to watch for its idleness.
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
    /// `None` once it has ended.
    guard: Option<OwnedMutexGuard<()>>,
    table: Arc<Table>,
    actor: ActorRef,
}

impl Table {
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the actor's line.
    pub(crate) fn line_up(self: &Arc<Self>, actor: &ActorRef) -> InLine {
        let mut slots = self.slots();
        let slot = slots.entry(actor.clone()).or_insert_with(|| Slot {
            turn: Arc::default(),
            phase: Phase::Inactive,
            calls: 0,
            idle_since: Instant::now(),
            idle: Arc::default(),
        });
        slot.calls += 1;
        InLine { lock: Arc::clone(&slot.turn), ticket: Ticket { table: Arc::clone(self), actor: actor.clone() } }
    }

    /// Counts the actor as active, if it is not: the only place where it becomes so. Whoever calls has its turn.
    fn activate(&self, actor: &ActorRef) -> Option<Arc<Notify>> {
        let mut slots = self.slots();
        let slot = slots.get_mut(actor)?;
        if slot.phase == Phase::Active {
            return None;
        }
        slot.phase = Phase::Active;
        // The watch of an earlier activation may still be about to look at its own.
        slot.idle = Arc::default();
        Some(Arc::clone(&slot.idle))
    }

    /// Forgets an actor that is inactive and that nobody calls: the only place where one goes. Then tells whoever
    /// waits for calls and deactivations to end.
    fn settle(&self, mut slots: MutexGuard<'_, Slots>, actor: &ActorRef) {
        if slots.get(actor).is_some_and(|slot| slot.calls == 0 && slot.phase == Phase::Inactive) {
            slots.remove(actor);
        }
        drop(slots);
        self.ended_one.notify_waiters();
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
        let Some(slot) = slots.get_mut(actor).filter(|slot| slot.phase == Phase::Active) else {
            return Idleness::Gone;
        };
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
                Idleness::Over(Leave { guard: Some(guard), table: Arc::clone(self), actor: actor.clone() })
            }
            Err(_) => Idleness::Busy,
        }
    }

    /// Returns when no deactivation is under way.
    pub(crate) async fn all_left(&self) {
        self.none(|slot| slot.phase == Phase::Leaving).await;
    }

    /// Returns when no call waits or runs.
    pub(crate) async fn all_calls_ended(&self) {
        self.none(|slot| slot.calls > 0).await;
    }

    async fn none(&self, is: impl Fn(&Slot) -> bool) {
        loop {
            let ended = self.ended_one.notified();
            if !self.slots().values().any(&is) {
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
        let Self { lock, ticket } = self;
        let guard = lock.lock_owned().await;
        let activated = ticket.table.activate(&ticket.actor);
        Turn { _guard: guard, _ticket: ticket, activated }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut slots = self.table.slots();
        if let Some(slot) = slots.get_mut(&self.actor) {
            slot.calls -= 1;
            slot.idle_since = Instant::now();
            if slot.calls == 0 && slot.phase == Phase::Active {
                slot.idle.notify_one();
            }
        }
        self.table.settle(slots, &self.actor);
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        let mut slots = self.table.slots();
        // Under the table's lock: whoever has the turn next finds the actor inactive, and whoever leaves the line
        // meanwhile finds nothing half done.
        self.guard = None;
        if let Some(slot) = slots.get_mut(&self.actor) {
            slot.phase = Phase::Inactive;
        }
        self.table.settle(slots, &self.actor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> (Arc<Table>, ActorRef) {
        (Arc::default(), ActorRef::new("T", "a"))
    }

    async fn leaving(table: &Arc<Table>, actor: &ActorRef) -> Leave {
        drop(table.line_up(actor).turn().await);
        match table.leave_if_idle(actor, Duration::ZERO) {
            Idleness::Over(leave) => leave,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_call_that_waited_for_a_deactivation_activates_anew_and_one_that_left_leaves_nothing_behind() {
        let (table, actor) = table();
        let leave = leaving(&table, &actor).await;
        assert!(!table.is_active(&actor));
        let waiting = tokio::spawn(table.line_up(&actor).turn());
        tokio::task::yield_now().await;
        drop(leave);
        let turn = waiting.await.expect("its turn");
        assert!(turn.activated.is_some() && table.is_active(&actor));
        drop(turn);

        let leave = leaving(&table, &actor).await;
        let mut gone = Box::pin(table.line_up(&actor).turn());
        assert!(futures::poll!(&mut gone).is_pending());
        drop(gone);
        assert!(table.slots().contains_key(&actor), "the deactivation is still under way");
        drop(leave);
        assert!(table.slots().is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn whoever_leaves_the_line_just_as_a_deactivation_ends_leaves_nothing_behind() {
        for _ in 0..2_000 {
            let (table, actor) = table();
            let leave = leaving(&table, &actor).await;
            let mut waiting = Box::pin(table.line_up(&actor).turn());
            assert!(futures::poll!(&mut waiting).is_pending());
            let left = tokio::spawn(async move { drop(waiting) });
            drop(leave);
            left.await.expect("left");
            match table.leave_if_idle(&actor, Duration::ZERO) {
                Idleness::Gone => {}
                other => panic!("{other:?}"),
            }
            table.all_left().await;
            assert!(table.slots().is_empty());
        }
    }
}
