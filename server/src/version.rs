//! Which build of the program this is.

use std::sync::LazyLock;

/// The version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit that a release was built from, as `cargo xtask` says it; a build in development does not ask.
pub const COMMIT: Option<&str> = option_env!("FAULTLAB_COMMIT");

/// Both, as `--version` prints them.
#[must_use]
pub fn full() -> &'static str {
    static FULL: LazyLock<String> = LazyLock::new(|| match COMMIT {
        Some(commit) => format!("{VERSION} ({commit})"),
        None => VERSION.to_owned(),
    });
    &FULL
}
