//! The actors of this process by id: what outlives a single turn.

use std::{
    collections::HashMap,
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use model::{
    actor_id::ActorId,
    message::{Message, MessageId},
};

/// One actor id. It is held by `Arc` through every turn, so that a deactivation in the middle of one (daprd does that
/// to a turn that outlasts the idle timeout) takes nothing away that the turn still uses, the lock least of all.
#[derive(Default)]
pub(super) struct Slot {
    /// Held through a turn. Fair: turns get it in the order in which they asked.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// Whether the actor is in memory, as Dapr counts it.
    active: AtomicBool,
    /// The saves that may or may not have been carried out.
    unsettled: Mutex<Vec<Unsettled>>,
}

/// A save that may or may not have been carried out.
pub(super) struct Unsettled {
    /// The turn that tried it.
    pub(super) turn: u64,
    /// The message's id.
    pub(super) id: MessageId,
    /// The message's text.
    pub(super) content: String,
    /// The reply that was to be stored with it.
    pub(super) reply: Message,
}

impl Slot {
    /// Brings the actor into memory; returns whether it was not there.
    pub(super) fn activate(&self) -> bool {
        !self.active.swap(true, Ordering::SeqCst)
    }

    pub(super) fn leave_unsettled(&self, save: Unsettled) {
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).push(save);
    }

    pub(super) fn take_unsettled(&self) -> Vec<Unsettled> {
        mem::take(&mut self.unsettled.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether nothing would be lost with it but what the store holds.
    fn is_empty(&self) -> bool {
        let settled = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        settled && !self.active.load(Ordering::SeqCst)
    }
}

/// The slots of all actors that are in memory or in a turn.
#[derive(Default)]
pub(super) struct Slots(Mutex<HashMap<ActorId, Arc<Slot>>>);

impl Slots {
    /// The actor's slot, made when there is none.
    pub(super) fn get(&self, actor: &ActorId) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(actor.clone()).or_default())
    }

    /// Takes the actor out of memory; returns whether it was there.
    pub(super) fn deactivate(&self, actor: &ActorId) -> bool {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(slot) = slots.get(actor) else { return false };
        let was_active = slot.active.swap(false, Ordering::SeqCst);
        if Arc::strong_count(slot) == 1 && slot.is_empty() {
            slots.remove(actor);
        }
        was_active
    }

    /// Gives a slot back after a turn; forgets it if the actor was taken out of memory meanwhile.
    pub(super) fn give_back(&self, actor: &ActorId, slot: Arc<Slot>) {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(slot);
        // Slots are cloned under this lock only: a count of one is this map's own.
        if slots.get(actor).is_some_and(|slot| Arc::strong_count(slot) == 1 && slot.is_empty()) {
            slots.remove(actor);
        }
    }
}
