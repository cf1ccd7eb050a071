//! JUnit's XML.

use model::own::{
    catalog::Group,
    report::{Check, Report, Verdict},
};

use super::{escaped, five_things, seconds};

/// The document: a suite for each group.
pub(super) fn document(report: &Report) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"faultlab check\">\n");
    for (group, name) in [(Group::Lesson, "lesson"), (Group::Beyond, "beyond")] {
        let checks: Vec<&Check> = report.checks.iter().filter(|check| check.group == group).collect();
        let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
        let time = seconds(checks.iter().map(|check| check.took_ms).sum());
        xml.push_str(&format!(
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{time}\">\n",
            checks.len(),
            count(Verdict::Fail),
            count(Verdict::Unknown),
            count(Verdict::Skipped),
        ));
        checks.iter().for_each(|check| xml.push_str(&case(check, name)));
        xml.push_str("  </testsuite>\n");
    }
    xml + "</testsuites>\n"
}

fn case(check: &Check, suite: &str) -> String {
    let (id, time) = (check.id.as_str(), seconds(check.took_ms));
    let open = format!("    <testcase classname=\"faultlab.{suite}\" name=\"{id}\" time=\"{time}\"");
    let saw = escaped(&check.saw);
    let things = five_things(check).into_iter().map(|(name, words)| format!("{name}: {words}")).collect::<Vec<_>>();
    let things = escaped(&things.join("\n"));
    match check.verdict {
        Verdict::Pass => format!("{open}/>\n"),
        Verdict::Fail => format!("{open}>\n      <failure message=\"{saw}\">{things}</failure>\n    </testcase>\n"),
        Verdict::Unknown => format!("{open}>\n      <error message=\"{saw}\">{things}</error>\n    </testcase>\n"),
        Verdict::Skipped => format!("{open}>\n      <skipped message=\"{saw}\"/>\n    </testcase>\n"),
    }
}
