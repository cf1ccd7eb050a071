//! The timeline as the server renders it, in a `section.timeline`: of a lab, where the browser keeps what moves in it,
//! and for [`still`](super::still) turns.

use leptos::prelude::*;
use maud::{Markup, PreEscaped, html};

use super::{
    axis::{axis, over, under},
    drawing,
    legend::legend,
    log,
    row::rows,
    selected,
    tools::tools,
    window::{Drawing, Plot},
};
use crate::{
    live::store::Store,
    markup::{Entry, drawn, items},
};

/// What stands around the axis.
pub(super) struct Parts {
    /// What the timeline is called.
    pub(super) title: &'static str,
    /// The form that goes along the time.
    pub(super) tools: Option<Markup>,
    /// The rows, as lists.
    pub(super) rows: Markup,
    /// The log, oldest line first.
    pub(super) log: Vec<Entry>,
    /// The detail of the selected bar.
    pub(super) detail: Markup,
}

/// The timeline of a lab.
#[component]
pub fn Timeline() -> impl IntoView {
    let store = expect_context::<Store>();
    drawn(|| {
        let drawing = drawing(store, store.next_content().is_some(), Plot::WIDE);
        let parts = Parts {
            title: "Retry timeline",
            tools: Some(tools(store)),
            rows: PreEscaped(items(&rows(store, &drawing, None))),
            log: log::of_lab(store, None),
            detail: selected(store),
        };
        panel(&drawing, store.clock.get(), store.utc_offset_min, &parts)
    })
}

/// The head, the rows on their axis, the log, the detail.
pub(super) fn panel(drawing: &Drawing, now: u64, utc_offset_min: i32, parts: &Parts) -> Markup {
    html! {
        div.tl-head.with-calls[drawing.has_calls()] {
            h2 #h-time { (parts.title) }
            @if let Some(tools) = &parts.tools { (tools) }
            (legend())
        }
        div.tl-body {
            div.rows {
                div.rows-in {
                    div.tl-axis {
                        span.tl-axis-l { "turn" }
                        (axis(drawing, now, utc_offset_min))
                    }
                    div.rows-plot {
                        (under(drawing, now))
                        div.turns { (parts.rows) }
                        (over(drawing, now))
                    }
                }
            }
            div.tl-log tabindex="0" role="region" aria-label="Log" {
                div.log { (PreEscaped(items(&parts.log))) }
            }
        }
        (parts.detail)
    }
}
