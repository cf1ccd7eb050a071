//! One kind of check: its limit, its counts, and how long it took.
use super::results::Counts;
use crate::{
    group::{Asked, task},
    progress,
};
use anyhow::{Context, Result, bail};
use std::{
    fmt,
    process::{Command, ExitStatus},
    time::{Duration, Instant},
};

/// The result of one kind of check, for the table at the end.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) counts: Counts,
    /// What was wrong besides failed tests.
    pub(super) error: Option<String>,
    pub(super) took: Duration,
}

impl Line {
    /// A line that counts nothing.
    pub(super) fn note(name: &'static str, took: Duration) -> Self {
        Self { name, counts: Counts::default(), error: None, took }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if !self.counts.is_empty() {
            write!(f, ": {}", self.counts)?;
        }
        write!(f, " ({:.1} s)", self.took.as_secs_f64())?;
        match &self.error {
            Some(error) => write!(f, "\n    {}", error.replace('\n', "\n    ")),
            None => Ok(()),
        }
    }
}

/// What has been run so far.
pub(super) struct Phases {
    lines: Vec<Line>,
    asked: Asked,
}

impl Phases {
    pub(super) fn new(asked: Asked) -> Self {
        Self { lines: Vec::new(), asked }
    }

    pub(super) fn lines(self) -> Vec<Line> {
        self.lines
    }

    /// Does one phase, which counts in what it is given; an error counts as one more that failed. Once a person has
    /// asked for the end nothing more is begun.
    pub(super) fn add(
        &mut self,
        name: &'static str,
        what: &str,
        work: impl FnOnce(&Asked, &mut Counts) -> Result<()>,
    ) -> bool {
        let began = Instant::now();
        let mut counts = Counts::default();
        let result = if self.asked.times() > 0 {
            Err(anyhow::anyhow!("not begun: stopped before"))
        } else {
            progress::during(what, || work(&self.asked, &mut counts))
        };
        let error = result.err().map(|error| format!("{error:#}"));
        counts.failed += usize::from(error.is_some());
        self.lines.push(Line { name, counts, error, took: began.elapsed() });
        counts.failed == 0
    }

    /// Notes that a phase cannot be done, and how many tests are not run therefore; that nobody knows how many is one
    /// more failure.
    pub(super) fn cannot(&mut self, name: &'static str, why: &str, tests: Result<usize>) {
        let (not_run, failed, error) = match tests {
            Ok(not_run) => (not_run, 0, why.to_owned()),
            Err(unknown) => (0, 1, format!("{why}; how many were not run is not known: {unknown:#}")),
        };
        let counts = Counts { failed, not_run, ..Counts::default() };
        self.lines.push(Line { name, counts, error: Some(error), took: Duration::ZERO });
    }

    /// A command that has to succeed within its limit: one check. The result says whether it has.
    pub(super) fn check(&mut self, name: &'static str, what: &str, limit: Duration, command: &mut Command) -> bool {
        self.add(name, what, |asked, counts| {
            expect_success(task::to_its_end(command, limit, asked, |_| {})?)?;
            counts.passed = 1;
            Ok(())
        })
    }
}

/// # Errors
/// For a program that has failed.
fn expect_success(status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("it failed ({status}); see its output above");
    }
    Ok(())
}

/// Runs a test program within its limit. `each` sees every line of its output; `running` is asked what was running when
/// the program was ended.
///
/// # Errors
/// When it cannot be started or had to be ended.
pub(super) fn test_program<T>(
    command: &mut Command,
    limit: Duration,
    asked: &Asked,
    state: &mut T,
    each: impl Fn(&mut T, &str),
    running: impl Fn(&T) -> String,
) -> Result<ExitStatus> {
    let ended = task::to_its_end(command, limit, asked, |line| each(state, line));
    ended.with_context(|| format!("while it ran {}", running(state)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phases() -> Phases {
        Phases::new(Asked::listen().unwrap())
    }

    #[test]
    fn a_phase_that_takes_too_long_fails_by_its_name_and_the_next_one_is_run() {
        let mut phases = phases();
        let mut hangs = Command::new("sh");
        hangs.args(["-c", "echo at test seven; exec sleep 600"]);
        assert!(!phases.check("Tests", "Testing", Duration::from_secs(1), &mut hangs));
        assert!(phases.check("Others", "Testing others", Duration::from_secs(60), &mut Command::new("true")));
        let [first, second] = phases.lines().try_into().ok().unwrap();
        let [first_counts, second_counts] = [first.counts, second.counts].map(|counts| (counts.passed, counts.failed));
        assert_eq!((first_counts, second_counts), ((0, 1), (1, 0)));
        let words = first.to_string();
        assert!(words.starts_with("Tests: 0 passed, 1 failed (1."), "{words}");
        assert!(words.contains("ended after its limit of 1 s; its last lines:\n        at test seven"), "{words}");
    }

    #[test]
    fn what_was_counted_before_an_error_stays_counted() {
        let mut phases = phases();
        phases.add("Tests", "Testing", |_, counts| {
            *counts = Counts { passed: 5, failed: 1, not_run: 3 };
            bail!("the rest hung")
        });
        assert_eq!(phases.lines()[0].to_string(), "Tests: 5 passed, 2 failed, 3 not run (0.0 s)\n    the rest hung");
    }

    #[test]
    fn what_cannot_be_run_is_counted_where_it_is_known_how_many_tests_that_are() {
        let mut phases = phases();
        phases.cannot("Tests", "it did not compile", Ok(7));
        phases.cannot("Others", "it did not compile", Err(anyhow::anyhow!("no list")));
        let [known, unknown] = phases.lines().try_into().ok().unwrap();
        assert_eq!(known.to_string(), "Tests: 0 passed, 0 failed, 7 not run (0.0 s)\n    it did not compile");
        assert_eq!(unknown.counts.failed, 1);
        assert!(unknown.to_string().ends_with("it did not compile; how many were not run is not known: no list"));
    }
}
