//! The log under the rows: the last lines in sight, the others above them.

use leptos::prelude::*;
use maud::{Markup, html};

use crate::{
    format::clock_ms,
    live::store::Store,
    markup::{Entries, Entry},
};
use model::timeline::{LogLine, registered};

/// The lines of how many events are of one part of the list. A turn without a failure has eleven events, and four lines.
const EVENTS_OF_A_PART: u64 = 64;

/// The log of a lab: since when the sidecar knows the actor, then the lab's lines.
pub(super) fn of_lab(store: Store, before: Option<Vec<Entry>>) -> Vec<Entry> {
    let first = store.registered_at.map(registered);
    store.log.with(|log| lines(first.iter().chain(log), store.utc_offset_min, before))
}

/// The lines of the log, oldest first. The newest is always in sight. `before` are those that were drawn last.
pub(super) fn lines<'a>(
    lines: impl IntoIterator<Item = &'a LogLine>,
    utc_offset_min: i32,
    before: Option<Vec<Entry>>,
) -> Vec<Entry> {
    let mut entries = Entries::after(before, EVENTS_OF_A_PART);
    for line in lines {
        // A server that was started again counts from 1.
        entries.add(line.seq, "", Some(line.at.to_string()), || row(line, utc_offset_min));
    }
    entries.done()
}

fn row(line: &LogLine, utc_offset_min: i32) -> Markup {
    html! {
        time { (clock_ms(line.at, utc_offset_min)) }
        b class=(line.level.class()) { (line.level.as_str()) }
        span { (line.text) }
    }
}
