//! Which turns stand on the axis, and where everything on it goes: one pure function from turns to a drawing.

use super::{
    layout::{FOLD, HOLD_LIVE, HOLD_OVER, IDLE, LEAD, Layout, Plot, Slot},
    marks::Marks,
    predicted::remainder,
    scale::{Axis, Percent, Piece},
};
use model::{
    lesson::prediction::{PredictedStep, Prediction},
    timeline::{Attempt, Hold, Outcome, Turn, Wait},
};

/// The time that a turn waits behind others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Queue {
    /// Where it begins.
    pub(super) x: Percent,
    /// Where the turn starts; without, it still waits and the dashes go to the right edge.
    pub(super) to: Option<Percent>,
    /// When the turn was asked for, in milliseconds since the Unix epoch.
    pub(super) from: u64,
    /// When it started.
    pub(super) until: Option<u64>,
    /// Whether there is room for words over it.
    pub(super) named: bool,
}

/// One thing in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// The actor was brought into memory for this turn.
    Activated(Percent),
    /// The time behind other turns.
    Queue(Queue),
    /// An attempt, at its place and of its width.
    Attempt(Percent, Percent, Attempt),
    /// The wait before one.
    Wait(Percent, Percent, Wait),
    /// An attempt that is held before it begins.
    Hold(Percent, Percent, Hold),
    /// What has not happened yet.
    Ghost(Percent, Percent, PredictedStep),
    /// The reply went out.
    Reply(Percent),
    /// The last attempt failed.
    GaveUp(Percent),
}

impl Item {
    /// Whether it is a bar that can be selected.
    pub(super) const fn is_selectable(&self) -> bool {
        matches!(self, Self::Attempt(..) | Self::Wait(..))
    }
}

/// The axis and the rows that stand on it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drawing {
    /// Ticks, labels, verniers and folds.
    pub(super) marks: Marks,
    /// The turns on the axis, by number, with what their rows hold.
    pub(super) rows: Vec<(u64, Vec<Item>)>,
    /// The turn that comes next, where one is drawn.
    pub(super) next: Option<Vec<Item>>,
    /// When the first turn on the axis began.
    pub(super) begins: Option<u64>,
    axis: Axis,
    known: usize,
    clock: Clock,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Clock {
    /// Nothing runs: there is no *now* on the axis.
    Still,
    /// A turn runs: *now* moves along the axis.
    Runs,
    /// Idle time is folded: *now* stands at its end.
    At(f64),
}

impl Drawing {
    /// What the row of this turn holds, if it stands on the axis.
    #[must_use]
    pub(super) fn row(&self, number: u64) -> Option<&Vec<Item>> {
        self.rows.iter().find(|(of, _)| *of == number).map(|(_, items)| items)
    }

    /// Whether calls of the sidecar are drawn under any attempt.
    #[must_use]
    pub(super) fn has_calls(&self) -> bool {
        let has_calls = |item: &Item| matches!(item, Item::Attempt(_, _, attempt) if !attempt.calls.is_empty());
        self.rows.iter().any(|(_, items)| items.iter().any(has_calls))
    }

    /// Where *now* is, if the axis shows it.
    #[must_use]
    pub(super) fn now(&self, now: u64) -> Option<Percent> {
        match self.clock {
            Clock::Still => None,
            Clock::Runs => Some(self.axis.percent(self.axis.at(now, self.known))),
            Clock::At(px) => Some(self.axis.percent(px)),
        }
    }
}

/// Draws these turns. `predicted` is what the next message will meet. It is drawn as a row of its own in a lab that has
/// no turn yet and, if there is a `next` message, after a turn that failed.
#[must_use]
pub(super) fn draw(turns: &[Turn], predicted: Option<&Prediction>, next: bool, now: u64, plot: Plot) -> Drawing {
    let mut began: Vec<usize> = (0..turns.len()).filter(|place| turns[*place].started_at.is_some()).collect();
    began.sort_by_key(|place| turns[*place].started_at);
    let idle = turns.iter().all(Turn::ended);
    let failed = began.last().is_some_and(|last| matches!(turns[*last].outcome, Outcome::Failed { .. }));
    let coming = predicted.filter(|_| idle && (turns.is_empty() || failed && next && plot.turns > 1));

    let on_axis = fitting(turns, &began, plot, coming.is_some() && failed);
    let alone = on_axis.len() + usize::from(coming.is_some()) == 1 && plot.turns > 1;
    let step = if alone { plot.step + 8.0 } else { plot.step };
    let mut layout = Layout { turns, now, step, pieces: Vec::new(), slots: Vec::new() };
    layout.space(0, if plot.turns == 1 { 18.0 } else { LEAD + 4.0 + if alone { 14.0 } else { 0.0 } });

    let mut ends = None;
    for place in on_axis {
        if let Some(ends) = ends {
            layout.gap(ends, turns[*place].started_at.unwrap_or_default());
        }
        ends = Some(layout.turn(*place));
    }
    let known = layout.pieces.len();
    let running = on_axis.last().filter(|place| !turns[**place].ended());
    if let Some(place) = running {
        layout.ghosts(Some(*place), remainder(&turns[*place], predicted));
    }
    let shown = layout.pieces.len();
    if let Some(coming) = coming {
        if let Some(ends) = ends {
            layout.push(Piece::fixed(ends, ends, FOLD), Slot::Fold(0));
            layout.space(ends, LEAD + 4.0);
        }
        layout.ghosts(None, coming.steps.clone());
        let room = if turns.is_empty() { if coming.succeeds() { 24.0 } else { 62.0 } } else { 0.0 };
        layout.space(0, room);
    }
    layout.space(0, 4.0);

    let axis = Axis::new(&layout.pieces, plot.width);
    let clock = match (running, coming, ends) {
        (Some(_), ..) => Clock::Runs,
        (None, Some(_), Some(_)) => Clock::At(axis.left(shown + 2) - 6.0),
        _ => Clock::Still,
    };
    let rows = rows(&layout, &axis, on_axis, known);
    let next = coming.map(|coming| next_row(&layout, &axis, coming, turns.is_empty()));
    let marks = Marks::new(turns, &layout.pieces, &layout.slots, &axis);
    let begins = on_axis.first().and_then(|place| turns[*place].started_at);
    Drawing { marks, rows, next, begins, axis, known, clock }
}

/// The last turns that fit onto the axis at a scale at which a second is easy to see.
fn fitting<'a>(turns: &[Turn], began: &'a [usize], plot: Plot, with_next: bool) -> &'a [usize] {
    const COMFORTABLE: f64 = 0.15;
    let mut room = plot.width - if with_next { FOLD + LEAD + 3.0 * plot.step } else { 0.0 };
    let mut from = began.len();
    let mut begins = None;
    for place in began.iter().rev().take(plot.turns) {
        let turn = &turns[*place];
        // A turn that runs is going to have its three operations drawn.
        let steps = if turn.ended() { turn.attempts.len() } else { turn.attempts.len() + 3 };
        let waits: u64 = turn.waits.iter().map(|wait| wait.delay_ms).sum();
        let ends = turn.ended_at.unwrap_or(u64::MAX);
        let fold = if begins.is_some_and(|begins| begins > ends.saturating_add(IDLE)) { FOLD + 6.0 } else { 0.0 };
        begins = turn.started_at;
        let holds = turn.holds.len() as f64 * HOLD_OVER + turn.held().map_or(0.0, |_| HOLD_LIVE - HOLD_OVER);
        room -= LEAD + 32.0 + fold + steps as f64 * plot.step + waits as f64 * COMFORTABLE + holds;
        if room < 0.0 && from < began.len() {
            break;
        }
        from -= 1;
    }
    &began[from..]
}

fn rows(layout: &Layout<'_>, axis: &Axis, on_axis: &[usize], known: usize) -> Vec<(u64, Vec<Item>)> {
    let queued = (0..layout.turns.len()).filter(|place| layout.turns[*place].outcome == Outcome::Queued);
    let mut places: Vec<usize> = on_axis.iter().copied().chain(queued).collect();
    places.sort_unstable();
    let row = |place: usize| {
        let turn = &layout.turns[place];
        let mut items = Vec::new();
        let starts = layout.slots.iter().position(|slot| slot.of() == Some(place)).map(|piece| axis.left(piece));
        if let Some(item) = queue(turn, axis, starts, known) {
            items.push(item);
        }
        if turn.activated
            && let Some(x) = starts
        {
            items.push(Item::Activated(axis.percent(x - 16.0)));
        }
        items.extend((0..layout.slots.len()).filter_map(|piece| layout.item(axis, piece, place)));
        (turn.number, items)
    };
    places.into_iter().map(row).collect()
}

/// The dashes of a turn that had to wait for its turn, where they are long enough to be seen.
fn queue(turn: &Turn, axis: &Axis, starts: Option<f64>, known: usize) -> Option<Item> {
    let from = turn.queued_at?;
    let x = axis.at(from, known);
    let waited = match (turn.started_at, starts) {
        (Some(started), Some(starts)) => (starts - x > 40.0 && started > from + 20).then_some(Some(starts - 20.0))?,
        _ => None,
    };
    let named = waited.is_none_or(|to| to - x > 70.0);
    let to = waited.map(|to| axis.percent(to));
    Some(Item::Queue(Queue { x: axis.percent(x), to, from, until: turn.started_at, named }))
}

fn next_row(layout: &Layout<'_>, axis: &Axis, coming: &Prediction, first: bool) -> Vec<Item> {
    let ghosts = (0..layout.slots.len()).filter_map(|piece| match layout.slots[piece] {
        Slot::Ghost(None, step) => {
            Some(Item::Ghost(axis.percent(axis.left(piece)), axis.percent(axis.wide(piece)), step))
        }
        _ => None,
    });
    let mut items: Vec<Item> = ghosts.collect();
    let end = axis.left(layout.slots.len() - 2) + 8.0;
    match (first, coming.succeeds()) {
        (true, true) => items.push(Item::Reply(axis.percent(end))),
        (true, false) => items.push(Item::GaveUp(axis.percent(end))),
        (false, _) => {}
    }
    items
}

impl Layout<'_> {
    fn item(&self, axis: &Axis, piece: usize, of: usize) -> Option<Item> {
        let slot = &self.slots[piece];
        if slot.of() != Some(of) {
            return None;
        }
        let (x, w) = (axis.percent(axis.left(piece)), axis.percent(axis.wide(piece)));
        Some(match slot {
            Slot::Attempt(_, attempt) => Item::Attempt(x, w, attempt.clone()),
            Slot::Wait(_, wait) => Item::Wait(x, w, wait.clone()),
            Slot::Hold(_, hold) => Item::Hold(x, w, hold.clone()),
            Slot::Ghost(_, step) => Item::Ghost(x, w, *step),
            Slot::Tail(place) => {
                let x = axis.percent(axis.left(piece) + 6.0);
                if matches!(self.turns[*place].outcome, Outcome::Failed { .. }) {
                    Item::GaveUp(x)
                } else {
                    Item::Reply(x)
                }
            }
            Slot::Space | Slot::Fold(_) => return None,
        })
    }
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
