//! Nothing acknowledged is lost: a long random run of the real program, and the model that checks it.
//!
//! `cargo xtask soak` runs the long one, with `FAULTLAB_SOAK_SECONDS` and `FAULTLAB_SOAK_SEED`.
//!
//! # Layout
//! - [`model`]: what must hold, as a pure function; [`planted`]: it finds what it is for
//! - [`run`]: what is done to the lab; [`lab`]: the program and the way into it
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod lab;
mod model;
mod planted;
#[allow(dead_code)]
#[path = "../dapr/process.rs"]
mod process;
mod run;

use run::{Plan, run};

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}: give a number")))
}

fn seed() -> u64 {
    number("FAULTLAB_SOAK_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000))
}

#[tokio::test(flavor = "multi_thread")]
async fn for_some_seconds_nothing_acknowledged_is_lost_whatever_fails_or_dies() {
    let plan = Plan { seconds: 10, seed: seed(), alive_ms: 500..2_500 };
    eprintln!("seed {}", plan.seed);
    let report = run(plan).await;
    eprintln!("{report}");
    assert!(report.acknowledged > 50 && report.failed > 0 && report.unknown > 0, "{report}");
    assert!(report.logs_left > 0 && report.streams_stalled > 0 && report.out_of_handles > 0, "{report}");
    assert!(report.repeats > 0 && report.kills > 0 && report.faults > 0 && report.readings > 100, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: cargo xtask soak"]
async fn for_a_long_time_nothing_acknowledged_is_lost_whatever_fails_or_dies() {
    let plan = Plan { seconds: number("FAULTLAB_SOAK_SECONDS").unwrap_or(600), seed: seed(), alive_ms: 500..12_000 };
    eprintln!("seed {}, {} s", plan.seed, plan.seconds);
    let (report, long) = (run(plan.clone()).await, plan.seconds >= 30);
    eprintln!("{report}");
    assert!(!long || report.idled > 0, "no actor idled: {report}");
    let burdened = report.logs_left > 0 && report.logs_stalled > 0 && report.out_of_handles > 0;
    assert!(!long || burdened && report.streams_stalled > 0, "{report}");
}
