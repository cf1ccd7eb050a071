//! The time axis. Waits and queues are to scale; what takes milliseconds gets a fixed width, since nobody could see or
//! press it otherwise; idle time is folded. So time maps to places piece by piece.

use std::fmt;

/// A place or a width on the plot, in hundredths of a percent of its width: right at any width, before any script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Percent(pub i32);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, hundredths) = if self.0 < 0 { ("-", -self.0) } else { ("", self.0) };
        write!(f, "{sign}{}.{:02}%", hundredths / 100, hundredths % 100)
    }
}

/// A stretch of time and how it wants to be drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    /// Its first millisecond since the Unix epoch.
    pub(super) from: u64,
    /// The millisecond after its last; the same as `from` for what takes no measurable time.
    pub(super) to: u64,
    /// The least width it may get, in nominal pixels.
    pub(super) least: f64,
    /// Whether it is drawn to scale. If not, it gets `least` however long it lasts.
    pub(super) to_scale: bool,
}

impl Piece {
    /// A stretch that gets this width, however long it lasts.
    #[must_use]
    pub(super) const fn fixed(from: u64, to: u64, width: f64) -> Self {
        Self { from, to, least: width, to_scale: false }
    }

    /// A stretch that is drawn to scale.
    #[must_use]
    pub(super) const fn scaled(from: u64, to: u64, least: f64) -> Self {
        Self { from, to, least, to_scale: true }
    }

    fn lasts(&self) -> f64 {
        self.to.saturating_sub(self.from) as f64
    }
}

/// The most pixels that a millisecond may get: a lone short wait does not fill the plot.
const MOST: f64 = 0.38;

/// Pieces in the order of time, each with its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    placed: Vec<(Piece, f64, f64)>,
    width: f64,
    /// Nominal pixels for a millisecond of what is drawn to scale.
    pub(super) scale: f64,
}

impl Axis {
    /// Lays the pieces side by side on a plot of `width` nominal pixels.
    #[must_use]
    pub(super) fn new(pieces: &[Piece], width: f64) -> Self {
        let scale = fit(pieces, width);
        let widths: Vec<f64> = pieces.iter().map(|piece| wide(piece, scale)).collect();
        let total: f64 = widths.iter().sum();
        // More than the plot can hold at its least: narrower bars are better than lost ones.
        let squeeze = if total > width { width / total } else { 1.0 };
        let mut x = 0.0;
        let place = |(piece, w): (&Piece, f64)| {
            let at = x;
            x += w * squeeze;
            (*piece, at, w * squeeze)
        };
        Self { placed: pieces.iter().zip(widths).map(place).collect(), width, scale: scale * squeeze }
    }

    /// The left edge of a piece, in nominal pixels.
    #[must_use]
    pub(super) fn left(&self, piece: usize) -> f64 {
        self.placed.get(piece).map_or(0.0, |(_, x, _)| *x)
    }

    /// The width of a piece, in nominal pixels.
    #[must_use]
    pub(super) fn wide(&self, piece: usize) -> f64 {
        self.placed.get(piece).map_or(0.0, |(_, _, w)| *w)
    }

    /// Where a time lies, in nominal pixels, as far as the first `known` pieces tell; what is later lies at their
    /// end, what is earlier at the start of the first.
    #[must_use]
    pub(super) fn at(&self, time: u64, known: usize) -> f64 {
        let known = &self.placed[..known.min(self.placed.len())];
        let Some((piece, x, w)) = known.iter().find(|(piece, ..)| time < piece.to) else {
            return known.last().map_or(0.0, |(_, x, w)| x + w);
        };
        let since = time.saturating_sub(piece.from) as f64;
        x + w * since / piece.lasts().max(1.0)
    }

    /// Nominal pixels as a part of the plot.
    #[must_use]
    pub(super) fn percent(&self, px: f64) -> Percent {
        Percent((px / self.width * 10_000.0).round() as i32)
    }
}

fn wide(piece: &Piece, scale: f64) -> f64 {
    if piece.to_scale { piece.least.max(piece.lasts() * scale) } else { piece.least }
}

/// The scale at which the pieces fill the plot. A piece that would fall under its least width takes that and leaves
/// the rest to the others, which can push the next one under: hence the loop, once round for each at most.
fn fit(pieces: &[Piece], width: f64) -> f64 {
    let mut scale = MOST;
    for _ in 0..=pieces.len() {
        let is_free = |piece: &&Piece| piece.to_scale && piece.lasts() * scale > piece.least;
        let time: f64 = pieces.iter().filter(is_free).map(Piece::lasts).sum();
        let taken: f64 = pieces.iter().filter(|piece| !is_free(piece)).map(|piece| piece.least).sum();
        if time == 0.0 {
            break;
        }
        let fits = ((width - taken) / time).clamp(0.0, MOST);
        if fits >= scale {
            break;
        }
        scale = fits;
    }
    scale
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: f64 = 36.0;

    /// An attempt, a second's wait, three attempts.
    fn a_recovery() -> Vec<Piece> {
        let mut pieces = vec![Piece::fixed(0, 0, 26.0), Piece::fixed(100, 101, STEP), Piece::scaled(101, 1_101, 24.0)];
        pieces.extend([1_101, 1_103, 1_108].map(|from| Piece::fixed(from, from + 2, STEP)));
        pieces
    }

    #[test]
    fn waits_are_to_scale_with_each_other() {
        let pieces =
            [Piece::scaled(0, 1_000, 24.0), Piece::fixed(1_000, 1_001, STEP), Piece::scaled(1_001, 3_001, 24.0)];
        let axis = Axis::new(&pieces, 824.0);
        assert!((axis.wide(2) - 2.0 * axis.wide(0)).abs() < 0.001);
        assert!((axis.left(2) + axis.wide(2) - 824.0).abs() < 0.001, "they fill the plot");
    }

    #[test]
    fn an_attempt_keeps_its_width_however_short_it_is() {
        let axis = Axis::new(&a_recovery(), 824.0);
        for attempt in [1, 3, 4, 5] {
            assert_eq!(axis.wide(attempt), STEP);
        }
    }

    #[test]
    fn a_moment_of_a_wait_lies_in_proportion() {
        let axis = Axis::new(&a_recovery(), 824.0);
        let half = axis.left(2) + axis.wide(2) / 2.0;
        assert!((axis.at(601, 6) - half).abs() < 0.001);
    }

    #[test]
    fn what_is_not_known_yet_does_not_move_the_clock() {
        let axis = Axis::new(&a_recovery(), 824.0);
        assert_eq!(axis.at(5_000, 3), axis.left(3), "at the end of what is known");
        assert_eq!(axis.at(0, 6), axis.left(1), "and at its start before that");
    }

    #[test]
    fn a_short_wait_stays_wide_enough_to_press() {
        let pieces = [Piece::scaled(0, 10, 24.0), Piece::scaled(10, 60_010, 24.0)];
        let axis = Axis::new(&pieces, 824.0);
        assert_eq!(axis.wide(0), 24.0);
        assert!((axis.wide(1) - 800.0).abs() < 0.001);
    }

    #[test]
    fn more_than_the_plot_holds_is_squeezed_and_not_cut_off() {
        let axis = Axis::new(&[Piece::fixed(0, 1, STEP); 30], 360.0);
        assert!((axis.wide(0) - 12.0).abs() < 0.001);
        assert!((axis.left(29) + axis.wide(29) - 360.0).abs() < 0.001);
    }

    #[test]
    fn places_are_written_as_percentages() {
        assert_eq!(Percent(752).to_string(), "7.52%");
        assert_eq!(Percent(-1_205).to_string(), "-12.05%");
    }
}
