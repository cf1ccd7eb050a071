//! The programs: `faultlab` and `sidecar`.
use crate::{
    paths::{self, Profile},
    progress,
};
use anyhow::Result;

/// Builds both into `target/debug` or `target/release`.
///
/// # Errors
/// When they do not compile.
pub(crate) fn build(profile: Profile) -> Result<()> {
    let mut cargo = paths::cargo();
    cargo.args(["build", "--locked", "--package", "server", "--package", "sidecar", "--bins"]);
    if profile.is_release() {
        cargo.arg("--release");
    }
    progress::run(&format!("Building faultlab and sidecar ({})", profile.folder()), &mut cargo)
}
