//! Gradescope's `results.json`: <https://gradescope-autograders.readthedocs.io/en/latest/specs/>.

use std::path::PathBuf;

use model::own::{
    catalog::Group,
    report::{Check, Report, Verdict},
};
use serde_json::{Value, json};

use super::five_things;

/// Where Gradescope looks for it.
pub(super) fn place() -> PathBuf {
    PathBuf::from("/autograder/results/results.json")
}

/// The document: a point for each of the lesson's, the rest as advice without points.
pub(super) fn document(report: &Report) -> Value {
    let test = |check: &Check| {
        let most = u8::from(check.group == Group::Lesson);
        let holds = check.verdict == Verdict::Pass;
        let lines: Vec<_> = five_things(check).into_iter().map(|(name, words)| format!("{name}: {words}")).collect();
        json!({
            "number": check.id.number().to_string(),
            "name": check.title,
            "score": if holds { most } else { 0 },
            "max_score": most,
            "status": if holds { "passed" } else { "failed" },
            "output": lines.join("\n"),
        })
    };
    json!({
        "output": format!("lesson {} of {}, beyond {} of {}, seed {}", report.score.lesson.0, report.score.lesson.1,
            report.score.beyond.0, report.score.beyond.1, report.seed),
        "execution_time": report.took_ms / 1_000,
        "tests": report.checks.iter().map(test).collect::<Vec<_>>(),
    })
}
