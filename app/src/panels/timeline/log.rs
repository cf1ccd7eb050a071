//! The log under the rows: the last lines in sight, the others above them.

use leptos::prelude::*;

use crate::{
    format::clock_ms,
    timeline::{Level, LogLine},
};

/// The log of these lines, oldest first. The newest is always in sight.
pub(super) fn log(lines: Signal<Vec<LogLine>>, utc_offset_min: i32) -> impl IntoView {
    // Lines of one millisecond are told apart by their order.
    let keyed = move || {
        let mut last = (0, 0);
        let key = |line: LogLine| {
            last = if last.0 == line.at { (last.0, last.1 + 1) } else { (line.at, 0) };
            (last, line)
        };
        lines.get().into_iter().map(key).collect::<Vec<_>>()
    };
    view! {
        <div class="tl-log" tabindex="0" role="region" aria-label="Log">
            <ol class="log">
                <For each=keyed key=|(key, _)| *key let((_, line))>
                    <li>
                        <time>{clock_ms(line.at, utc_offset_min)}</time>
                        <b class=level(line.level)>{line.level.as_str()}</b>
                        <span>{line.text}</span>
                    </li>
                </For>
            </ol>
        </div>
    }
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Info => "lv info",
        Level::Warn => "lv warn",
        Level::Error => "lv error",
    }
}
