//! Dapr's SDKs for JavaScript and Go, with which apps of the sidecar's conformance suite are written. Those for Python are
//! among the tools, since the tests of programs in Python want them as well.
use crate::{
    npm, paths,
    progress::{self, BUILD_LIMIT},
};
use anyhow::{Context, Result};
use std::fs;

/// The app in Go, with its place in the repository.
const GO_APP: &str = "sidecar/tests/conformance/sdks/app.go";

/// Installs the one, and builds the app with the other where Go is: with daprd at hand nothing else needs it, and then its
/// test skips itself.
///
/// # Errors
/// When npm or Go fail.
pub(super) fn get() -> Result<()> {
    let (lock, folder) = (paths::root().join("xtask/npm-dapr"), paths::own_tools().join("dapr-javascript"));
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(lock.join(file), folder.join(file)).with_context(|| format!("{file} cannot be copied"))?;
    }
    npm::packages(&folder, "the app with Dapr's SDK for JavaScript")?;
    if paths::on_path(&["go"]).is_none() {
        eprintln!("• The app with Dapr's SDK for Go will not be tested: there is no Go");
        return Ok(());
    }
    let mut go = paths::command("go");
    go.current_dir(paths::dapr_modules()).args(["build", "-ldflags", "-s -w", "-o"]);
    go.arg(paths::own_tools().join("dapr-go/app")).arg(paths::root().join(GO_APP));
    progress::run("Building the app with Dapr's SDK for Go", BUILD_LIMIT, &mut go)
}
