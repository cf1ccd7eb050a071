//! Every check and every test, and their sum.
use crate::{
    install, npm,
    paths::{self, Profile},
    programs, progress,
    real::programs::{self as dapr, Programs},
    results::{self, Counts},
    site,
};
use anyhow::{Context, Result};
use clap::Args;
use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
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

/// The result of one kind of check, for the table at the end.
struct Line {
    name: &'static str,
    counts: Counts,
    /// What was wrong besides failed tests.
    error: Option<String>,
}

/// Runs everything that is selected, prints what passed and failed, and fails when anything did.
pub(crate) fn all(selection: Selection) -> ExitCode {
    let dapr = Programs::get().and_then(|programs| dapr::redis_server().map(|_| programs));
    let mut lines = Vec::new();
    if !selection.browser {
        lines.extend(rust(dapr.as_ref().ok()));
    }
    if !selection.rust {
        lines.extend(browser(&dapr));
    }
    let mut sum = Counts::default();
    println!();
    for Line { name, counts, error } in &lines {
        println!("{name}: {} passed, {} failed", counts.passed, counts.failed);
        if let Some(error) = error {
            println!("    {}", error.replace('\n', "\n    "));
        }
        sum += *counts;
    }
    println!("{} passed, {} failed", sum.passed, sum.failed);
    if sum.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Tests that want real Dapr find it by `FAULTLAB_DAPR_BIN`; without it they say that they were skipped.
fn rust(dapr: Option<&Programs>) -> Vec<Line> {
    let lints = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    // The lint of the workspace sees the server's half of `app`; this one sees the browser's, without a compiler for
    // WebAssembly.
    let front = ["clippy", "-p", "app", "--no-default-features", "--features", "hydrate", "--lib", "--locked"];
    let front: Vec<_> = front.into_iter().chain(["--", "-D", "warnings"]).collect();
    vec![
        check("Format", progress::run("Checking the format", paths::cargo().args(["fmt", "--all", "--check"]))),
        check("Lints", progress::run("Linting the workspace", paths::cargo().args(lints))),
        check("Lints of the browser part", progress::run("Linting the browser part", paths::cargo().args(front))),
        tests("Rust tests", progress::during("Running the Rust tests", || rust_tests(dapr))),
    ]
}

/// Runs `cargo test`, passing its output through and counting in it.
fn rust_tests(dapr: Option<&Programs>) -> Result<(Counts, Option<&'static str>)> {
    let mut cargo = paths::cargo();
    if let Some(programs) = dapr {
        cargo.env("FAULTLAB_DAPR_BIN", programs.folder());
    }
    cargo.args(["test", "--workspace", "--no-fail-fast", "--locked"]);
    let mut child = cargo.stdout(Stdio::piped()).spawn().context("`cargo test` cannot be started")?;
    let output = child.stdout.take().context("`cargo test` has an output")?;
    let mut counts = Counts::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        counts += results::of_rust_line(&line).unwrap_or_default();
    }
    Ok(counts.ended(child.wait()?.success()))
}

fn browser(dapr: &Result<Programs>) -> Vec<Line> {
    let chromium = match prepare() {
        Ok(chromium) => chromium,
        Err(error) => return vec![tests("Browser tests", Err(error))],
    };
    let types = progress::run("Checking the types of the browser tests", end2end("tsc").arg("--noEmit"));
    let mut playwright = end2end("playwright");
    playwright.arg("test").env("CHROMIUM", &chromium);
    vec![
        check("Types of the browser tests", types),
        tests("Browser tests", progress::during("Running the browser tests", || browser_tests(&mut playwright))),
        browser_on_dapr(&chromium, dapr),
    ]
}

/// The lesson's spec once more, with the lab on real Dapr.
fn browser_on_dapr(chromium: &Path, dapr: &Result<Programs>) -> Line {
    let name = "Browser tests on real Dapr";
    let programs = match dapr {
        Ok(programs) => programs,
        Err(missing) => return skipped(name, missing),
    };
    let mut playwright = end2end("playwright");
    playwright.args(["test", "lesson.spec.ts"]).env("CHROMIUM", chromium);
    playwright.env("FAULTLAB_DAPR", "1").env("FAULTLAB_DAPR_BIN", programs.folder());
    tests(name, progress::during("Running the lesson in the browser on real Dapr", || browser_tests(&mut playwright)))
}

/// Tests that cannot be run here. Where nobody reads along (`CI=true`) that is a failure: a skipped test would look
/// like one that passed.
fn skipped(name: &'static str, missing: &anyhow::Error) -> Line {
    let counts = if env::var("CI").as_deref() == Ok("true") { Counts::ONE_FAILED } else { Counts::default() };
    Line { name, counts, error: Some(format!("not run: {missing:#}")) }
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

/// Runs Playwright and counts in the report that it writes.
fn browser_tests(playwright: &mut Command) -> Result<(Counts, Option<&'static str>)> {
    let report = paths::target().join("end2end-report.json");
    if report.exists() {
        fs::remove_file(&report).context("the last browser tests' report cannot be removed")?;
    }
    playwright.env("FAULTLAB_BIN", paths::program("faultlab", Profile::Debug));
    playwright.env("FAULTLAB_SITE", paths::site()).env("PLAYWRIGHT_JSON_OUTPUT_FILE", &report);
    let status = playwright.status().context("Playwright cannot be started")?;
    let report = fs::read_to_string(&report).context("Playwright wrote no report")?;
    Ok(results::of_playwright(&report)?.ended(status.success()))
}

fn check(name: &'static str, result: Result<()>) -> Line {
    tests(name, result.map(|()| (Counts::ONE_PASSED, None)))
}

fn tests(name: &'static str, result: Result<(Counts, Option<&'static str>)>) -> Line {
    match result {
        Ok((counts, wrong)) => Line { name, counts, error: wrong.map(str::to_owned) },
        Err(error) => Line { name, counts: Counts::ONE_FAILED, error: Some(format!("{error:#}")) },
    }
}
