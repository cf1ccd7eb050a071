//! What of the state is in one piece still, and what a person can do to the lab.

pub mod hold;
mod moment;
pub mod store;
