//! The switch of the wire: what it does on purpose, and since when.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use model::{
    timeline::{LogLine, Step},
    wire::{WireFault, WireSetting, WireStatus},
};
use tokio::{sync::watch, time::Instant};

use crate::labs::Timelines;

/// How long it is known what the wire did: longer than an attempt can last.
const KEPT: Duration = Duration::from_secs(60);

/// The wire's switch. Clones share it.
#[derive(Clone, Debug)]
pub struct WireSwitch {
    listens: String,
    redis: String,
    set: watch::Sender<WireState>,
    /// The faults that have ended lately, and when. Held while a change is recorded too, so that the timelines tell changes in the order
    /// in which they were made.
    ended: Arc<Mutex<Vec<(WireFault, Instant)>>>,
}

/// The wire as it is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct WireState {
    pub(super) fault: Option<WireFault>,
    /// How often it was changed: who holds something must notice that a fault ended, also if it came back since.
    pub(super) changes: u64,
}

impl WireState {
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
            set: watch::Sender::new(WireState::default()),
            ended: Arc::default(),
        }
    }

    /// The wire as it stands.
    #[must_use]
    pub fn status(&self) -> WireStatus {
        WireStatus { fault: self.set.borrow().fault, listens: self.listens.clone(), redis: self.redis.clone() }
    }

    /// Sets the wire and tells every actor that has a timeline; returns the line that is to be logged of it. Setting what
    /// is set already changes nothing. Whose wire it is the controls know, which alone set it.
    #[must_use]
    pub(crate) fn set(&self, setting: WireSetting, timelines: &Timelines) -> Option<LogLine> {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = self.set.send_if_modified(|set| {
            let changes = set.fault != setting.fault;
            if changes {
                ended.retain(|(_, at)| at.elapsed() < KEPT);
                ended.extend(set.fault.map(|fault| (fault, Instant::now())));
                *set = WireState { fault: setting.fault, changes: set.changes + 1 };
            }
            changes
        });
        let line = changed.then(|| timelines.record_for_all(&Step::WireChanged { wire: setting.fault }));
        drop(ended);
        line.flatten()
    }

    /// What the wire did on purpose at any time since `at`, no longer ago than an attempt can have begun, and whether that
    /// has ended since.
    #[must_use]
    pub fn faults_since(&self, at: Instant) -> Vec<(WireFault, bool)> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = ended.iter().filter(|(_, end)| *end >= at).map(|(fault, _)| (*fault, true));
        ended.chain(self.set.borrow().fault.map(|fault| (fault, false))).collect()
    }

    pub(super) fn watch(&self) -> watch::Receiver<WireState> {
        self.set.subscribe()
    }
}
