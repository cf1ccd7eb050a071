//! Faultlab on real Dapr: `daprd` and `placement` with a real Redis, started by the tests and ended by them.
//!
//! The programs are looked for in the folder that `FAULTLAB_DAPR_BIN` names, in `target/dapr`, and on the `PATH`.
//! Without them the tests say so and are skipped; with `CI=true` that is a failure.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod hold;
mod late;
mod lesson;
mod outages;
mod process;
mod rig;
mod scenarios;
mod wire;
