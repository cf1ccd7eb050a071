//! The `sidecar` program: flags, signals, and what survives its sudden end.
#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod ends;
mod fuzz;
mod handles;
mod kill;
mod log;
mod many;
mod metrics;
mod program;
mod starts;
#[path = "../support/mod.rs"]
mod support;
