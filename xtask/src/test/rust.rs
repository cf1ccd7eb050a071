//! Format, lints and Rust tests.
use super::{
    phase::{Phases, test_program},
    results::{self, Counts},
    running::Running,
    sdks,
};
use crate::{group::Asked, paths, progress::BUILD_LIMIT, real::programs::Programs, site};
use anyhow::{Context, Result};
use std::{
    fs,
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
    phases.add("Apps with Dapr's SDKs", "Getting Dapr's SDKs for JavaScript and Go", |_, counts| {
        sdks::get()?;
        counts.passed = 1;
        Ok(())
    });
    // Apart, so that neither is taken for the other.
    let build = ["test", "--workspace", "--no-run", "--locked"];
    if phases.check("Build of the Rust tests", "Building the Rust tests", BUILD_LIMIT, cargo().args(build)) {
        phases.add("Rust tests", "Running the Rust tests", |asked, counts| {
            let expected = in_sources()?;
            let result = tests(dapr, asked, counts);
            if result.is_err() {
                counts.rest_not_run_of(expected);
            }
            result
        });
    } else {
        phases.cannot("Rust tests", "not run: they were not built", in_sources());
    }
}

/// How many tests stand in the workspace's source files: what has not been built cannot be asked.
fn in_sources() -> Result<usize> {
    let manifest = paths::root().join("Cargo.toml");
    let mut tests = 0;
    for member in members(&fs::read_to_string(&manifest)?).context("Cargo.toml lists no members")? {
        for file in site::files_in(&paths::root().join(member))? {
            if file.extension().is_some_and(|kind| kind == "rs") {
                tests += in_source(&fs::read_to_string(file)?);
            }
        }
    }
    Ok(tests)
}

/// The folders in the list `members` of a workspace's `Cargo.toml`.
fn members(manifest: &str) -> Option<Vec<&str>> {
    let list = manifest.split_once("members = [")?.1.split_once(']')?.0;
    let names = list.split(',').map(|name| name.trim().trim_matches('"')).filter(|name| !name.is_empty());
    Some(names.collect())
}

/// How many tests a source file has. One that is only run when it is asked for is none of them.
fn in_source(text: &str) -> usize {
    let attributes = text.lines().map(str::trim_start);
    let count = |start: &str| attributes.clone().filter(|line| line.starts_with(start)).count();
    (count("#[test]") + count("#[tokio::test")).saturating_sub(count("#[ignore"))
}

fn tests(dapr: Option<&Programs>, asked: &Asked, counts: &mut Counts) -> Result<()> {
    // Its output is read, and read more easily without colours.
    let mut cargo = paths::cargo();
    cargo.env("CARGO_TERM_COLOR", "never").args(["test", "--workspace", "--no-fail-fast", "--locked"]);
    // Tests that want Dapr's SDKs find them there; without them they skip themselves.
    cargo.env("FAULTLAB_DAPR_SDKS", paths::own_tools());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_in_the_sources() {
        let text = "#[test]\nfn a() {}\n    #[tokio::test(start_paused = true)]\n\n#[test]\n#[ignore = \"long\"]\n// #[test]\n";
        assert_eq!(in_source(text), 2);
        assert_eq!(members("members = [\n  \"a\",\n  \"b\",\n]\ndefault-members = [\"c\"]"), Some(vec!["a", "b"]));
        assert!(in_sources().unwrap() > 500, "the workspace's own are found");
    }
}
