//! The public listener, from outside: a whole Faultlab over loopback, with its embedded sidecar and a SQLite file.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod bad_input;
mod chat;
mod controls;
mod described;
mod events;
mod fuzz;
mod handles;
mod hold;
mod log;
mod looking;
mod operations;
mod outside;
mod pages;
mod program;
mod recordings;
mod scenarios;
mod sidecar_retries;
mod start;
mod stop;
mod support;
mod waiting;
mod wire;
