//! Format, lints and Rust tests.
use super::{
    phase::{Phases, test_program},
    results::{self, Counts},
    running::Running,
};
use crate::{group::Asked, paths, progress::BUILD_LIMIT, real::programs::Programs};
use anyhow::Result;
use std::{
    io::{self, IsTerminal},
    process::Command,
    time::Duration,
};

/// For all tests together; they take a few minutes.
const TEST_LIMIT: Duration = Duration::from_secs(15 * 60);

/// Runs all of it. Tests that want real Dapr find it by `FAULTLAB_DAPR_BIN`; without it they skip themselves.
pub(super) fn run(phases: &mut Phases, dapr: Option<&Programs>) {
    let format = ["fmt", "--all", "--check"];
    phases.check("Format", "Checking the format", BUILD_LIMIT, cargo().args(format));
    let lints = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    phases.check("Lints", "Linting the workspace", BUILD_LIMIT, cargo().args(lints));
    // The lint of the workspace sees the server's half of `app`; this one sees the browser's, without a compiler for
    // WebAssembly.
    let front = ["clippy", "-p", "app", "--no-default-features", "--features", "hydrate", "--lib", "--locked"];
    let mut front_lints = cargo();
    front_lints.args(front).args(["--", "-D", "warnings"]);
    phases.check("Lints of the browser part", "Linting the browser part", BUILD_LIMIT, &mut front_lints);
    // Apart, so that neither is taken for the other.
    let build = ["test", "--workspace", "--no-run", "--locked"];
    if phases.check("Build of the Rust tests", "Building the Rust tests", BUILD_LIMIT, cargo().args(build)) {
        phases.add("Rust tests", "Running the Rust tests", |asked, counts| tests(dapr, asked, counts));
    }
}

fn tests(dapr: Option<&Programs>, asked: &Asked, counts: &mut Counts) -> Result<()> {
    // Its output is read, and read more easily without colours.
    let mut cargo = paths::cargo();
    cargo.env("CARGO_TERM_COLOR", "never").args(["test", "--workspace", "--no-fail-fast", "--locked"]);
    if let Some(programs) = dapr {
        cargo.env("FAULTLAB_DAPR_BIN", programs.folder());
    }
    let mut seen = (Running::default(), counts);
    let each = |(running, counts): &mut (Running, &mut Counts), line: &str| {
        running.see(line);
        **counts += results::of_rust_line(line).unwrap_or_default();
    };
    let status = test_program(&mut cargo, TEST_LIMIT, asked, &mut seen, each, |(running, _)| running.to_string())?;
    seen.1.ended(status.success())
}

/// Cargo for what only a person reads.
fn cargo() -> Command {
    let mut cargo = paths::cargo();
    if io::stdout().is_terminal() {
        cargo.env("CARGO_TERM_COLOR", "always");
    }
    cargo
}
