//! Which actors there are, and whose turn it is.
//!
//! Each actor has a fair lock; its holder has the turn. A deactivation takes the turn like a call
//! does: so it never meets a running turn, and calls that arrive while it is under way simply
//! wait behind it, in their order, and activate the actor anew. (daprd 1.18 does neither: its idle
//! timer counts from the start of a turn and cancels one that outlasts it.)
//!
//! With reentrancy a turn belongs to a chain of calls, and each of them that comes back joins it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::future::BoxFuture;
use http::HeaderValue;
use tokio::sync::futures::OwnedNotified;
use tokio::sync::{Notify, OwnedMutexGuard};
use tokio::time::Instant;

use super::chain::{Chain, TooDeep};
use crate::names::ActorRef;
use crate::observation::{CallId, Running, TurnId, Turns};

/// The actors of this sidecar.
#[derive(Debug, Default)]
pub(crate) struct Table {
    slots: Mutex<Slots>,
    /// Told whenever a call or a deactivation ends, for whoever waits for all of them to.
    ended_one: Notify,
    /// Where calls and turns are numbered, if anybody wants to know.
    turns: Option<Arc<Turns>>,
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
    /// `None` until a call of a chain comes.
    chains: Option<Box<Chains>>,
}

/// The chains of calls at one actor.
#[derive(Debug, Default)]
struct Chains {
    /// Whose turn it was last, and its turn if it still is.
    last: Option<(HeaderValue, Weak<Held>)>,
    /// Told when a chain gets its turn, for others of its calls that wait.
    entered: Arc<Notify>,
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
pub(crate) struct InLine {
    place: Place,
    ticket: Ticket,
    /// Which call it is, if anybody wants to know: the calls of an actor are numbered in the order of its line.
    pub(super) number: Option<CallId>,
}

/// Where in line.
enum Place {
    /// In front: it has the lock.
    First(OwnedMutexGuard<()>),
    Waiting(BoxFuture<'static, OwnedMutexGuard<()>>),
}

/// An actor's lock in the hands of a turn, or of a deactivation.
#[derive(Debug)]
struct Held {
    // The turn is over before the next one begins.
    turn: Option<Running>,
    _guard: OwnedMutexGuard<()>,
}

/// The turn of one actor; dropping it lets the next call in.
#[derive(Debug)]
pub(crate) struct Turn {
    // The lock is dropped before the call is counted out: when a slot has no calls its turn is
    // free. The calls of a chain that are in the actor share it.
    held: Arc<Held>,
    _ticket: Ticket,
    /// Set when this turn activated the actor: someone has to watch for its idleness.
    pub(crate) activated: Option<Arc<Notify>>,
    /// Whether it is a turn that was there: that of the call's chain.
    pub(super) joined: bool,
}

/// One call that is waiting or running.
#[derive(Debug)]
struct Ticket {
    table: Arc<Table>,
    actor: ActorRef,
}

/// What a call of a chain finds.
enum Join {
    /// It is the chain's turn, and the call's.
    Turn(Arc<Held>),
    TooDeep,
    /// It is not; this ends when it is another chain's turn.
    Not(OwnedNotified),
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
    // Whoever has the turn next finds the actor inactive: the lock is dropped after that is noted.
    held: Held,
    table: Arc<Table>,
    actor: ActorRef,
}

impl Table {
    /// A table whose calls and turns are numbered.
    pub(crate) fn numbered(turns: Option<Arc<Turns>>) -> Self {
        Self { turns, ..Self::default() }
    }

    fn hold(&self, actor: &ActorRef, guard: OwnedMutexGuard<()>) -> Held {
        Held { turn: self.turns.as_ref().map(|turns| turns.begin(actor)), _guard: guard }
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the actor's line: turns come in the order in which this is called.
    pub(crate) fn line_up(self: &Arc<Self>, actor: &ActorRef) -> InLine {
        let mut slots = self.slots();
        let slot = slots.entry(actor.clone()).or_insert_with(|| Slot {
            turn: Arc::default(),
            phase: Phase::Inactive,
            calls: 0,
            idle_since: Instant::now(),
            idle: Arc::default(),
            chains: None,
        });
        slot.calls += 1;
        let place = match Arc::clone(&slot.turn).try_lock_owned() {
            Ok(guard) => Place::First(guard),
            Err(_) => {
                // Polled here, it stands in line from now on.
                let mut lock = Box::pin(tokio::task::unconstrained(Arc::clone(&slot.turn).lock_owned()));
                match lock.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(guard) => Place::First(guard),
                    Poll::Pending => Place::Waiting(lock),
                }
            }
        };
        let number = self.turns.as_ref().map(|turns| turns.next_call());
        InLine { place, ticket: Ticket { table: Arc::clone(self), actor: actor.clone() }, number }
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

    /// Joins the turn of a chain, if it is the chain's turn.
    fn join(&self, actor: &ActorRef, chain: &Chain) -> Join {
        let mut slots = self.slots();
        let slot = slots.get_mut(actor);
        let Some(chains) = slot.map(|slot| slot.chains.get_or_insert_default()) else {
            // Whoever asks is in the actor's line, and so it has a slot.
            return Join::Not(Arc::<Notify>::default().notified_owned());
        };
        let turn = chains.last.as_ref().filter(|(id, _)| *id == chain.id).and_then(|(_, turn)| turn.upgrade());
        match turn {
            // This one is counted too.
            Some(turn) if Arc::strong_count(&turn) > chain.most => Join::TooDeep,
            Some(turn) => Join::Turn(turn),
            None => Join::Not(Arc::clone(&chains.entered).notified_owned()),
        }
    }

    /// Notes down whose turn it is, and lets those in that belong to it.
    fn enter(&self, actor: &ActorRef, chain: &Chain, turn: &Arc<Held>) {
        let mut slots = self.slots();
        if let Some(slot) = slots.get_mut(actor) {
            let chains = slot.chains.get_or_insert_default();
            chains.last = Some((chain.id.clone(), Arc::downgrade(turn)));
            chains.entered.notify_waiters();
        }
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

    /// Counts every active actor as inactive, and returns them.
    pub(crate) fn forget_active(&self) -> Vec<ActorRef> {
        let active = self.active();
        for actor in &active {
            self.forget(actor);
        }
        active
    }

    /// Counts an actor as inactive, unless a deactivation is under way.
    pub(crate) fn forget(&self, actor: &ActorRef) {
        let mut slots = self.slots();
        if let Some(slot) = slots.get_mut(actor).filter(|slot| slot.phase == Phase::Active) {
            slot.phase = Phase::Inactive;
            slot.idle.notify_one();
        }
        self.settle(slots, actor);
    }

    /// The same for a watch of one activation, by what tells it of the actor's idleness: an actor may have been forgotten
    /// and called again since.
    pub(super) fn leave_if_still_idle(
        self: &Arc<Self>,
        actor: &ActorRef,
        timeout: Duration,
        idle: &Arc<Notify>,
    ) -> Idleness {
        let is_it = self.slots().get(actor).is_some_and(|slot| Arc::ptr_eq(&slot.idle, idle));
        if is_it { self.leave_if_idle(actor, timeout) } else { Idleness::Gone }
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
                let held = self.hold(actor, guard);
                Idleness::Over(Leave { held, table: Arc::clone(self), actor: actor.clone() })
            }
            Err(_) => Idleness::Busy,
        }
    }

    /// Returns when a call has ended after this was called.
    pub(crate) fn one_ended(&self) -> impl Future<Output = ()> {
        self.ended_one.notified()
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
    /// Waits for the turn; one that is dropped while it waits just leaves the line. A call of the chain whose turn it is
    /// does not wait.
    pub(super) async fn turn(self, chain: Option<&Chain>) -> Result<Turn, TooDeep> {
        let Self { place, ticket, .. } = self;
        let guard = match (place, chain) {
            (Place::First(guard), _) => guard,
            (Place::Waiting(waiting), None) => waiting.await,
            (Place::Waiting(mut waiting), Some(chain)) => loop {
                let entered = match ticket.table.join(&ticket.actor, chain) {
                    Join::Turn(held) => return Ok(Turn { held, _ticket: ticket, activated: None, joined: true }),
                    Join::TooDeep => return Err(TooDeep),
                    Join::Not(entered) => entered,
                };
                tokio::select! {
                    guard = &mut waiting => break guard,
                    () = entered => {}
                }
            },
        };
        let held = Arc::new(ticket.table.hold(&ticket.actor, guard));
        if let Some(chain) = chain {
            ticket.table.enter(&ticket.actor, chain, &held);
        }
        let activated = ticket.table.activate(&ticket.actor);
        Ok(Turn { held, _ticket: ticket, activated, joined: false })
    }
}

impl Turn {
    /// Which turn it is, if anybody wants to know.
    pub(super) fn id(&self) -> Option<TurnId> {
        self.held.turn.as_ref().map(|turn| turn.id)
    }
}

impl Leave {
    /// Which turn it is, if anybody wants to know.
    pub(super) fn id(&self) -> Option<TurnId> {
        self.held.turn.as_ref().map(|turn| turn.id)
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
        if let Some(slot) = slots.get_mut(&self.actor) {
            slot.phase = Phase::Inactive;
        }
        self.table.settle(slots, &self.actor);
    }
}

#[cfg(test)]
mod tests;
