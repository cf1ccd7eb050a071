//! GitHub's annotations, on the output, and its step summary.

use std::{
    env,
    fs::OpenOptions,
    io::{Write, stdout},
};

use anyhow::Context;
use model::own::{
    catalog::Group,
    report::{Check, Report, Verdict},
};

use super::five_things;

/// Writes both.
///
/// # Errors
/// The summary's file cannot be written.
pub(super) fn write(report: &Report) -> anyhow::Result<()> {
    for check in &report.checks {
        if let Some(annotation) = annotation(check) {
            // Whoever reads may be gone.
            let _ = writeln!(stdout(), "{annotation}");
        }
    }
    let Some(file) = env::var_os("GITHUB_STEP_SUMMARY") else { return Ok(()) };
    let cannot = "Cannot write the file that GITHUB_STEP_SUMMARY names";
    let mut file = OpenOptions::new().append(true).create(true).open(file).context(cannot)?;
    file.write_all(summary(report).as_bytes()).context(cannot)
}

/// An error for one of the lesson's that does not hold, a warning for the rest.
fn annotation(check: &Check) -> Option<String> {
    let level = match (check.verdict, check.group) {
        (Verdict::Pass | Verdict::Skipped, _) => return None,
        (Verdict::Fail, Group::Lesson) => "error",
        (Verdict::Fail | Verdict::Unknown, _) => "warning",
    };
    let mut words = check.saw.clone();
    if let Some(advice) = &check.advice {
        words.push_str("\nLook at: ");
        words.push_str(advice);
    }
    // As the workflow commands have it.
    let data = words.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    Some(format!("::{level} title=faultlab {}::{data}", check.id.as_str()))
}

fn summary(report: &Report) -> String {
    let ((lesson, of_lesson), (beyond, of_beyond)) = (report.score.lesson, report.score.beyond);
    let mut text = format!(
        "## Faultlab: {lesson} of {of_lesson}, beyond the lesson {beyond} of {of_beyond}\n\n| # | check | verdict | saw |\n|---|---|---|---|\n"
    );
    for check in &report.checks {
        let saw = check.saw.replace('|', "\\|").replace('\n', " ");
        text.push_str(&format!("| {} | {} | {} | {saw} |\n", check.id.number(), check.title, check.verdict.as_str()));
    }
    for check in report.checks.iter().filter(|check| check.verdict == Verdict::Fail) {
        text.push_str(&format!("\n### {}\n", check.title));
        for (name, words) in five_things(check) {
            text.push_str(&format!("- **{name}**: {words}\n"));
        }
    }
    text
}
