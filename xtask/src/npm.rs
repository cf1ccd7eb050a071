//! Packages from npm, exactly as their lock file says.
use crate::{
    paths,
    progress::{self, FETCH_LIMIT},
};
use anyhow::{Context, Result};
use std::{fs, path::Path, process::Command};

/// A copy of the lock file that was installed, to see whether it has changed since.
const INSTALLED: &str = "node_modules/.installed-lock.json";

/// Installs the packages of `folder/package-lock.json`, unless they are there already.
///
/// # Errors
/// When npm is missing or fails.
pub(crate) fn packages(folder: &Path, needed_for: &str) -> Result<()> {
    let lock = folder.join("package-lock.json");
    let wanted = fs::read(&lock).with_context(|| format!("{} cannot be read", lock.display()))?;
    let marker = folder.join(INSTALLED);
    if fs::read(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut npm = paths::command("npm");
    npm.current_dir(folder).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
    // A Node that comes along knows no certificate that was added to the system, as that of a company's proxy.
    npm.env("NODE_USE_SYSTEM_CA", "1");
    // The tests use the system's browser.
    npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    progress::run(&format!("Installing the npm packages for {needed_for}"), FETCH_LIMIT, &mut npm)
        .with_context(|| format!("the npm packages in {} cannot be installed", folder.display()))?;
    fs::write(&marker, wanted).with_context(|| format!("{} cannot be written", marker.display()))
}

/// A program that the packages in `folder` bring along.
pub(crate) fn program(folder: &Path, name: &str) -> Command {
    paths::command(&folder.join("node_modules/.bin").join(name).to_string_lossy())
}
