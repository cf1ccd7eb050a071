//! What everybody writes into and looks at.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use fastrand::Rng;
use model::actor_id::ActorId;
use server::store::StoreReader;
use tokio::{
    sync::{RwLock, watch},
    time::Instant,
};

use super::Plan;
use crate::{
    lab::Door,
    model::{Delivery, Moment, Stored},
};

/// What everybody writes into and looks at.
pub(super) struct Shared {
    pub(super) plan: Plan,
    pub(super) door: Door,
    pub(super) store: StoreReader,
    pub(super) clock: AtomicU64,
    pub(super) logs: BTreeMap<ActorId, Mutex<Log>>,
    pub(super) counts: [AtomicU64; 9],
    /// Held by everybody who does something to an actor, and alone by who lets it idle.
    pub(super) quiet: BTreeMap<ActorId, RwLock<()>>,
    /// The process's number.
    pub(super) process: watch::Sender<Option<u32>>,
    /// Whether the process serves.
    pub(super) up: watch::Sender<bool>,
    pub(super) end: Instant,
}

/// What happens to one actor.
#[derive(Default)]
pub(super) struct Log {
    pub(super) deliveries: Vec<Delivery>,
    pub(super) stored: Vec<Stored>,
}

/// What is counted, by its place.
#[derive(Clone, Copy)]
pub(super) enum Count {
    Fault,
    Deactivation,
    Idled,
    Kill,
    Stop,
    LogLeft,
    LogStalled,
    StreamStalled,
    OutOfHandles,
}

impl Shared {
    pub(super) fn now(&self) -> Moment {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    pub(super) fn count(&self, what: Count) {
        self.counts[what as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counted(&self, what: Count) -> u64 {
        self.counts[what as usize].load(Ordering::Relaxed)
    }

    pub(super) fn over(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Waits until the process serves, if it does not.
    pub(super) async fn serves(&self) {
        self.up.subscribe().wait_for(|up| *up).await.unwrap();
    }

    pub(super) fn log(&self, actor: &ActorId, write: impl FnOnce(&mut Log)) {
        write(&mut self.logs[actor].lock().unwrap());
    }

    /// A source of chance of its own for each part of the run.
    pub(super) fn rng(&self, part: u64) -> Rng {
        Rng::with_seed(self.plan.seed.wrapping_mul(1_000_003).wrapping_add(part))
    }
}
