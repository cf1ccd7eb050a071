//! What the axis wears: ticks, figures, the verniers where it is stretched, the folds where it is shortened.

use super::{
    layout::Slot,
    scale::{Axis, Percent, Piece},
    words,
};
use crate::format::{clock, tenths_ms};
use model::{
    lesson::prediction::PredictedStep,
    timeline::{AttemptState, Turn},
};

/// What a label on the axis is, which decides how it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A time of day, from its left edge on: milliseconds since the Unix epoch.
    Clock(u64),
    /// Tenths of a second since the turn began.
    Tenths(u64),
    /// How long the fast steps under a vernier took, in microseconds.
    Took(u64),
    /// A vernier over what is predicted.
    Predicted,
    /// How much idle time is folded, in milliseconds.
    Idle(u64),
}

/// Everything that the axis wears.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Marks {
    /// Ticks, and whether each is a main one, which the rows' grid repeats.
    pub(super) ticks: Vec<(Percent, bool)>,
    /// Labels at their places.
    pub(super) labels: Vec<(Percent, Kind)>,
    /// Where the axis is stretched: left edge and width.
    pub(super) verniers: Vec<(Percent, Percent)>,
    /// Where it is shortened: left edge and width.
    pub(super) folds: Vec<(Percent, Percent)>,
    taken: Vec<(f64, f64)>,
}

impl Marks {
    pub(super) fn new(turns: &[Turn], pieces: &[Piece], slots: &[Slot], axis: &Axis) -> Self {
        let mut marks = Self::default();
        let mut turn = None;
        for (piece, slot) in slots.iter().enumerate() {
            match slot {
                Slot::Fold(ms) => {
                    let (x, w) = (axis.left(piece), axis.wide(piece));
                    marks.folds.push((axis.percent(x), axis.percent(w)));
                    marks.label(axis, x + w / 2.0, x, x + w, Kind::Idle(*ms));
                }
                Slot::Attempt(place, _) if turn != Some(*place) => {
                    turn = Some(*place);
                    let x = axis.left(piece);
                    marks.label(axis, x, x, x + 56.0, Kind::Clock(turns[*place].started_at.unwrap_or_default()));
                }
                _ => {}
            }
        }
        marks.ticks(turns, pieces, slots, axis);
        marks.verniers(pieces, slots, axis);
        marks
    }

    /// Sets a label if nothing stands there yet.
    fn label(&mut self, axis: &Axis, at: f64, from: f64, to: f64, kind: Kind) {
        if self.taken.iter().all(|(l, r)| to <= *l || from >= *r) {
            self.taken.push((from, to));
            self.labels.push((axis.percent(at), kind));
        }
    }

    /// Tenths and halves of a second, or what there is room for, along everything that is to scale.
    fn ticks(&mut self, turns: &[Turn], pieces: &[Piece], slots: &[Slot], axis: &Axis) {
        let room = |px: f64, steps: &[u64]| {
            let fits = |step: &&u64| **step as f64 * axis.scale >= px;
            steps.iter().find(fits).copied().unwrap_or(60_000)
        };
        let minor = room(7.0, &[100, 500, 1_000, 5_000, 10_000]);
        let major = room(40.0, &[500, 1_000, 5_000, 10_000, 30_000]);
        let mut predicted = 0;
        for (place, piece) in pieces.iter().enumerate() {
            let begins = match &slots[place] {
                Slot::Wait(turn, _) => piece.from.saturating_sub(turns[*turn].started_at.unwrap_or(piece.from)),
                Slot::Attempt(turn, _) if piece.to_scale => {
                    piece.from.saturating_sub(turns[*turn].started_at.unwrap_or(piece.from))
                }
                Slot::Ghost(None, PredictedStep::Wait { delay_ms, .. }) => {
                    predicted += delay_ms;
                    predicted - delay_ms
                }
                _ => continue,
            };
            let tenths = |ms: u64| (ms + 50) / 100 * 100;
            let (from, lasts) = (tenths(begins), tenths(piece.to - piece.from).max(1));
            let (x, w) = (axis.left(place), axis.wide(place));
            let at = |ms: u64| x + w * (ms - from) as f64 / lasts as f64;
            for k in from.div_ceil(minor)..=(from + lasts) / minor {
                let ms = k * minor;
                let main = ms % major == 0 || ms == from || ms == from + lasts;
                self.ticks.push((axis.percent(at(ms)), main));
                let drawn_alone = matches!(slots[place], Slot::Ghost(..));
                if ms % major == 0 && (ms > from || drawn_alone && ms == 0) {
                    self.label(axis, at(ms), at(ms) - 17.0, at(ms) + 17.0, Kind::Tenths(ms));
                }
            }
        }
    }

    /// One vernier over each run of fast steps.
    fn verniers(&mut self, pieces: &[Piece], slots: &[Slot], axis: &Axis) {
        let kind = |place: usize| match &slots[place] {
            Slot::Attempt(_, a) if !pieces[place].to_scale => Some(match a.state {
                AttemptState::Failed { took_us, .. } | AttemptState::Succeeded { took_us } => Kind::Took(took_us),
                AttemptState::Running => Kind::Took(0),
            }),
            Slot::Ghost(_, PredictedStep::Attempt { .. }) => Some(Kind::Predicted),
            _ => None,
        };
        let mut place = 0;
        while place < slots.len() {
            let Some(mut run) = kind(place) else {
                place += 1;
                continue;
            };
            let from = place;
            place += 1;
            while let Some(next) = (place < slots.len()).then(|| kind(place)).flatten() {
                run = match (run, next) {
                    (Kind::Took(a), Kind::Took(b)) => Kind::Took(a + b),
                    (Kind::Predicted, Kind::Predicted) => Kind::Predicted,
                    _ => break,
                };
                place += 1;
            }
            let (x, end) = (axis.left(from), axis.left(place - 1) + axis.wide(place - 1));
            self.verniers.push((axis.percent(x), axis.percent(end - x)));
            let middle = x.midpoint(end);
            if end - x > 60.0 {
                self.label(axis, middle, middle - 27.0, middle + 27.0, run);
            }
        }
    }
}

impl Kind {
    /// The label's text.
    #[must_use]
    pub(super) fn text(self, utc_offset_min: i32) -> String {
        match self {
            Self::Clock(at) => clock(at, utc_offset_min),
            Self::Tenths(0) => "0 s".to_owned(),
            Self::Tenths(ms) => tenths_ms(ms),
            Self::Took(us) => words::lasted(us),
            Self::Predicted => "predicted".to_owned(),
            Self::Idle(ms) if ms < 1_000 => "idle".to_owned(),
            Self::Idle(ms) => format!("{} idle", words::roughly(ms)),
        }
    }

    /// The label's class: how it is set.
    #[must_use]
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Clock(_) => "tc",
            Self::Tenths(_) => "tt",
            Self::Took(_) | Self::Predicted => "vt",
            Self::Idle(_) => "it",
        }
    }
}
