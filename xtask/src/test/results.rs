//! How many tests passed, failed and were not run: what the test programs report.
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::{fmt, ops::AddAssign};

/// How many tests passed, failed and were not run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Tests that passed.
    pub(super) passed: usize,
    /// Tests that failed, and checks that could not be made.
    pub(super) failed: usize,
    /// Tests that were to be run, and were not or not to their end.
    pub(super) not_run: usize,
}

impl Counts {
    /// Whether there is something to tell.
    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Takes those for not run that so many leave over.
    pub(super) fn rest_not_run_of(&mut self, expected: usize) {
        self.not_run = expected.saturating_sub(self.passed + self.failed);
    }

    /// Whether a test program that has ended with these counts has done its work.
    ///
    /// # Errors
    /// When it failed without a failed test (it did not compile, it crashed), or ran nothing at all: that counts as a
    /// failure.
    pub(super) fn ended(&self, successfully: bool) -> Result<()> {
        match (self, successfully) {
            (Self { failed: 0, .. }, false) => bail!("it broke off without a failed test; see its output above"),
            (Self { failed: 0, passed: 0, .. }, true) => bail!("it ran no test"),
            _ => Ok(()),
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.not_run += other.not_run;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        match self.not_run {
            0 => Ok(()),
            not_run => write!(f, ", {not_run} not run"),
        }
    }
}

/// The counts in a line such as `test result: ok. 3 passed; 0 failed; 0 ignored; …`, which Rust's test programs
/// end with; nothing for any other line.
pub(super) fn of_rust_line(line: &str) -> Option<Counts> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let number = |name: &str| {
        let part = counts.split("; ").find_map(|part| part.strip_suffix(name))?;
        part.trim().parse().ok()
    };
    Some(Counts { passed: number("passed")?, failed: number("failed")?, not_run: 0 })
}

/// The part of Playwright's JSON report that is read here.
#[derive(Deserialize)]
struct Report {
    stats: Stats,
    /// What went wrong outside of any test.
    #[serde(default)]
    errors: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Stats {
    expected: usize,
    unexpected: usize,
    flaky: usize,
}

/// How many tests `playwright test --list` tells of, in the line `Total: 212 tests in 40 files`.
pub(super) fn of_playwright_list(list: &str) -> Option<usize> {
    let total = list.lines().find_map(|line| line.trim().strip_prefix("Total: "))?;
    total.split(' ').next()?.parse().ok()
}

/// The counts in Playwright's JSON report. A flaky test (failed, then passed) has failed.
///
/// # Errors
/// When it is not such a report.
pub(super) fn of_playwright(report: &str) -> Result<Counts> {
    let report: Report = serde_json::from_str(report).context("Playwright's report cannot be read")?;
    let Stats { expected, unexpected, flaky } = report.stats;
    Ok(Counts { passed: expected, failed: unexpected + flaky + report.errors.len(), not_run: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rust_result_line_is_counted_and_others_are_not() {
        let ok = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s";
        assert_eq!(of_rust_line(ok), Some(Counts { passed: 3, failed: 0, not_run: 0 }));
        let failed = "test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s";
        assert_eq!(of_rust_line(failed), Some(Counts { passed: 10, failed: 2, not_run: 0 }));
        assert_eq!(of_rust_line("test a_test ... ok"), None);
        assert_eq!(of_rust_line("test result: unclear"), None);
    }

    #[test]
    fn a_playwright_report_is_counted_with_the_errors_outside_of_tests() {
        let report = r#"{"stats":{"expected":4,"unexpected":1,"flaky":1,"skipped":2},"errors":[{"message":"x"}]}"#;
        assert_eq!(of_playwright(report).unwrap(), Counts { passed: 4, failed: 3, not_run: 0 });
        assert!(of_playwright("").is_err());
        assert!(of_playwright("{}").is_err());
    }

    #[test]
    fn a_test_program_that_broke_off_or_ran_nothing_has_failed() {
        let passed = Counts { passed: 5, failed: 0, not_run: 0 };
        passed.ended(true).unwrap();
        assert!(passed.ended(false).unwrap_err().to_string().contains("broke off"));
        assert_eq!(Counts::default().ended(true).unwrap_err().to_string(), "it ran no test");
        Counts { passed: 5, failed: 2, not_run: 0 }.ended(false).unwrap();
    }

    #[test]
    fn a_list_of_playwright_tells_how_many_there_are() {
        let list = "Listing tests:\n  a.spec.ts:1:1 › Total: 7\nTotal: 212 tests in 40 files\n";
        assert_eq!(of_playwright_list(list), Some(212));
        assert_eq!(of_playwright_list("Total: 1 test in 1 file"), Some(1));
        assert_eq!(of_playwright_list("Error: no tests found"), None);
    }

    #[test]
    fn what_was_not_run_is_what_is_left() {
        let mut counts = Counts { passed: 5, failed: 2, not_run: 0 };
        counts.rest_not_run_of(10);
        assert_eq!(counts.to_string(), "5 passed, 2 failed, 3 not run");
        counts.rest_not_run_of(6);
        assert_eq!(counts.to_string(), "5 passed, 2 failed");
    }
}
