//! The lesson: its five validation steps, how each is proven and what it asks for next, and what a turn is going to do.

pub mod checks;
pub mod next_step;
pub mod prediction;
pub mod steps;
