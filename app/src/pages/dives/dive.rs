//! What a deep dive consists of.

use model::scenario::{self, Need, Scenario};

/// One fault of the lesson's code: the idea, what it does, what this lab does instead, and where to see that.
pub struct Dive {
    /// Its name in addresses.
    pub slug: &'static str,
    /// The fault, as one sentence.
    pub title: &'static str,
    /// What it costs those who run the code.
    pub costs: &'static str,
    /// The idea of the failing code, in a few lines of ours.
    pub theirs: Listing,
    /// What that code does, step by step.
    pub there: &'static [Did],
    /// Why it does that.
    pub really: &'static str,
    /// What was seen of it on daprd.
    pub seen: &'static [&'static str],
    /// What this lab does, step by step.
    pub here: &'static [Did],
    /// The lines of this program that do it; a test holds them to the source.
    pub ours: Listing,
    /// What is different, in words.
    pub instead: &'static str,
    /// How to see it.
    pub live: Live,
}

/// A few lines of code, one of which matters.
pub struct Listing {
    /// The language, or the file.
    pub name: &'static str,
    /// The lines; `…` stands for what is left out.
    pub text: &'static str,
    /// The line that matters, without its indentation.
    pub mark: &'static str,
    /// What there is to say about it.
    pub says: &'static str,
}

/// One step of what some code does.
pub enum Did {
    /// It succeeds.
    Done(&'static str),
    /// It fails.
    Failed(&'static str),
    /// It waits before it tries again.
    Waited(&'static str),
    /// It never happens.
    Never(&'static str),
}

/// How a dive is shown live.
pub enum Live {
    /// In the lab.
    Scene(Scene),
    /// In the reader's own shell.
    Shell {
        /// Why not in the lab.
        why: &'static str,
        /// The line to type.
        command: &'static str,
        /// What it prints, the line that matters.
        prints: &'static str,
    },
}

/// A scenario that shows what this lab does.
pub struct Scene {
    /// The scenario's name.
    pub scenario: &'static str,
    /// What proves it, when it has run.
    pub evidence: &'static str,
    /// What to run in a lab that lacks what the scenario needs.
    pub otherwise: Option<Otherwise>,
}

/// The nearest thing that can be run.
pub struct Otherwise {
    /// The scenario's name.
    pub scenario: &'static str,
    /// Why it is not the thing itself, and what it shows.
    pub why: &'static str,
}

impl Scene {
    /// The scenario to run in a lab that has these, and what has to be said of it.
    pub fn in_a_lab_with(&self, there: &[Need]) -> Option<(&'static Scenario, Option<&'static str>)> {
        let scenario = scenario::named(self.scenario)?;
        match &self.otherwise {
            Some(otherwise) if scenario.missing(there).is_some() => {
                Some((scenario::named(otherwise.scenario)?, Some(otherwise.why)))
            }
            _ => Some((scenario, None)),
        }
    }
}
