//! What the rows show: one for each turn, one for what comes next. Pure.

use std::sync::Arc;

use super::{
    window::{Drawing, Item},
    words::{self, Standing},
};
use crate::components::turn_trace::{self, telling_bar};
use model::timeline::{Attempt, BarId, Outcome, Turn};

/// The key of the row of what comes next.
const NEXT: u64 = u64::MAX - 1;
/// The key of the row in which nothing has happened yet.
const BLANK: u64 = u64::MAX;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// What it is told from the others by: the number of its turn, or one above all turns.
    pub(super) key: u64,
    /// How it looks.
    pub(super) look: Look,
    /// What stands at its left.
    pub(super) head: Option<Head>,
    /// What stands beside that.
    pub(super) body: Body,
    /// The last event of its turn, if nothing but that and its look can change the row any more.
    seq: Option<u64>,
}

impl Row {
    /// A row that may change at any time.
    pub(super) const fn new(key: u64, look: Look, head: Option<Head>, body: Body) -> Self {
        Self { key, look, head, body, seq: None }
    }
}

/// How a row looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// What it is, as classes.
    pub(super) kind: &'static str,
    /// Whether an attempt of its turn failed.
    pub(super) torn: bool,
    /// Whether it stays in sight while others scroll.
    pub(super) hold: bool,
    /// Whether the bar that the detail shows is in it.
    pub(super) selected: bool,
    /// Whether it is the last that is not blank.
    pub(super) newest: bool,
    /// Whether the tips of its bars open upwards.
    pub(super) tips_up: bool,
}

/// What stands at the left of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The number of the turn, or what stands in its place.
    pub(super) number: String,
    /// The message, or what was asked for.
    pub(super) subject: String,
    /// The class of the words.
    pub(super) class: &'static str,
    /// The icon before them.
    pub(super) icon: &'static str,
    /// How it stands.
    pub(super) words: String,
    /// The turn, and the number of the event at its end: the lab can be shown as it was then.
    pub(super) end: Option<(u64, u64)>,
}

/// What stands beside the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Bars on the axis.
    Bars(Bars),
    /// A turn off the axis: small.
    Earlier {
        /// How long before the axis it began.
        ago: String,
        /// Its turn, and the bar that says most about it.
        bar: Option<BarId>,
        /// Its attempts and waits.
        marks: Vec<turn_trace::Mark>,
    },
    /// Nothing has happened yet.
    Blank,
}

/// The bars of a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bars {
    /// The turn's number; 0 if it has none yet.
    pub(super) turn: u64,
    /// The bars, in order.
    pub(super) items: Vec<Item>,
    /// The bar that the detail shows.
    pub(super) shown: Option<BarId>,
    /// Whether the row is half as high.
    pub(super) low: bool,
    /// Whether no later row has bars that can be selected.
    pub(super) newest: bool,
}

/// What the rows are made of.
pub(super) struct Source<'a> {
    /// The turns, in the order of their numbers.
    pub(super) turns: &'a [Turn],
    /// The axis, and what stands on it.
    pub(super) drawing: &'a Drawing,
    /// The bar that the reader has selected.
    pub(super) selected: Option<BarId>,
    /// The message that would be sent next.
    pub(super) next: Option<&'a str>,
    /// The number of the event at the end of a turn.
    pub(super) end_of: &'a dyn Fn(&Turn) -> Option<u64>,
}

/// The place from which on the tips of so many rows open upwards: under the last two there is no room, unless there is
/// none above them either.
pub(super) fn has_no_room_below(rows: usize) -> usize {
    rows.saturating_sub(2).max(2).min(rows)
}

/// The rows. `before` are those that they were last: one that has not changed is the same again.
pub(super) fn rows(source: &Source<'_>, before: &[Arc<Row>]) -> Vec<Arc<Row>> {
    let Source { turns, drawing, selected, .. } = *source;
    let shown = words::shown(turns, selected);
    let queued = turns.iter().filter(|turn| turn.outcome == Outcome::Queued).count();
    let next = next_rows(source);
    let count = turns.len() + next.len();
    let newest = count.saturating_sub(1 + next.iter().filter(|row| row.body == Body::Blank).count());
    let has_bars = |turn: &&Turn| drawing.row(turn.number).is_some_and(|items| items.iter().any(Item::is_selectable));
    let newest_bars = turns.iter().rev().find(has_bars).map(|turn| turn.number);
    let low = has_no_room_below(count);
    let mut before = before.iter().peekable();
    let mut rows = Vec::with_capacity(count);
    let mut add = |key, look: Look, is_still: &dyn Fn(&Row, Look) -> bool, row: &dyn Fn(Look) -> Row| {
        let look = Look { newest: rows.len() == newest, tips_up: rows.len() >= low, ..look };
        while before.next_if(|row| row.key < key).is_some() {}
        let old = before.next_if(|row| row.key == key);
        rows.push(match old.filter(|old| is_still(old, look)) {
            Some(old) => Arc::clone(old),
            None => {
                let row = row(look);
                old.filter(|old| ***old == row).map_or_else(|| Arc::new(row), Arc::clone)
            }
        });
    };
    for turn in turns {
        let is_selected = shown.is_some_and(|bar| bar.turn == turn.number);
        let bars = drawing.row(turn.number);
        let ago = bars.is_none().then(|| ago(turn, drawing));
        let look = Look { selected: is_selected, ..look(turn, bars.is_some(), queued) };
        let is_still = |row: &Row, look| {
            row.seq == Some(turn.seq)
                && row.look == look
                && matches!(&row.body, Body::Earlier { ago: a, .. } if ago.as_ref() == Some(a))
        };
        add(turn.number, look, &is_still, &|look| {
            let body = match (bars, &ago) {
                (Some(items), _) => Body::Bars(Bars {
                    turn: turn.number,
                    items: items.clone(),
                    shown: shown.filter(|_| is_selected),
                    low: turn.outcome == Outcome::Queued && queued > 1,
                    newest: newest_bars == Some(turn.number),
                }),
                (None, ago) => Body::Earlier {
                    ago: ago.clone().unwrap_or_default(),
                    bar: telling_bar(turn),
                    marks: turn_trace::marks(turn),
                },
            };
            let seq = Some(turn.seq).filter(|_| turn.ended());
            Row { key: turn.number, look, head: Some(head(turn, turns, (source.end_of)(turn))), body, seq }
        });
    }
    for row in next {
        add(row.key, row.look, &|_, _| false, &|look| Row { look, ..row.clone() });
    }
    rows
}

fn look(turn: &Turn, on_axis: bool, queued: usize) -> Look {
    // Low: the turn that runs is to stay in sight.
    let low = turn.outcome == Outcome::Queued && queued > 1;
    let kind = match (on_axis, low) {
        (true, false) => "turn",
        (true, true) => "turn short low",
        (false, _) => "turn short past",
    };
    Look {
        kind,
        torn: kind == "turn" && turn.attempts.iter().any(Attempt::failed),
        hold: kind == "turn" && queued > 4 && turn.outcome == Outcome::Running,
        ..Look::default()
    }
}

/// How long before the axis a turn began.
fn ago(turn: &Turn, drawing: &Drawing) -> String {
    let earlier = drawing.begins.zip(turn.started_at).map(|(axis, began)| axis.saturating_sub(began));
    earlier.map(words::earlier).unwrap_or_default()
}

/// The head of a turn's row. `end` is the number of the event at its end.
pub(super) fn head(turn: &Turn, turns: &[Turn], end: Option<u64>) -> Head {
    let is_queued = turn.outcome == Outcome::Queued;
    let ahead = if is_queued { words::ahead(turns, turn.number) } else { None };
    let (standing, words) = words::status(turn, ahead);
    Head {
        number: turn.number.to_string(),
        subject: words::subject(turn),
        class: standing.row_class(),
        icon: standing.icon(),
        words,
        end: end.map(|seq| (turn.number, seq)),
    }
}

/// The row of the turn that comes next, the first one of a lab or the one after a failure; under the first a row in
/// which nothing has happened yet.
fn next_rows(source: &Source<'_>) -> Vec<Row> {
    let Some(items) = &source.drawing.next else { return Vec::new() };
    let last = source.turns.last().and_then(|turn| turn.content.as_deref());
    let words = if last.is_some() && last == source.next { "if sent again" } else { "predicted" };
    let is_first = source.drawing.begins.is_none();
    let row = |key, kind, head, body| Row::new(key, Look { kind, ..Look::default() }, head, body);
    let head = Head {
        number: "next".to_owned(),
        subject: source.next.unwrap_or_default().to_owned(),
        class: Standing::Queue.row_class(),
        icon: "#i-dash",
        words: words.to_owned(),
        end: None,
    };
    let bars = Bars { turn: 0, items: items.clone(), shown: None, low: false, newest: false };
    let kind = if is_first { "turn coming" } else { "turn coming past" };
    let mut rows = vec![row(NEXT, kind, Some(head), Body::Bars(bars))];
    if is_first {
        rows.push(row(BLANK, "turn blank-row", None, Body::Blank));
    }
    rows
}

impl Look {
    /// The row's classes.
    pub(super) fn class(self) -> String {
        let marks = [
            (self.torn, " torn"),
            (self.hold, " hold"),
            (self.selected, " sel"),
            (self.newest, " newest"),
            (self.tips_up, " tips-up"),
        ];
        marks.into_iter().filter(|(on, _)| *on).fold(self.kind.to_owned(), |class, (_, mark)| class + mark)
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
