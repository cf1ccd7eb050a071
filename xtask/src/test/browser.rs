//! The browser tests, on the embedded sidecar and on real Dapr.
use super::{
    phase::{Phases, test_program},
    results::{self, Counts},
};
use crate::{
    group::Asked,
    npm,
    paths::{self, Profile},
    programs, progress,
    real::programs::Programs,
    site, tools,
};
use anyhow::{Context, Result};
use std::{fs, process::Command, time::Duration};

/// For all browser tests together, and for the check of their types; they take a few minutes.
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Runs all of it; without Dapr only what needs none.
pub(super) fn run(phases: &mut Phases, dapr: Option<&Programs>) {
    let folder = paths::root().join("end2end");
    let has_packages = phases.add("Packages of the browser tests", "Getting the packages", |_, counts| {
        npm::packages(&folder, "the browser tests")?;
        counts.passed = 1;
        Ok(())
    });
    if has_packages {
        let mut types = npm::program(&folder, "tsc");
        types.current_dir(&folder).arg("--noEmit");
        phases.check("Types of the browser tests", "Checking the types of the browser tests", LIMIT, &mut types);
    }
    let is_built = phases.add("Build for the browser tests", "Building what the browser tests need", |_, counts| {
        site::build(Profile::Debug)?;
        programs::build(Profile::Debug)?;
        counts.passed = 1;
        Ok(())
    });
    let tests = [
        Some(Tests { name: "Browser tests", what: "Running the browser tests", files: &[], dapr: None }),
        dapr.map(|programs| Tests {
            name: "Browser tests on real Dapr",
            what: "Running the lesson in the browser on real Dapr",
            files: &["lesson.spec.ts"],
            dapr: Some(programs),
        }),
    ];
    for tests in tests.into_iter().flatten() {
        if has_packages && is_built {
            phases.add(tests.name, tests.what, |asked, counts| tests.run(asked, counts));
        } else {
            phases.cannot(tests.name, "not run: what they need was not got or not built", tests.count());
        }
    }
}

/// Some of the browser tests, on one of the sidecars.
struct Tests<'a> {
    name: &'static str,
    what: &'static str,
    /// All when it is empty.
    files: &'static [&'static str],
    /// The embedded sidecar when it is none.
    dapr: Option<&'a Programs>,
}

impl Tests<'_> {
    /// Runs them, and counts in the report that Playwright writes.
    fn run(&self, asked: &Asked, counts: &mut Counts) -> Result<()> {
        let report = paths::target().join("end2end-report.json");
        if report.exists() {
            fs::remove_file(&report).context("the last browser tests' report cannot be removed")?;
        }
        let mut playwright = self.playwright();
        playwright.env("CHROMIUM", tools::chromium()?).env("FAULTLAB_BIN", paths::program("faultlab", Profile::Debug));
        playwright.env("FAULTLAB_SITE", paths::site()).env("PLAYWRIGHT_JSON_OUTPUT_FILE", &report);
        let each = |last: &mut String, line: &str| line.clone_into(last);
        let running = |last: &String| format!("what comes after `{}`", last.trim());
        let ended = test_program(&mut playwright, LIMIT, asked, &mut String::from("the start"), each, running);
        let counted = ended.and_then(|status| {
            let report = fs::read_to_string(&report).context("Playwright wrote no report")?;
            *counts = results::of_playwright(&report)?;
            counts.ended(status.success())
        });
        if let Err(error) = counted {
            counts.rest_not_run_of(
                self.count().with_context(|| format!("{error:#}; how many were not run is not known"))?,
            );
            return Err(error);
        }
        Ok(())
    }

    /// How many they are.
    fn count(&self) -> Result<usize> {
        let list = progress::output(self.playwright().arg("--list"))?;
        results::of_playwright_list(&list).context("Playwright's list has no total")
    }

    fn playwright(&self) -> Command {
        let folder = paths::root().join("end2end");
        let mut playwright = npm::program(&folder, "playwright");
        playwright.current_dir(folder).arg("test").args(self.files);
        if let Some(programs) = self.dapr {
            playwright.env("FAULTLAB_DAPR", "1").env("FAULTLAB_DAPR_BIN", programs.folder());
        }
        playwright
    }
}
