//! `faultlab check`: the checks over the learner's program, without a page.
//!
//! # Layout
//! - `run`: from the program's start to the verdicts and the exit status
//! - `host`: the program behind a sidecar with faults and a recorder
//! - `tester`: what is done to one actor for one check; `plan`: what that is for each of them
//! - `names`: names and texts out of a seed
//! - `folded`: which of the program's lines are shown
//! - [`output`](self): the verdicts for people and for machines

mod folded;
mod host;
mod names;
mod output;
mod plan;
mod run;
mod tester;

use std::{ffi::OsString, path::PathBuf, time::Duration};

pub use self::run::run;
use crate::{config::Tokens, own::App};

/// What is checked, and what is made of the verdicts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program; its port is 0 where `{port}` stands in its command.
    pub app: App,
    /// What names and texts are made from; chosen if it is not said.
    pub seed: Option<u64>,
    /// How long all of it may take.
    pub timeout: Duration,
    /// Whether the checks beyond the lesson count for the exit status.
    pub strict: bool,
    /// The folder of results.
    pub results: PathBuf,
    /// What is written besides.
    pub formats: Formats,
    /// What the environment says must be shown.
    pub tokens: Tokens,
    /// The program that guards others: this one.
    pub guard: PathBuf,
}

/// What is written beside the folder of results.
#[derive(Clone, Debug, Default)]
pub struct Formats {
    /// The document, to this file.
    pub json: Option<PathBuf>,
    /// JUnit's XML, to this file.
    pub junit: Option<PathBuf>,
    /// The report, to this file.
    pub html: Option<PathBuf>,
    /// GitHub's annotations and step summary.
    pub github: bool,
    /// Gradescope's results.
    pub gradescope: bool,
    /// Classroom 50's `result.json`.
    pub classroom50: bool,
}

/// What stands for the port in a command.
pub const PORT: &str = "{port}";

/// The command with the port in the place of [`PORT`].
#[must_use]
pub fn with_port(command: &[OsString], port: u16) -> Vec<OsString> {
    let put = |word: &OsString| match word.to_str() {
        Some(text) => text.replace(PORT, &port.to_string()).into(),
        None => word.clone(),
    };
    command.iter().map(put).collect()
}
