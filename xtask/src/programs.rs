//! The programs: `faultlab` and `sidecar`.
use crate::{
    paths::{self, Profile},
    progress::{self, BUILD_LIMIT},
};
use anyhow::Result;
use std::process::Command;

/// Builds both into `target/debug` or `target/release`.
///
/// # Errors
/// When they do not compile.
pub(crate) fn build(profile: Profile) -> Result<()> {
    compile(profile, false)
}

/// The same; in a release the site, which has to be built, is inside `faultlab`.
///
/// # Errors
/// The same.
pub(crate) fn build_with_site(profile: Profile) -> Result<()> {
    compile(profile, profile.is_release())
}

/// Tells the program which commit it is built from, where git knows it.
pub(crate) fn with_commit(cargo: &mut Command) {
    let mut git = Command::new("git");
    git.current_dir(paths::root()).args(["describe", "--always", "--abbrev=12", "--dirty", "--exclude=*"]);
    if let Ok(commit) = progress::output(&mut git) {
        cargo.env("FAULTLAB_COMMIT", commit);
    }
}

fn compile(profile: Profile, embed: bool) -> Result<()> {
    let mut cargo = paths::cargo();
    cargo.args(["build", "--locked", "--package", "server", "--package", "sidecar", "--bins"]);
    if profile.is_release() {
        cargo.arg("--release");
        paths::without_flags_of_development(&mut cargo);
        with_commit(&mut cargo);
    }
    if embed {
        cargo.args(["--features", "server/embed"]);
    }
    let what = format!("Building faultlab and sidecar ({})", profile.folder());
    progress::run(&what, BUILD_LIMIT, &mut cargo)
}
