//! The verdicts as a table for people.

use model::own::report::{Check, Report, Verdict};

use super::{five_things, mark, seconds};
use crate::own::shell::Shell;

/// A check that has been judged: a line, and the five things if it does not hold.
pub(in crate::check) fn check(shell: &Shell, check: &Check) {
    let mark = mark(check.verdict);
    let (verdict, number, id) = (check.verdict.as_str(), check.id.number(), check.id.as_str());
    let mut line = format!("  {mark} {verdict:<8}{number:>3}  {id:<22}");
    let took = match check.verdict {
        Verdict::Skipped => String::new(),
        _ => format!("{:.1} s", seconds(check.took_ms)),
    };
    match check.verdict {
        Verdict::Pass | Verdict::Fail => line.push_str(&format!("{took:>44}")),
        Verdict::Unknown | Verdict::Skipped => line.push_str(&format!("{}  {took}", check.saw)),
    }
    shell.say(line.trim_end());
    if check.verdict == Verdict::Fail {
        for (name, words) in five_things(check) {
            shell.say(&format!("      {name:<10}  {words}"));
        }
    }
}

/// The score.
pub(in crate::check) fn score(shell: &Shell, report: &Report, strict: bool) {
    let ((lesson, of_lesson), (beyond, of_beyond)) = (report.score.lesson, report.score.beyond);
    let counts = [(Verdict::Fail, "fail"), (Verdict::Unknown, "could not be judged"), (Verdict::Skipped, "skipped")];
    let counts = counts.iter().map(|(verdict, words)| (report.count(*verdict), words)).filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, words)| format!("{count} {words}")).collect();
    let took = seconds(report.took_ms);
    shell.gap();
    shell.say(&format!(
        "  lesson  {lesson} of {of_lesson}      beyond  {beyond} of {of_beyond}      {}  {took:.1} s",
        counts.join(", ")
    ));
    let words = match (report.status(strict), strict) {
        (0, false) => "exit 0: the five hold",
        (0, true) => "exit 0: all hold",
        (1, _) => "exit 1: one does not hold",
        _ => "exit 2: one could not be judged",
    };
    shell.note(words);
}
