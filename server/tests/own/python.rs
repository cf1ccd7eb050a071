//! Where Dapr's SDK for Python is.

use std::{env, path::PathBuf};

/// A version's packages (`dapr-oldest` is the course's, `dapr-newest` the newest); none where they are not there.
///
/// # Panics
/// If they are not there with `CI=true`: a test that was skipped would look like one that passed.
pub(crate) fn sdk(version: &str) -> Option<PathBuf> {
    let folder = env::var_os("FAULTLAB_DAPR_SDKS").map(|folder| PathBuf::from(folder).join(version));
    let folder = folder.filter(|folder| folder.is_dir());
    if folder.is_none() {
        let words = format!("{version} is not there: `cargo xtask test` gets Dapr's SDKs, into FAULTLAB_DAPR_SDKS");
        assert!(env::var("CI").as_deref() != Ok("true"), "{words}");
        eprintln!("SKIPPED: {words}");
    }
    folder
}
