//! The dashes of a turn that waits for the actor: one turn of an actor at a time.

use maud::{Markup, html};

use super::{Lab, bar::tip, scale::Percent};
use crate::format::tenths_ms;

/// What a queue's drawing needs to know.
pub(super) struct Queue {
    /// Where it begins.
    pub(super) x: Percent,
    /// Where the turn starts; without, it still waits and the dashes go to the right edge.
    pub(super) to: Option<Percent>,
    /// When the turn was asked for, in milliseconds since the Unix epoch.
    pub(super) from: u64,
    /// When it started.
    pub(super) until: Option<u64>,
    /// Whether there is room for words.
    pub(super) named: bool,
}

/// Draws the queue of `turn`.
pub(super) fn queue(lab: Lab<'_>, turn: u64, queue: &Queue) -> Markup {
    let Queue { x, to, from, until, named } = *queue;
    let known = to.or_else(|| lab.drawing.now((lab.now)())).unwrap_or(x).max(x);
    let told = ["Queued".to_owned(), "One turn of an actor at a time".to_owned()];
    html! {
        g.bar.queue role="img" aria-label={ "Turn " (turn) ", queued" } {
            rect.hit x=(x) y="24" width=(Percent(to.map_or(10_000, |to| to.0) - x.0)) height="28" {}
            line.q x1=(x) x2=(known) y1="38" y2="38" {}
            @if to.is_none() { line.q-rest x1=(known) x2="100%" y1="38" y2="38" {} }
            svg x=(x) y="38" { path.q-start d="M0-7v14" {} }
            @if named {
                text.op x=(x) y="16" { "queued " (tenths_ms(until.unwrap_or_else(lab.now).saturating_sub(from))) }
            }
            (tip(x, &told))
        }
    }
}
