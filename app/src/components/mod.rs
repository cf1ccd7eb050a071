//! Small parts that several panels use.

mod bar_link;
mod copy_button;
mod countdown;
mod error_line;
mod icon;
mod live_region;
mod parted_list;
mod send_again;
pub mod turn_trace;

pub use self::{
    bar_link::BarLink, copy_button::CopyButton, countdown::Countdown, error_line::ErrorLine, icon::Icon,
    live_region::LiveRegion, parted_list::PartedList, send_again::SendAgain, turn_trace::TurnTrace,
};
