//! Hearing that a person asks for the end.
use anyhow::{Context, Result};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// How often a person has asked for the end, by Ctrl-C or a signal.
#[derive(Clone)]
pub(crate) struct Asked(Arc<AtomicUsize>);

impl Asked {
    /// From here on Ctrl-C is counted instead of ending this process.
    ///
    /// # Errors
    /// When signals cannot be received.
    pub(crate) fn listen() -> Result<Self> {
        let count = Arc::new(AtomicUsize::new(0));
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("signals cannot be received")?;
        let counted = count.clone();
        thread::spawn(move || {
            for _ in signals.forever() {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok(Self(count))
    }

    /// How often so far.
    pub(crate) fn times(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
