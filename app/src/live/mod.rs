//! What of the state is in one piece still, and what a person can do to the lab.

pub mod actions;
pub mod controls;
pub mod hold;
mod moment;
pub mod store;
