//! The `faultlab` program.
fn main() {}
