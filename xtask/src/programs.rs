//! The programs: `faultlab` and `sidecar`.
use crate::{
    paths::{self, Profile},
    progress::{self, BUILD_LIMIT},
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
        paths::without_flags_of_development(&mut cargo);
    }
    let what = format!("Building faultlab and sidecar ({})", profile.folder());
    progress::run(&what, BUILD_LIMIT, &mut cargo)
}
