//! The log under the rows: the last lines in sight, the others above them.

use leptos::prelude::*;
use maud::{Markup, html};

use crate::{
    format::clock_ms,
    markup::{Entries, follow_list, items},
    timeline::LogLine,
};

/// The log of these lines, oldest first. The newest is always in sight.
pub(super) fn log(lines: Signal<Vec<LogLine>>, utc_offset_min: i32) -> impl IntoView {
    let entries = Memo::new_owning(move |drawn| {
        let mut entries = Entries::after(drawn);
        lines.with(|lines| {
            for line in lines {
                // A server that was started again counts from 1.
                entries.add(line.seq, "", Some(line.at.to_string()), || row(line, utc_offset_min));
            }
        });
        (entries.done(), true)
    });
    view! {
        <div class="tl-log" tabindex="0" role="region" aria-label="Log">
            <ol class="log" inner_html=entries.with_untracked(|entries| items(entries)) use:follow_list=entries></ol>
        </div>
    }
}

fn row(line: &LogLine, utc_offset_min: i32) -> Markup {
    html! {
        time { (clock_ms(line.at, utc_offset_min)) }
        b class=(line.level.class()) { (line.level.as_str()) }
        span { (line.text) }
    }
}
