//! Every check and every test, and their sum.
//!
//! # Layout
//! - [`all`]: what is selected, one after the other, and the table at the end
//! - [`phase`]: one kind of check: its limit, its counts, how long it took
//! - [`rust`]: format, lints and Rust tests; [`running`]: which of them is running
//! - [`sdks`]: Dapr's SDKs, for apps of the conformance suite
//! - [`browser`](mod@browser): Playwright
//! - [`results`]: reading what the test programs report
mod browser;
mod phase;
mod results;
mod running;
mod rust;
mod sdks;

use crate::{group::Asked, real::programs::Programs, tools};
use anyhow::{Result, anyhow, bail};
use clap::Args;
use phase::{Line, Phases};
use results::Counts;
use std::{
    env,
    process::ExitCode,
    time::{Duration, Instant},
};

/// Which half to run; both when neither is named.
#[derive(Args, Clone, Copy)]
pub(crate) struct Selection {
    /// Only format, lints and Rust tests.
    #[arg(long, conflicts_with = "browser")]
    rust: bool,
    /// Only the browser tests.
    #[arg(long)]
    browser: bool,
}

/// Runs everything that is selected, prints what passed, failed and was not run and how long each took, and fails when
/// anything did not pass. What is missing for it is told before anything long begins.
///
/// # Errors
/// When a tool is missing, and when signals cannot be received.
pub(crate) fn all(selection: Selection) -> Result<ExitCode> {
    let began = Instant::now();
    let wanted = tools::of_tests(!selection.browser, !selection.rust);
    let missing = tools::get(&wanted);
    if missing.iter().any(|missing| !missing.tool.is_for_dapr()) {
        let less = if selection.rust { "" } else { "\n(`cargo xtask test --rust` needs no browser, and less.)" };
        bail!("what the tests need is not there:\n{}{less}", tools::listed(&missing));
    }
    let missing = tools::listed(&missing);
    if !missing.is_empty() {
        eprintln!("• Nothing will be tested on real Dapr. For that there has to be:\n{missing}");
    }
    let mut lines = vec![Line::note("Tools, found or installed", began.elapsed())];

    let mut phases = Phases::new(Asked::listen()?);
    let began = Instant::now();
    let mut dapr = if missing.is_empty() { Programs::get() } else { Err(anyhow!(missing)) };
    if !selection.browser {
        dapr = dapr.and_then(|dapr| Programs::scheduler().map(|_| dapr));
    }
    let took = began.elapsed();
    if !selection.browser {
        rust::run(&mut phases, dapr.as_ref().ok());
    }
    if !selection.rust {
        browser::run(&mut phases, dapr.as_ref().ok());
    }
    lines.extend(phases.lines());
    lines.push(real_dapr(&dapr, took, env::var("CI").as_deref() == Ok("true")));
    Ok(sum_up(&lines))
}

/// Whether the tests on real Dapr were run, the Rust ones as those in the browser. Where nobody reads along that they
/// were not is a failure: a skipped test would look like one that passed.
fn real_dapr(dapr: &Result<Programs>, took: Duration, nobody_reads: bool) -> Line {
    let Err(missing) = dapr else { return Line::note("Real Dapr was there", took) };
    let name = "Real Dapr: SKIPPED, nothing was tested on it";
    let counts = Counts { failed: usize::from(nobody_reads), ..Counts::default() };
    Line { error: Some(format!("{missing:#}")), counts, ..Line::note(name, took) }
}

fn sum_up(lines: &[Line]) -> ExitCode {
    println!();
    let mut sum = Counts::default();
    for line in lines {
        println!("{line}");
        sum += line.counts;
    }
    println!("{sum}");
    if sum.failed + sum.not_run == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_skipped_is_said_with_its_reason_and_is_a_failure_where_nobody_reads_along() {
        let missing = || Err(anyhow::anyhow!("no Go").context("daprd was not found"));
        let line = real_dapr(&missing(), Duration::ZERO, false);
        let words = line.to_string();
        assert_eq!(words, "Real Dapr: SKIPPED, nothing was tested on it (0.0 s)\n    daprd was not found: no Go");
        assert_eq!(sum_up(&[line]), ExitCode::SUCCESS);
        assert_eq!(sum_up(&[real_dapr(&missing(), Duration::ZERO, true)]), ExitCode::FAILURE);
    }
}
