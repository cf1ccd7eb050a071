//! The log under the rows: the last lines in sight, the others above them.

use leptos::prelude::*;
use maud::html;

use crate::{format::clock_ms, markup::follow, timeline::LogLine};

/// The log of these lines, oldest first. The newest is always in sight.
pub(super) fn log(lines: Signal<Vec<LogLine>>, utc_offset_min: i32) -> impl IntoView {
    let markup = Memo::new(move |_| {
        lines.with(|lines| {
            html! {
                @for line in lines {
                    li {
                        time { (clock_ms(line.at, utc_offset_min)) }
                        b class=(line.level.class()) { (line.level.as_str()) }
                        span { (line.text) }
                    }
                }
            }
            .into_string()
        })
    });
    view! {
        <div class="tl-log" tabindex="0" role="region" aria-label="Log">
            <ol class="log" inner_html=markup.get_untracked() use:follow=markup></ol>
        </div>
    }
}
