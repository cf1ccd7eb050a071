//! Programs under the lab, from outside: supervised one by one, and by the commands that people type. Python is all that most
//! of these need; `sdk` needs Dapr's SDK for it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod command;
mod diagnosis;
mod programs;
mod python;
mod reload;
mod sdk;
mod several;
mod shell;
mod sidecar;
mod supervision;
mod usage;
