//! Small parts that several panels use.

mod apply_button;
mod bar_link;
mod copy_button;
mod countdown;
mod error_line;
mod field;
mod field_error;
mod focus_targets;
mod icon;
mod in_force;
mod live_region;
mod menu;
mod number_field;
mod parted_list;
mod select;
mod send_again;
mod server_form;
pub mod turn_trace;

pub use self::{
    apply_button::ApplyButton,
    bar_link::BarLink,
    copy_button::CopyButton,
    countdown::Countdown,
    error_line::ErrorLine,
    field_error::{FieldError, refused},
    focus_targets::FocusTargets,
    icon::Icon,
    in_force::{put_back_at_first, put_back_when_refused, tick_when_changed, write_when_changed},
    live_region::LiveRegion,
    menu::Menus,
    number_field::NumberField,
    parted_list::PartedList,
    select::{Select, SelectField, Words},
    send_again::SendAgain,
    server_form::{ServerForm, SubmitButton},
    turn_trace::TurnTrace,
};
