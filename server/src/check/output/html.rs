//! The report: one file, with no script and nothing to load.

use jiff::Timestamp;
use model::own::{
    catalog::Group,
    report::{Check, Verdict},
    trial::Trial,
};

use super::{escaped, five_things, mark, picture, seconds};
use crate::check::{Settings, run::Results};

/// How many of the program's last lines are in it.
const LAST_LINES: usize = 200;

/// The whole page.
pub(super) fn page(settings: &Settings, results: &Results, lines: &[String]) -> String {
    let report = &results.report;
    let program = escaped(&report.program.join(" "));
    let folder = settings.app.folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (lesson, beyond) = (report.score.lesson, report.score.beyond);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta \
         http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>faultlab check: \
         {program}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n<header><p class=\"brand\"><b>Faultlab</b> \
         check</p><h1>{program}</h1><dl><div><dt>Folder</dt><dd>{}</dd></div><div><dt>Date</dt><dd>{}</dd></div><div><dt>Took</dt><dd>{:.1} \
         s</dd></div><div><dt>Seed</dt><dd><code>{}</code></dd></div></dl></header>\n<section class=\"score\"><p><b>{}</b> of {} of \
         the lesson hold</p><p><b>{}</b> of {} hold beyond it</p><p class=\"note\">Exit status {}.</p></section>\n",
        include_str!("report.css"),
        escaped(&folder),
        Timestamp::now().strftime("%-d %B %Y, %H:%M UTC"),
        seconds(report.took_ms),
        report.seed,
        lesson.0,
        lesson.1,
        beyond.0,
        beyond.1,
        report.status(settings.strict),
    );
    for (group, title) in [(Group::Lesson, "The lesson"), (Group::Beyond, "Beyond the lesson")] {
        page.push_str(&format!(
            "<section><h2>{title}</h2><table><thead><tr><th>#</th><th>check</th><th>verdict</th><th>took</th></tr></thead><tbody>\n"
        ));
        let checks = report.checks.iter().zip(&results.trials).filter(|(check, _)| check.group == group);
        checks.for_each(|(check, trial)| page.push_str(&row(check, trial)));
        page.push_str("</tbody></table></section>\n");
    }
    let from = lines.len().saturating_sub(LAST_LINES);
    page.push_str(
        "<section><h2>The last lines of your program <span class=\"note\">all of them: program.log</span></h2><pre>",
    );
    lines[from..].iter().for_each(|line| page.push_str(&(escaped(line) + "\n")));
    page.push_str(&format!(
        "</pre></section>\n<footer class=\"note\"><p>The same program gets the same verdicts: <code>faultlab check --seed {} \
         …</code></p><p>{}</p></footer>\n</main>\n</body>\n</html>\n",
        report.seed, report.schema
    ));
    page
}

fn row(check: &Check, trial: &Trial) -> String {
    let (verdict, number, id) = (check.verdict.as_str(), check.id.number(), check.id.as_str());
    let words = if check.verdict == Verdict::Unknown { "could not be judged" } else { verdict };
    let mark = mark(check.verdict);
    let mut row = format!(
        "<tr class=\"{verdict}\"><td>{number}</td><th scope=\"row\">{} <code>{id}</code></th><td class=\"verdict\"><i>{mark}</i> \
         {words}</td><td>{:.1} s</td></tr>\n<tr><td colspan=\"4\">",
        check.title,
        seconds(check.took_ms)
    );
    let things = five_things(check);
    let list: String =
        things.iter().map(|(name, words)| format!("<div><dt>{name}</dt><dd>{}</dd></div>", escaped(words))).collect();
    let body = format!("<dl class=\"things\">{list}</dl>{}{}", picture::picture(trial), evidence(check));
    if check.verdict == Verdict::Pass {
        row.push_str(&format!("<details><summary>{}</summary>{body}</details>", escaped(&check.saw)));
    } else {
        row.push_str(&body);
    }
    row + "</td></tr>\n"
}

fn evidence(check: &Check) -> String {
    if check.evidence.is_empty() {
        return String::new();
    }
    let items: String = check
        .evidence
        .iter()
        .map(|item| {
            format!("<li><time>{} ms</time> <b>{}</b> {}</li>", item.at_ms, escaped(&item.kind), escaped(&item.what))
        })
        .collect();
    format!("<ol class=\"evidence\">{items}</ol>")
}
