//! What a timeline consists of: the head, the rows on their axis, the log, the detail.

use std::sync::Arc;

use leptos::prelude::*;

use super::{
    axis::{Axis, Over, Under},
    bar_facts::BarFacts,
    context::{AxisClock, PlotContext},
    detail::Detail,
    legend::Legend,
    log::Log,
    row::turn_row,
    rows::Row,
    window::Drawing,
};
use crate::components::PartedList;
use model::{actor_id::ActorId, timeline::LogLine};

/// How many turns are of one part of the list.
const TURNS_OF_A_PART: u64 = 16;

/// What a timeline shows.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    /// The axis, and what stands on it.
    pub(super) drawing: Memo<Drawing>,
    /// The rows.
    pub(super) rows: Memo<Vec<Arc<Row>>>,
    /// The log, oldest line first.
    pub(super) log: Memo<Vec<LogLine>>,
    /// The bar that the detail is about.
    pub(super) facts: Memo<Option<BarFacts>>,
    /// The server's clock, in milliseconds since the Unix epoch.
    pub(super) time: Signal<u64>,
    /// The server's offset from UTC, in minutes.
    pub(super) utc_offset_min: i32,
    /// Whether it is laid out in one column.
    pub(super) narrow: Signal<bool>,
}

/// The timeline, in a `section.timeline`.
#[component]
pub(super) fn TimelineFrame<T: IntoView + 'static>(
    /// What it is called.
    title: &'static str,
    /// What goes along the time.
    tools: T,
    /// What it shows.
    shown: Shown,
    /// The actor, if it is a lab's timeline and not a recording's.
    actor: Option<ActorId>,
) -> impl IntoView {
    let Shown { drawing, rows, log, facts, time, utc_offset_min, narrow } = shown;
    let clock = AxisClock::new(drawing, time);
    provide_context(PlotContext { clock, utc_offset_min, shown_bar: NodeRef::new() });
    view! {
        <div class="tl-head" class:with-calls=move || drawing.with(Drawing::has_calls)>
            <h2 id="h-time">{title}</h2>
            {tools}
            <Legend />
        </div>
        <div class="tl-body" class:close=narrow>
            <div class="rows">
                <div class="rows-in">
                    <div class="tl-axis">
                        <span class="tl-axis-l">"turn"</span>
                        <Axis drawing clock utc_offset_min />
                    </div>
                    <div class="rows-plot">
                        <Under drawing clock />
                        <div class="turns" id="turns">
                            <PartedList
                                entries=rows
                                key=|row| row.key
                                keys_of_a_part=TURNS_OF_A_PART
                                entry=turn_row
                            />
                        </div>
                        <Over clock />
                    </div>
                </div>
            </div>
            <Log lines=log />
        </div>
        <Detail facts actor />
    }
}
