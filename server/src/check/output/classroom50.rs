//! Classroom 50's `classroom50/result/v1`. It reads `result.json` in the working folder, and takes every exit status but 0
//! for a failure of the machinery: what does not hold stands in the document.

use std::env;

use jiff::Timestamp;
use model::own::{
    catalog::Group,
    report::{Check, Report, Verdict},
};
use serde_json::{Value, json};

/// The document, with what the runner tells of the hand-in by its environment. A point for each of the lesson's five; the
/// rest is advice without points.
pub(super) fn document(report: &Report) -> Value {
    let test = |check: &Check| {
        let most = u8::from(check.group == Group::Lesson);
        let passed = check.verdict == Verdict::Pass;
        json!({
            "test-name": check.id.as_str(),
            "passed": passed,
            "score": if passed { most } else { 0 },
            "max-score": most,
        })
    };
    // What is advice would make the whole hand-in fail: only what gives points is in it.
    let tests: Vec<_> = report.checks.iter().filter(|check| check.group == Group::Lesson).map(test).collect();
    let told = |name: &str| env::var(name).unwrap_or_default();
    json!({
        "schema": "classroom50/result/v1",
        "classroom": told("CLASSROOM"),
        "assignment": told("ASSIGNMENT"),
        "usernames": [told("USERNAME")],
        "submission": told("SUBMISSION_TAG"),
        "commit": told("COMMIT_URL"),
        "release": told("RELEASE_URL"),
        "review": told("REVIEW_URL"),
        "datetime": Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "score": report.score.lesson.0,
        "max-score": report.score.lesson.1,
        "tests": tests,
    })
}
