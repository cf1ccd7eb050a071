//! What all parts of a timeline share.

use leptos::{prelude::*, svg};

use super::{scale::Percent, window::Drawing};

/// The clock of a timeline.
#[derive(Clone, Copy)]
pub(super) struct AxisClock {
    /// The server's clock, in milliseconds since the Unix epoch.
    pub(super) time: Signal<u64>,
    /// Where that is, if the axis shows it.
    pub(super) x: Signal<Option<Percent>>,
}

impl AxisClock {
    /// The clock on this drawing's axis.
    pub(super) fn new(drawing: Memo<Drawing>, time: Signal<u64>) -> Self {
        let x = Memo::new(move |_| drawing.with(|drawing| drawing.now(time.get())));
        Self { time, x: x.into() }
    }
}

/// What all bars of a timeline share.
#[derive(Clone, Copy)]
pub(super) struct PlotContext {
    /// The axis' clock.
    pub(super) clock: AxisClock,
    /// The server's offset from UTC, in minutes.
    pub(super) utc_offset_min: i32,
    /// The bar that the detail shows.
    pub(super) shown_bar: NodeRef<svg::A>,
}
