//! What a follower missed. It can be a whole timeline, so it is read in pieces, each when the one before it has gone out: a
//! reader that stalls holds no more than one.

use std::{collections::BTreeSet, sync::Arc};

use model::timeline::{Event, Step};

/// How many bytes of events as JSON a piece has at most; one event is a piece, however large it is.
pub(crate) const PIECE: usize = 64 * 1024;

/// What a follower missed and has not read yet.
#[derive(Debug)]
pub struct Missed {
    is_gap: bool,
    /// The number of the last event that it has.
    after: u64,
    /// The number of the last event that was missed: what comes after it, comes to the follower.
    until: u64,
    /// The turns whose beginning was read here, and not their end.
    open: BTreeSet<u64>,
}

impl Missed {
    /// What came after an event that is known.
    pub(super) const fn after(after: u64, until: u64) -> Self {
        Self { is_gap: false, after, until, open: BTreeSet::new() }
    }

    /// Everything that is known.
    pub(super) const fn everything(until: u64) -> Self {
        Self { is_gap: true, after: 0, until, open: BTreeSet::new() }
    }

    /// Whether the point that was asked for is not known any more, or is not of this timeline: what is read is everything
    /// that is known instead.
    #[must_use]
    pub const fn is_gap(&self) -> bool {
        self.is_gap
    }

    /// The number of the last event that was missed.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.until
    }

    /// Whether all of it is read.
    pub(crate) const fn is_read(&self) -> bool {
        self.after >= self.until
    }

    /// The numbers of the events that are to be read.
    pub(super) const fn rest(&self) -> std::ops::RangeInclusive<u64> {
        self.after + 1..=self.until
    }

    /// Whether what is read and what is still to be read fit together, in a timeline of which nothing up to `gone` is known
    /// but what is in these turns. Of everything that is known turns may go that were read whole, or not at all.
    pub(super) fn fits(&self, gone: u64, has_turn: impl Fn(u64) -> bool) -> bool {
        self.after >= gone || self.is_gap && self.open.iter().all(|turn| has_turn(*turn))
    }

    /// Takes a piece of the events that are to be read, which come with their sizes.
    pub(super) fn take<'a>(&mut self, rest: impl Iterator<Item = (&'a Arc<Event>, usize)>) -> Vec<Arc<Event>> {
        let (mut piece, mut bytes) = (Vec::new(), 0);
        for (event, size) in rest {
            bytes += size;
            if bytes > PIECE && !piece.is_empty() {
                return piece;
            }
            match &event.step {
                Step::TurnQueued { turn, .. } | Step::TurnStarted { turn, .. } => drop(self.open.insert(*turn)),
                Step::TurnCompleted { turn, .. } | Step::TurnFailed { turn, .. } => drop(self.open.remove(turn)),
                _ => {}
            }
            self.after = event.seq;
            piece.push(Arc::clone(event));
        }
        self.after = self.until;
        piece
    }
}
