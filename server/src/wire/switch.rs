//! The switch of the wire: what it does on purpose, and since when.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use model::{
    timeline::{LogLine, Step},
    wire::{WireFault, WireSetting, WireStatus},
};
use tokio::{sync::watch, time::Instant};

use crate::labs::Timelines;

/// The wire's switch. Clones share it.
#[derive(Clone, Debug)]
pub struct WireSwitch {
    listens: String,
    redis: String,
    set: watch::Sender<Set>,
    /// When the last fault ended. Held while a change is recorded too, so that the timelines tell changes in the order
    /// in which they were made.
    ended: Arc<Mutex<Option<Instant>>>,
}

/// The wire as it is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) fault: Option<WireFault>,
    /// How often it was changed: who holds something must notice that a fault ended, also if it came back since.
    pub(super) changes: u64,
}

impl Set {
    pub(super) const fn refuses(&self) -> bool {
        matches!(self.fault, Some(WireFault::Refuse))
    }
}

impl WireSwitch {
    /// A wire that works.
    #[must_use]
    pub fn new(listens: SocketAddr, redis: &str) -> Self {
        Self {
            listens: listens.to_string(),
            redis: redis.to_owned(),
            set: watch::Sender::new(Set::default()),
            ended: Arc::default(),
        }
    }

    /// The wire as it stands.
    #[must_use]
    pub fn status(&self) -> WireStatus {
        WireStatus { fault: self.set.borrow().fault, listens: self.listens.clone(), redis: self.redis.clone() }
    }

    /// Sets the wire and tells every actor that has a timeline; returns the line that is to be logged of it. Setting what
    /// is set already changes nothing. Whose wire it is [`Controls`](crate::controls::Controls) know, which alone set it.
    #[must_use]
    pub(crate) fn set(&self, setting: WireSetting, timelines: &Timelines) -> Option<LogLine> {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = self.set.send_if_modified(|set| {
            let changes = set.fault != setting.fault;
            if changes {
                if set.fault.is_some() {
                    *ended = Some(Instant::now());
                }
                *set = Set { fault: setting.fault, changes: set.changes + 1 };
            }
            changes
        });
        let line = changed.then(|| timelines.record_for_all(&Step::WireChanged { wire: setting.fault }));
        drop(ended);
        line.flatten()
    }

    /// Whether the wire failed on purpose at any time since `at`.
    #[must_use]
    pub fn failed_since(&self, at: Instant) -> bool {
        let ended = *self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        self.set.borrow().fault.is_some() || ended.is_some_and(|ended| ended >= at)
    }

    pub(super) fn watch(&self) -> watch::Receiver<Set> {
        self.set.subscribe()
    }
}
