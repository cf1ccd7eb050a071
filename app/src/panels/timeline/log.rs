//! The log under the rows: the last lines in sight, the others above them.

use leptos::prelude::*;

use super::context::PlotContext;
use crate::{components::PartedList, format::clock_ms};
use model::timeline::LogLine;

/// The lines of how many events are of one part of the list. A turn without a failure has eleven events, and four lines.
const EVENTS_OF_A_PART: u64 = 64;

/// The log. The newest line is always in sight.
#[component]
pub(super) fn Log(
    /// The lines, oldest first.
    lines: Memo<Vec<LogLine>>,
) -> impl IntoView {
    view! {
        <div class="tl-log" tabindex="0" role="region" aria-label="Log">
            <div class="log">
                <PartedList entries=lines key=|line| line.seq keys_of_a_part=EVENTS_OF_A_PART entry=log_line />
            </div>
        </div>
    }
}

/// A line of the log. It is another when the server was started again, which then counts from 1.
fn log_line(line: Memo<LogLine>) -> impl IntoView {
    let utc_offset_min = expect_context::<PlotContext>().utc_offset_min;
    let content = move || {
        line.with(|line| {
            view! {
                <time>{clock_ms(line.at, utc_offset_min)}</time>
                <b class=line.level.class()>{line.level.as_str()}</b>
                <span>{line.text.clone()}</span>
            }
        })
    };
    view! { <li>{content}</li> }
}
