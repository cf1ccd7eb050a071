//! The lesson: its five validation steps, how each is proven, and what a turn is going to do.

pub mod checks;
pub mod prediction;
pub mod steps;
