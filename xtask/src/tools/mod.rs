//! What the commands need and cargo does not bring along. Each command asks for all of it before anything long begins:
//! it is looked for, and installed where that can be done without asking; what is still missing then is named with the
//! command that would install it.
//!
//! # Layout
//! - [`get`], [`need`]: asking; [`of_build`], [`of_tests`], [`OF_DAPR`]: for what
//! - [`Tool`]: each of them: what it is for, whether it is there, where it can be had
//! - [`install`]: rustup, apt and pip
//! - [`links`]: a folder with these programs and no others
mod install;
pub(crate) mod links;
mod tool;

use crate::paths::Profile;
use anyhow::{Result, bail};
use std::{collections::BTreeSet, fmt};
pub(crate) use tool::{Tool, chromium};

/// What a run on real Dapr needs besides.
pub(crate) const OF_DAPR: [Tool; 2] = [Tool::DaprOrGo, Tool::Redis];

/// What building the programs and the site needs.
pub(crate) fn of_build(profile: Profile) -> Vec<Tool> {
    match profile {
        Profile::Debug => vec![Tool::BrowserTarget],
        Profile::Release => vec![Tool::BrowserTarget, Tool::NodeForRelease],
    }
}

/// What the tests need: those in Rust, those in the browser.
pub(crate) fn of_tests(rust: bool, browser: bool) -> Vec<Tool> {
    let mut tools = Vec::new();
    if rust {
        tools.extend([Tool::Lints, Tool::Sqlite, Tool::OldestSdk, Tool::NewestSdk, Tool::NodeForSdk]);
    }
    if browser {
        tools.extend(of_build(Profile::Debug));
        tools.extend([Tool::NodeForBrowser, Tool::Chromium]);
    }
    tools.extend(OF_DAPR);
    tools
}

/// A tool that is not there and could not be installed.
pub(crate) struct Missing {
    /// Which it is.
    pub(crate) tool: Tool,
    /// What was found instead of it.
    found: String,
    /// What went wrong where it was to be installed.
    tried: Vec<String>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, for {}: {}", self.tool.name(), self.tool.purpose(), self.found)?;
        for problem in &self.tried {
            write!(f, "; {problem}")?;
        }
        for way in install::by_hand(self.tool) {
            write!(f, "\n      {way}")?;
        }
        Ok(())
    }
}

/// Looks for all of these and installs what is not there; the result is what is missing all the same.
pub(crate) fn get(tools: &[Tool]) -> Vec<Missing> {
    let lacking: Vec<_> = tools.iter().copied().filter(|tool| tool.look().is_err()).collect();
    if lacking.is_empty() {
        return Vec::new();
    }
    let problems = install::all(&lacking);
    let missing = lacking.into_iter().filter_map(|tool| {
        let found = tool.look().err()?.to_string();
        let tried = problems.iter().filter(|(of, _)| *of == tool).map(|(_, problem)| problem.clone()).collect();
        Some(Missing { tool, found, tried })
    });
    missing.collect()
}

/// The same where a command cannot do without them.
///
/// # Errors
/// When one is missing: all that are, each with the command that would install it.
pub(crate) fn need(tools: &[Tool]) -> Result<()> {
    let missing = get(tools);
    if !missing.is_empty() {
        bail!("what is needed is not there:\n{}", listed(&missing));
    }
    Ok(())
}

/// One under the other, and the one command for all that Debian has.
pub(crate) fn listed(missing: &[Missing]) -> String {
    let mut lines: Vec<_> = missing.iter().map(|missing| format!("  - {missing}")).collect();
    let packages: BTreeSet<_> = missing.iter().flat_map(|missing| install::packages(missing.tool)).collect();
    if missing.len() > 1 && !packages.is_empty() {
        let packages: Vec<_> = packages.into_iter().collect();
        lines.push(format!("  All of Debian's packages at once:\n      {}", install::apt_by_hand(&packages)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(tool: Tool, tried: &[&str]) -> Missing {
        Missing { tool, found: "not found".into(), tried: tried.iter().map(|&tried| tried.into()).collect() }
    }

    #[test]
    fn what_is_missing_is_named_with_the_command_that_would_install_it() {
        let words = listed(&[missing(Tool::Sqlite, &[])]);
        assert_eq!(
            words,
            "  - sqlite3, for the test of the command that the store's panel shows: not found\n      \
             sudo apt-get update && sudo apt-get install -y sqlite3"
        );
        let words =
            listed(&[missing(Tool::Sqlite, &[]), missing(Tool::Lints, &["no network"]), missing(Tool::Redis, &[])]);
        assert!(words.contains("not found; no network\n      rustup component add rustfmt clippy\n"), "{words}");
        assert!(
            words.ends_with("at once:\n      sudo apt-get update && sudo apt-get install -y redis-server sqlite3"),
            "{words}"
        );
    }

    #[test]
    fn every_tool_that_a_command_asks_for_is_among_those_that_are_linked() {
        let asked = [of_build(Profile::Release), of_tests(true, true)].concat();
        assert!(asked.iter().all(|tool| Tool::ALL.contains(tool)));
        assert!(Tool::ALL.iter().all(|tool| asked.contains(tool)));
    }
}
