//! `ChatAgent` through the real embedded sidecar over loopback, on a real SQLite file.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod app_channel;
mod checks;
mod deactivation;
mod faults;
mod hold;
mod late;
mod properties;
mod recovery;
mod repeats;
mod restart;
mod scenarios;
mod stored;
mod support;
mod turns;
