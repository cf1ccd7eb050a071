//! `cargo xtask`: gets what Faultlab needs, builds it, runs it and tests it.
//!
//! `cargo leptos watch` builds the page as well, while one works on it. What it does not do, and this does: get the tools,
//! compile for the browser where rustup is not there, bundle and compress a release's files and name them by content, start
//! Dapr, and test.
//!
//! # Layout
//! - [`run`]: starting `faultlab`; [`run_dapr`]: the same on real Dapr, made of
//!   - [`real`]: Redis, placement and `daprd`; [`group`]: programs that run side by side and end together
//! - [`dapr_suite`]: Dapr's own tests of actors, on this project's sidecar
//! - [`bench`]: how fast it is, beside what it is compared with
//! - [`test`]: every check and test, summed up; [`soak`]: the long random run among them
//! - [`programs`]: building `faultlab` and `sidecar`
//! - [`site`]: `target/site`, made of
//!   - [`browser_build`]: the WebAssembly and its JavaScript; [`wasm_target`]: the compiler for it
//!   - [`css`]: the stylesheet
//!   - [`compress`]: smaller forms of every file
//! - [`tools`]: what has to be there besides: found, installed, or named; [`npm`]: packages from npm
//! - [`paths`]: where things are; [`progress`]: saying what is being done; [`version`]: comparing versions
mod bench;
mod browser_build;
mod compress;
mod css;
mod dapr_suite;
mod group;
mod npm;
mod paths;
mod programs;
mod progress;
mod real;
mod run;
mod run_dapr;
mod site;
mod soak;
mod test;
mod tools;
mod version;
mod wasm_target;

use anyhow::Result;
use clap::{Parser, Subcommand};
use paths::Profile;
use std::{ffi::OsString, path::PathBuf, process::ExitCode};
use tools::Tool;

/// Gets what Faultlab needs, builds it, runs it and tests it.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build everything, start faultlab and print the address to open. Ctrl-C ends it.
    Run {
        /// Build small and fast instead of quickly.
        #[arg(long)]
        release: bool,
        /// Run on real Dapr: daprd, placement and Redis, all started and ended here.
        #[arg(long)]
        dapr: bool,
        /// With --dapr: a Redis that is there already, instead of one of its own.
        #[arg(long, value_name = "HOST:PORT", requires = "dapr")]
        redis: Option<String>,
        /// Flags of faultlab; `cargo xtask run -- --help` shows them. Paths are relative to the repository.
        #[arg(last = true)]
        flags: Vec<OsString>,
    },
    /// Only build: target/{debug,release}/faultlab and sidecar, and target/site.
    Build {
        /// Build small and fast instead of quickly.
        #[arg(long)]
        release: bool,
    },
    /// Find daprd and placement, or build them from Go modules; says which version it is.
    Dapr,
    /// Run Dapr's own integration tests of actors on the embedded sidecar; ends with a line that counts them.
    DaprSuite(dapr_suite::Options),
    /// Find or install every tool that any of these commands needs, or say what is missing.
    Tools {
        /// Fill this folder with links to them and to what every Debian has, and to nothing else, to be the whole PATH.
        #[arg(long, value_name = "FOLDER")]
        links: Option<PathBuf>,
    },
    /// Check the format, lint, and run all tests; ends with a line `N passed, N failed`, and `, N not run` if any were not.
    Test(test::Selection),
    /// Send, break, kill and start again for a long time, and check that nothing acknowledged is lost.
    Soak(soak::Options),
    /// Measure the release build on both sidecars; prints a table and writes target/bench.json.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    match perform(Arguments::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<ExitCode> {
    match task {
        Task::Run { release, dapr, redis, flags } => {
            let profile = Profile::from_flag(release);
            let mut needed = tools::of_build(profile);
            if dapr {
                needed.push(Tool::DaprOrGo);
            }
            if dapr && redis.is_none() {
                needed.push(Tool::Redis);
            }
            tools::need(&needed)?;
            build(profile)?;
            if dapr {
                run_dapr::everything(profile, redis.as_deref(), &flags)?;
            } else {
                run::faultlab(profile, &flags)?;
            }
        }
        Task::Build { release } => {
            let profile = Profile::from_flag(release);
            tools::need(&tools::of_build(profile))?;
            build(profile)?;
        }
        Task::Dapr => {
            tools::need(&[Tool::DaprOrGo])?;
            drop(real::programs::Programs::get()?);
        }
        Task::DaprSuite(options) => return dapr_suite::run(&options),
        Task::Tools { links } => {
            tools::need(&Tool::ALL)?;
            if let Some(folder) = links {
                tools::links::fill(&folder)?;
            }
        }
        Task::Test(selection) => return test::all(selection),
        Task::Soak(options) => soak::run(&options)?,
        Task::Bench(options) => bench::all(&options)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn build(profile: Profile) -> Result<()> {
    site::build(profile)?;
    programs::build_with_site(profile)
}
