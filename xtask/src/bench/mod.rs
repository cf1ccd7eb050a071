//! How fast the lab is: on its embedded sidecar, on real Dapr, and beside what it is compared with.
//!
//! # Layout
//! - [`all`]: every program in turn, the table and the file
//! - [`subject`]: the programs, and how each is started
//! - [`measure`]: one program measured
//! - [`depth`]: what more is measured of the lab on its embedded sidecar
//! - [`report`]: the table; [`file`](mod@file): the file
//! - [`page`]: the page in a browser
//! - [`sidecar`]: the sidecar alone, beside daprd
mod depth;
mod file;
mod measure;
mod page;
mod report;
mod sidecar;
mod subject;

use crate::{
    paths::{self, Profile},
    progress::{self, BUILD_LIMIT},
    real::programs::Programs,
    tools,
};
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;
use subject::{Lesson, Subject};

/// What is measured, and for how long.
#[derive(Args)]
pub(crate) struct Options {
    /// How long each measurement lasts.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    seconds: u64,
    /// The lesson's page: the Python program that is printed in it is measured too.
    #[arg(long, value_name = "FILE", requires = "python")]
    lesson: Option<PathBuf>,
    /// The Python environment for it: a virtual environment with `dapr`, `dapr-ext-fastapi` and `uvicorn`.
    #[arg(long, value_name = "DIR", requires = "lesson")]
    python: Option<PathBuf>,
    /// Only the embedded sidecar: needs neither daprd nor Redis.
    #[arg(long, conflicts_with = "lesson")]
    embedded: bool,
    /// Only the page in a browser: bytes, times, frames and memory.
    #[arg(long, conflicts_with_all = ["seconds", "lesson", "python", "embedded"])]
    page: bool,
    /// Only the sidecar beside daprd: calls of an actor that does nothing and of one that saves, and memory.
    #[arg(long, conflicts_with_all = ["lesson", "python", "embedded", "page"])]
    sidecar: bool,
    /// With --page: the debug build, to see that the measuring works. Its figures mean nothing.
    #[arg(long, requires = "page")]
    debug: bool,
}

/// Measures everything, or the page alone, prints the table and writes `target/bench.json`.
///
/// # Errors
/// When something cannot be built, started or measured.
pub(crate) fn all(options: &Options) -> Result<()> {
    if options.page {
        return page::all(Profile::from_flag(!options.debug));
    }
    if options.sidecar {
        return sidecar::all(options.seconds);
    }
    if !options.embedded {
        tools::need(&tools::OF_DAPR)?;
    }
    crate::programs::build(Profile::Release)?;
    let mut cargo = paths::cargo();
    paths::without_flags_of_development(&mut cargo);
    cargo.args([
        "build",
        "--release",
        "--locked",
        "--package",
        "server",
        "--example",
        "load",
        "--example",
        "idle_actor",
        "--example",
        "readers",
        "--example",
        "commit",
    ]);
    progress::run("Building the load generator and what the lab is compared with", BUILD_LIMIT, &mut cargo)?;
    subject::stand_in_site()?;

    let mut subjects = vec![Subject::Embedded];
    let dapr = if options.embedded { None } else { Some(Programs::get()?) };
    if dapr.is_some() {
        subjects.extend([Subject::OnDapr, Subject::OnDaprBehindWire]);
        if let (Some(page), Some(python)) = (&options.lesson, &options.python) {
            subjects.push(Subject::Lesson(Lesson::extract(page, python)?));
        }
        subjects.extend([Subject::SameCalls, Subject::Idle]);
    }
    let rows = subjects.iter().map(|subject| measure::one(subject, dapr.as_ref(), options.seconds));
    let rows = rows.collect::<Result<Vec<_>>>()?;

    println!("\n{}", report::table(&rows));
    println!("The same figures: {}", file::put("programs", &rows)?.display());
    Ok(())
}
