//! The pieces of the axis, in the order of time, each with its meaning: attempts, waits, idle time, what is predicted.

use super::{scale::Piece, words};
use model::{
    lesson::prediction::PredictedStep,
    operation::Operation,
    timeline::{Attempt, AttemptState, Hold, Outcome, Turn, Wait},
};

/// The plot that the drawing is made for. Places are percentages, so its real width may differ by a third.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plot {
    /// Its width in pixels.
    pub(super) width: f64,
    /// The width of an attempt.
    pub(super) step: f64,
    /// How many turns may share the axis.
    pub(super) turns: usize,
}

impl Plot {
    /// Beside the rows' heads.
    pub(super) const WIDE: Self = Self { width: 824.0, step: 36.0, turns: 5 };
    /// The whole width of a phone: the last turn only.
    pub(super) const NARROW: Self = Self { width: 366.0, step: 46.0, turns: 1 };
}

/// A piece's meaning.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    Space,
    /// Idle time, in milliseconds; 0 if it has not ended.
    Fold(u64),
    Attempt(usize, Attempt),
    Wait(usize, Wait),
    Hold(usize, Hold),
    Ghost(Option<usize>, PredictedStep),
    Tail(usize),
}

/// How long an attempt may last before it is drawn to scale, in milliseconds.
const LONG: u64 = 150;
/// Idle time beyond this is folded, in milliseconds.
pub(super) const IDLE: u64 = 2_000;
pub(super) const FOLD: f64 = 56.0;
/// Room for the activation's mark.
pub(super) const LEAD: f64 = 22.0;

/// The width of a hold while it lasts, in pixels: room for the countdown.
pub(super) const HOLD_LIVE: f64 = 74.0;
/// Its width afterwards.
pub(super) const HOLD_OVER: f64 = 24.0;

/// How much wider than others an operation's bar is, for its word to fit above it.
#[must_use]
pub(super) const fn extra(operation: Operation) -> f64 {
    if matches!(operation, Operation::Publish) { 8.0 } else { 0.0 }
}

/// Collects the pieces of the axis together with what they mean.
pub(super) struct Layout<'a> {
    pub(super) turns: &'a [Turn],
    pub(super) now: u64,
    pub(super) step: f64,
    pub(super) pieces: Vec<Piece>,
    pub(super) slots: Vec<Slot>,
}

impl Layout<'_> {
    pub(super) fn push(&mut self, piece: Piece, slot: Slot) {
        self.pieces.push(piece);
        self.slots.push(slot);
    }

    pub(super) fn space(&mut self, at: u64, width: f64) {
        self.push(Piece::fixed(at, at, width), Slot::Space);
    }

    /// The attempts, waits and holds of a turn; says when the last of them ends.
    pub(super) fn turn(&mut self, place: usize) -> u64 {
        let turn = &self.turns[place];
        let mut at = turn.started_at.unwrap_or_default();
        for attempt in &turn.attempts {
            let begins = attempt.started_at.max(at);
            at = self.before(place, attempt.operation, attempt.attempt, at, begins);
            let ends = match attempt.state {
                AttemptState::Running => self.now,
                AttemptState::Failed { took_us, .. } | AttemptState::Succeeded { took_us } => {
                    begins + took_us.div_ceil(1_000)
                }
            };
            let ends = ends.max(at);
            let least = self.step + extra(attempt.operation);
            let piece = Piece { from: at, to: ends, least, to_scale: ends - begins.min(ends) > LONG };
            self.push(piece, Slot::Attempt(place, attempt.clone()));
            at = ends;
        }
        if let Some(wait) = words::live_wait(turn) {
            self.push(Piece::scaled(at, wait.due_at.max(at), 24.0), Slot::Wait(place, wait.clone()));
            at = wait.due_at.max(at);
        }
        if let Some(hold) = turn.held() {
            at = self.before(place, hold.operation, hold.attempt, at, hold.due_at.max(at));
        }
        let ends = turn.ended_at.unwrap_or(at).max(at);
        if ends > at + LONG {
            self.push(Piece::scaled(at, ends, 0.0), Slot::Space);
        }
        if turn.ended() {
            let gave_up = if self.step > Plot::WIDE.step { 12.0 } else { 62.0 };
            let width = if matches!(turn.outcome, Outcome::Failed { .. }) { gave_up } else { 24.0 };
            self.push(Piece::fixed(ends, ends, width), Slot::Tail(place));
        }
        ends
    }

    /// The wait and the hold before an attempt that begins at `begins`; says when they end.
    fn before(&mut self, place: usize, operation: Operation, attempt: u8, at: u64, begins: u64) -> u64 {
        let turn = &self.turns[place];
        let hold = turn.holds.iter().find(|hold| hold.operation == operation && hold.attempt == attempt);
        let wait = turn.waits.iter().find(|wait| wait.operation == operation && wait.attempt == attempt);
        let waited = hold.map_or(begins, |hold| hold.from.clamp(at, begins));
        let mut ends = at;
        if let Some(wait) = wait {
            self.push(Piece::scaled(at, waited, 24.0), Slot::Wait(place, wait.clone()));
            ends = waited;
        } else if waited > at + LONG {
            self.push(Piece::scaled(at, waited, 0.0), Slot::Space);
            ends = waited;
        }
        if let Some(hold) = hold {
            let width = if hold.released.is_some() { HOLD_OVER } else { HOLD_LIVE };
            self.push(Piece::fixed(ends, begins, width), Slot::Hold(place, hold.clone()));
            ends = begins;
        }
        ends
    }

    /// The time between two turns.
    pub(super) fn gap(&mut self, from: u64, to: u64) {
        if to > from + IDLE {
            self.space(from, 6.0);
            self.push(Piece::fixed(from, to, FOLD), Slot::Fold(to - from));
            self.space(to, LEAD);
        } else {
            self.push(Piece::scaled(from, to.max(from), LEAD), Slot::Space);
        }
    }

    pub(super) fn ghosts(&mut self, row: Option<usize>, steps: Vec<PredictedStep>) {
        for step in steps {
            let piece = match step {
                PredictedStep::Wait { delay_ms, .. } => Piece::scaled(0, delay_ms, 24.0),
                PredictedStep::Attempt { operation, .. } => Piece::fixed(0, 0, self.step + extra(operation)),
            };
            self.push(piece, Slot::Ghost(row, step));
        }
    }
}

impl Slot {
    pub(super) const fn of(&self) -> Option<usize> {
        match self {
            Self::Attempt(place, _) | Self::Wait(place, _) | Self::Hold(place, _) | Self::Tail(place) => Some(*place),
            Self::Ghost(place, _) => *place,
            Self::Space | Self::Fold(_) => None,
        }
    }
}
