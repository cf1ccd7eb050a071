//! What a run has come to.

use std::fmt;

use super::shared::Log;
use crate::model::Outcome;

/// What a run has come to.
#[derive(Debug, Default)]
pub struct Report {
    pub acknowledged: usize,
    pub failed: usize,
    pub unknown: usize,
    /// Deliveries of messages that had been sent before.
    pub repeats: usize,
    pub readings: usize,
    pub faults: u64,
    /// Deactivations that came from outside, as a daprd's may, at any moment.
    pub deactivations: u64,
    /// Deactivations by the sidecar, after the actor had idled.
    pub idled: u64,
    pub kills: u64,
    pub stops: u64,
    /// Lives of the process whose log's reader had left.
    pub logs_left: u64,
    /// Lives of the process whose log's reader stood still.
    pub logs_stalled: u64,
    /// Event streams that nobody read.
    pub streams_stalled: u64,
    /// How often the process had no file handle left.
    pub out_of_handles: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            acknowledged, failed, unknown, repeats, readings, faults, deactivations, idled, kills, stops, ..
        } = self;
        let Self { logs_left, logs_stalled, streams_stalled, out_of_handles, .. } = self;
        write!(
            f,
            "{acknowledged} deliveries acknowledged, {failed} failed, {unknown} unknown, {repeats} of them repeats; \
             {faults} changes of the switch, {deactivations} deactivations from outside, {idled} after idling, \
             {kills} times kill -9, {stops} stops; \
             {logs_left} logs whose reader left, {logs_stalled} whose reader stood still, {streams_stalled} streams that \
             nobody read, {out_of_handles} times no file handle left; \
             {readings} readings of the store"
        )
    }
}

impl Report {
    /// Counts what happened to one actor.
    pub(super) fn add(&mut self, log: &Log) {
        let mut seen = std::collections::HashSet::new();
        for delivery in &log.deliveries {
            match delivery.outcome {
                Outcome::Acknowledged(_) => self.acknowledged += 1,
                Outcome::Failed(_) => self.failed += 1,
                Outcome::Unknown(_) => self.unknown += 1,
            }
            self.repeats += usize::from(!seen.insert(&delivery.message));
        }
        self.readings += log.stored.len();
    }
}
