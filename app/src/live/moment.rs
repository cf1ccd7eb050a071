//! What is read from the events of a lab.

pub(super) use crate::state::timeline::held;
