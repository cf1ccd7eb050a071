//! The verdicts on a program as one document: `faultlab/check/v1`.

use serde::{Deserialize, Serialize};

use super::catalog::{CheckId, Group};

/// What the document says it is.
pub const SCHEMA: &str = "faultlab/check/v1";

/// The document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// What names and texts were made from.
    pub seed: u64,
    /// The program's command.
    pub program: Vec<String>,
    /// How long all of it took, in milliseconds.
    pub took_ms: u64,
    /// How many checks hold.
    pub score: Score,
    /// The checks, in order.
    pub checks: Vec<Check>,
}

/// How many checks hold, and of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Of the lesson's.
    pub lesson: (u8, u8),
    /// Of those beyond it.
    pub beyond: (u8, u8),
}

/// One check with its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Which.
    pub id: CheckId,
    /// What it is scored under.
    pub group: Group,
    /// The verdict.
    pub verdict: Verdict,
    /// Its title.
    pub title: String,
    /// What was done.
    pub did: String,
    /// What was expected of the program.
    pub expected: String,
    /// What was seen; of one that was not judged, why.
    pub saw: String,
    /// What shows it, in the order of time.
    pub evidence: Vec<Evidence>,
    /// What to look at, in the terms of the program's SDK.
    pub advice: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// What a check comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// It could not be judged.
    Unknown,
    /// Another one stands in its way.
    Skipped,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When, in milliseconds since the check began.
    pub at_ms: u64,
    /// What kind it is: `reply`, `log`, `state_call`, `publish`, `delivery`, `stored`, `call`, ….
    pub kind: String,
    /// It in words.
    pub what: String,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
        }
    }
}

impl Report {
    /// A document over these checks.
    #[must_use]
    pub fn new(seed: u64, program: Vec<String>, took_ms: u64, checks: Vec<Check>) -> Self {
        let score = |group| {
            let of_group = || checks.iter().filter(|check| check.group == group);
            let count = |checks: usize| u8::try_from(checks).unwrap_or(u8::MAX);
            (count(of_group().filter(|check| check.verdict == Verdict::Pass).count()), count(of_group().count()))
        };
        let score = Score { lesson: score(Group::Lesson), beyond: score(Group::Beyond) };
        Self { schema: SCHEMA.to_owned(), seed, program, took_ms, score, checks }
    }

    /// The exit status: 0 if the lesson's five hold (`strict`: all), 1 if one does not, 2 if one could not be judged.
    #[must_use]
    pub fn status(&self, strict: bool) -> u8 {
        let counted = || self.checks.iter().filter(|check| strict || check.group == Group::Lesson);
        if counted().any(|check| check.verdict == Verdict::Fail) {
            return 1;
        }
        if counted().all(|check| check.verdict == Verdict::Pass) { 0 } else { 2 }
    }

    /// How many checks have this verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|check| check.verdict == verdict).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verdict: impl Fn(CheckId) -> Verdict) -> Report {
        let check = |id: CheckId| Check {
            id,
            group: id.group(),
            verdict: verdict(id),
            title: id.title().into(),
            did: String::new(),
            expected: String::new(),
            saw: String::new(),
            evidence: vec![Evidence { at_ms: 12, kind: "state_call".into(), what: "…".into() }],
            advice: None,
            took_ms: 1,
        };
        Report::new(7, vec!["uvicorn".into(), "main:app".into()], 48_211, CheckId::ALL.map(check).to_vec())
    }

    #[test]
    fn the_status_is_that_of_the_lessons_five_unless_all_are_asked_for() {
        let all = report(|_| Verdict::Pass);
        assert_eq!((all.status(false), all.status(true)), (0, 0));
        let beyond = report(|id| if id == CheckId::Hang { Verdict::Fail } else { Verdict::Pass });
        assert_eq!((beyond.status(false), beyond.status(true)), (0, 1));
        let unknown = report(|id| if id == CheckId::Recovery { Verdict::Unknown } else { Verdict::Pass });
        assert_eq!((unknown.status(false), unknown.status(true)), (2, 2));
        let failed = report(|id| if id == CheckId::Recovery { Verdict::Skipped } else { Verdict::Fail });
        assert_eq!(failed.status(false), 1);
    }

    #[test]
    fn the_document_is_as_it_is_promised() {
        let report = report(|id| if id.number() > 8 { Verdict::Fail } else { Verdict::Pass });
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["schema"], "faultlab/check/v1");
        assert_eq!(json["score"], serde_json::json!({"lesson": [5, 5], "beyond": [3, 9]}));
        let first = &json["checks"][0];
        assert_eq!(
            (&first["id"], &first["group"], &first["verdict"]),
            (&"message-processing".into(), &"lesson".into(), &"pass".into())
        );
        assert!(first["advice"].is_null() && first["evidence"][0]["at_ms"] == 12);
        assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
    }
}
