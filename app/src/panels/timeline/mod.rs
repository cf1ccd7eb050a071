//! The retry timeline: a row for each turn, a bar for each attempt, on one axis.
//!
//! - [`words`], [`call_words`]: what everything is called
//! - [`scale`]: time to place; [`layout`]: what the axis consists of; [`window`]: which turns stand on it, and where;
//!   [`marks`]: ticks, labels, verniers, folds; [`predicted`]: what a running turn has before it; [`rows`]: what the rows
//!   show; [`bar_facts`]: a bar in words; all of them pure functions
//! - [`lab_timeline`]: the timeline of a lab; [`still`] (server only): of turns that are over; [`frame`]: what both
//!   consist of
//! - [`context`]: what all parts share; [`row`], [`plot`], [`axis`]: a row, its bars, the axis; [`bar`]: what bars have in common; [`attempt_bar`],
//!   [`calls`], [`wait_bar`], [`hold_bar`], [`queue_bar`], [`predicted_bar`]: a component for each kind of bar
//! - [`tools`]: going along the time; [`legend`], [`log`], [`detail`], [`how_to_read`]: what else stands around the rows

mod attempt_bar;
mod axis;
mod bar;
mod bar_facts;
mod call_words;
mod calls;
mod context;
mod detail;
mod frame;
mod hold_bar;
mod how_to_read;
mod lab_timeline;
mod layout;
mod legend;
mod log;
mod marks;
mod plot;
mod predicted;
mod predicted_bar;
mod queue_bar;
mod row;
mod rows;
#[cfg(test)]
mod samples;
mod scale;
#[cfg(feature = "ssr")]
mod still;
mod tools;
mod wait_bar;
mod window;
mod words;

pub use self::lab_timeline::Timeline;
#[cfg(feature = "ssr")]
pub use self::still::StillTimeline;
pub(super) use self::tools::{has_turns_untracked, newer_turn_untracked, older_turn_untracked};
