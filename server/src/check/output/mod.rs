//! The verdicts, for people and for machines.

mod classroom50;
mod github;
mod gradescope;
mod html;
mod junit;
mod picture;
pub(super) mod table;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use model::own::report::{Check, Evidence, Verdict};

use super::{Settings, run::Results};
use crate::program::log::ProgramLog;

/// Writes the folder of results and what else is asked for; where the report is.
///
/// # Errors
/// A file that cannot be written.
pub(super) fn write(settings: &Settings, results: &Results, log: &ProgramLog) -> anyhow::Result<PathBuf> {
    let folder = &settings.results;
    let cannot = || format!("Cannot write to the folder {}: choose another with --results DIR", folder.display());
    fs::create_dir_all(folder).with_context(cannot)?;
    let report = &results.report;
    let json = serde_json::to_string_pretty(report)? + "\n";
    let lines: Vec<_> = log.after(0).iter().map(|line| line.plain.clone()).collect();
    let html = html::page(settings, results, &lines);
    // What is in it belongs to no repository.
    to_file(&folder.join(".gitignore"), "*\n")?;
    to_file(&folder.join("results.json"), &json)?;
    to_file(&folder.join("program.log"), &(lines.join("\n") + "\n"))?;
    let place = folder.join("report.html");
    to_file(&place, &html)?;
    let formats = &settings.formats;
    if let Some(file) = &formats.json {
        to_file(file, &json)?;
    }
    if let Some(file) = &formats.junit {
        to_file(file, &junit::document(report))?;
    }
    if let Some(file) = &formats.html {
        to_file(file, &html)?;
    }
    if formats.github {
        github::write(report)?;
    }
    if formats.gradescope {
        to_file(&gradescope::place(), &serde_json::to_string_pretty(&gradescope::document(report))?)?;
    }
    if formats.classroom50 {
        to_file(Path::new("result.json"), &serde_json::to_string_pretty(&classroom50::document(report))?)?;
    }
    Ok(place)
}

fn to_file(file: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(file, text).with_context(|| format!("Cannot write {}", file.display()))
}

/// A text for XML and HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML has no way to write these.
            char if char.is_control() && !matches!(char, '\n' | '\t') => escaped.push('\u{fffd}'),
            char => escaped.push(char),
        }
    }
    escaped
}

/// What stands for a verdict where there is little room.
fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓",
        Verdict::Fail => "✗",
        Verdict::Unknown => "?",
        Verdict::Skipped => "»",
    }
}

#[expect(clippy::cast_precision_loss, reason = "a run is short")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1e3
}

/// The five things that a verdict says, by their names.
fn five_things(check: &Check) -> Vec<(&'static str, String)> {
    // What came back is in what was seen: where it happened, the program's own steps tell.
    let own = |evidence: &&Evidence| !matches!(evidence.kind.as_str(), "reply" | "history" | "stored");
    let mut steps: Vec<_> = check.evidence.iter().filter(own).collect();
    if steps.is_empty() {
        steps = check.evidence.iter().collect();
    }
    let places: Vec<_> =
        steps.iter().take(4).map(|evidence| format!("{} at {} ms", evidence.what, evidence.at_ms)).collect();
    let mut things = vec![
        ("did", check.did.clone()),
        ("expected", check.expected.clone()),
        ("saw", check.saw.clone()),
        ("where", places.join("; ")),
        ("look at", check.advice.clone().unwrap_or_default()),
    ];
    things.retain(|(_, words)| !words.is_empty());
    things
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_programs_are_no_markup() {
        assert_eq!(escaped("<b a=\"'\">&\u{1b}"), "&lt;b a=&quot;&#39;&quot;&gt;&amp;\u{fffd}");
    }
}
