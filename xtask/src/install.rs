//! Installing what is missing, where that can be done without asking: Debian's packages, as root.
//!
//! Everywhere else the error names the command that would install it.
use crate::{
    paths,
    progress::{self, FETCH_LIMIT, output},
};
use anyhow::{Context, Result, bail};
use std::{env, path::PathBuf, process::Command};

/// Where Chrome is on a Mac; there it is not on the `PATH`.
const CHROME_ON_MAC: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/// Installs Debian packages. `needed_for` ends the sentence "needed for …"; the caller's context says
/// what is missing.
///
/// # Errors
/// When not root, without apt, or when apt fails: the error says the command that would do it.
pub(crate) fn apt(packages: &[&str], needed_for: &str) -> Result<()> {
    let names = packages.join(" ");
    if paths::on_path(&["apt-get"]).is_none() {
        bail!("needed for {needed_for}, and there is no apt here to install it with (on Debian: {names})");
    }
    let by_hand = format!("sudo apt-get update && sudo apt-get install -y {names}");
    if !is_root() {
        bail!("needed for {needed_for}, and only root can install it here:\n    {by_hand}");
    }
    // A package list that is there and fresh enough makes the update unnecessary; one that is not makes the first
    // attempt fail.
    if install(packages).is_ok() {
        return Ok(());
    }
    progress::run("Updating apt's package lists", FETCH_LIMIT, apt_get().args(["update", "-qq"]))
        .and_then(|()| install(packages))
        .with_context(|| format!("needed for {needed_for}; to install it by hand:\n    {by_hand}\n"))
}

fn install(packages: &[&str]) -> Result<()> {
    let what = format!("Installing {} with apt", packages.join(", "));
    let mut command = apt_get();
    // Debian's rustc-web conflicts with its rustc and rustup: what somebody works with is not taken away.
    command.args(["install", "-y", "-qq", "--no-install-recommends", "--no-remove"]).args(packages);
    progress::run(&what, FETCH_LIMIT, &mut command)
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}

/// The oldest Node.js that the npm packages run on.
const NODE: u32 = 20;

/// Makes sure that Node.js and npm are there.
///
/// # Errors
/// When they are missing and cannot be installed, or are too old.
pub(crate) fn node(needed_for: &str) -> Result<()> {
    let wanted = format!("Node.js {NODE} or newer, with npm: https://nodejs.org/en/download");
    if paths::on_path(&["node"]).is_none() || paths::on_path(&["npm"]).is_none() {
        apt(&["nodejs", "npm"], needed_for).with_context(|| format!("not found: {wanted}"))?;
    }
    let version = output(Command::new("node").arg("--version"))?;
    if node_major(&version).is_none_or(|major| major < NODE) {
        bail!("{needed_for} needs {wanted}; `node` here is {version}");
    }
    Ok(())
}

/// `20` of `v20.20.2`.
fn node_major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// The Chromium or Chrome to test with: `CHROMIUM` from the environment, else one that is installed, else Debian's.
///
/// # Errors
/// When `CHROMIUM` names no file, or there is no browser and none can be installed.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(named) = env::var_os("CHROMIUM").filter(|value| !value.is_empty()) {
        let named = PathBuf::from(named);
        if named.is_file() {
            return Ok(named);
        }
        bail!("CHROMIUM is set to {}, which is not a file", named.display());
    }
    if let Some(found) = installed_chromium() {
        return Ok(found);
    }
    apt(&["chromium", "fonts-liberation"], "the browser tests")
        .context("no Chromium or Chrome was found; install one, or set CHROMIUM to the path of its program")?;
    installed_chromium().context("chromium was installed, but its program is not on the PATH")
}

fn installed_chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    paths::on_path(&names).or_else(|| Some(PathBuf::from(CHROME_ON_MAC)).filter(|chrome| chrome.is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_of_node_is_a_number() {
        assert_eq!(node_major("v20.20.2"), Some(20));
        assert_eq!(node_major("v9.0.0"), Some(9));
        assert_eq!(node_major("20"), None);
    }
}
