//! The browser tests, on the embedded sidecar and on real Dapr.
use super::{
    phase::{Phases, test_program},
    results::{self, Counts},
};
use crate::{
    group::Asked,
    install, npm,
    paths::{self, Profile},
    programs,
    real::programs::Programs,
    site,
};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// For all browser tests together, and for the check of their types; they take a few minutes.
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Runs all of it; without Dapr only what needs none.
pub(super) fn run(phases: &mut Phases, dapr: Option<&Programs>) {
    let mut chromium = PathBuf::new();
    let prepared = phases.add("Build for the browser tests", "Preparing the browser tests", |_, counts| {
        chromium = prepare()?;
        counts.passed = 1;
        Ok(())
    });
    if !prepared {
        return;
    }
    let mut types = end2end("tsc");
    types.arg("--noEmit");
    phases.check("Types of the browser tests", "Checking the types of the browser tests", LIMIT, &mut types);
    phases.add("Browser tests", "Running the browser tests", |asked, counts| {
        playwright(&mut end2end("playwright"), &[], &chromium, asked, counts)
    });
    if let Some(programs) = dapr {
        let what = "Running the lesson in the browser on real Dapr";
        phases.add("Browser tests on real Dapr", what, |asked, counts| {
            let mut command = end2end("playwright");
            command.env("FAULTLAB_DAPR", "1").env("FAULTLAB_DAPR_BIN", programs.folder());
            playwright(&mut command, &["lesson.spec.ts"], &chromium, asked, counts)
        });
    }
}

/// Gets everything that the browser tests need; the result is the browser.
fn prepare() -> Result<PathBuf> {
    let chromium = install::chromium()?;
    npm::packages(&paths::root().join("end2end"), "the browser tests")?;
    site::build(Profile::Debug)?;
    programs::build(Profile::Debug)?;
    Ok(chromium)
}

/// A program of the browser tests' npm packages.
fn end2end(program: &str) -> Command {
    let folder = paths::root().join("end2end");
    let mut command = Command::new(npm::program(&folder, program));
    command.current_dir(folder);
    command
}

/// Runs Playwright on these files, or on all, and counts in the report that it writes.
fn playwright(
    playwright: &mut Command,
    files: &[&str],
    chromium: &Path,
    asked: &Asked,
    counts: &mut Counts,
) -> Result<()> {
    let report = paths::target().join("end2end-report.json");
    if report.exists() {
        fs::remove_file(&report).context("the last browser tests' report cannot be removed")?;
    }
    playwright.arg("test").args(files).env("CHROMIUM", chromium);
    playwright.env("FAULTLAB_BIN", paths::program("faultlab", Profile::Debug));
    playwright.env("FAULTLAB_SITE", paths::site()).env("PLAYWRIGHT_JSON_OUTPUT_FILE", &report);
    let each = |last: &mut String, line: &str| line.clone_into(last);
    let running = |last: &String| format!("what comes after `{}`", last.trim());
    let status = test_program(playwright, LIMIT, asked, &mut String::from("the start"), each, running)?;
    let report = fs::read_to_string(&report).context("Playwright wrote no report")?;
    *counts = results::of_playwright(&report)?;
    counts.ended(status.success())
}
