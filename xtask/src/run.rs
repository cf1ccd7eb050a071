//! Starting `faultlab`.
use crate::paths::{self, Profile};
use anyhow::{Context, Result};
use std::{env, ffi::OsString, process::Command};

/// Starts `faultlab` with these flags, in the repository's folder, and ends when it ends.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn faultlab(profile: Profile, flags: &[OsString]) -> Result<()> {
    let mut command = command(profile, flags);
    let program = command.get_program().to_owned();
    start(&mut command).with_context(|| format!("{} cannot be started", program.display()))
}

/// `faultlab` with these flags, in the repository's folder.
pub(crate) fn command(profile: Profile, flags: &[OsString]) -> Command {
    let mut command = Command::new(paths::program("faultlab", profile));
    command.current_dir(paths::root()).args(flags);
    // A release has its own inside.
    if env::var_os("FAULTLAB_SITE").is_none() && !profile.is_release() {
        command.env("FAULTLAB_SITE", paths::site());
    }
    command
}

/// Takes this process's place: Ctrl-C and other signals reach `faultlab` itself, and its status is the status of
/// `cargo xtask run`. (Cargo does the same with this program.)
#[cfg(unix)]
fn start(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec().into())
}

/// Waits for the program, which gets Ctrl-C from the console by itself.
#[cfg(not(unix))]
fn start(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    std::process::exit(status.code().unwrap_or(1))
}
