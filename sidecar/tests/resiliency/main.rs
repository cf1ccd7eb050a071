//! Resiliency files in the embedded sidecar (facts §9, checklist 36, 45, 47, 49, 50).
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod actor;
mod breaker;
mod delivery;
mod rig;
mod store;
#[path = "../support/mod.rs"]
mod support;
mod switch;
