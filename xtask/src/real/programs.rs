//! Where the programs are, and getting them.
use crate::{
    install, paths,
    progress::{self, BUILD_LIMIT},
};
use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The version of Dapr that is built where none is found; `xtask/dapr/go.mod` pins it.
const VERSION: &str = "1.18.2";

/// The two programs of Dapr.
pub(crate) struct Programs {
    /// The sidecar.
    pub(crate) daprd: PathBuf,
    /// What says which sidecar hosts which actor.
    pub(crate) placement: PathBuf,
}

impl Programs {
    /// Finds them: built by this project, where `dapr init` puts them, or on the `PATH`; else builds them once from
    /// Go modules. Says which version it is.
    ///
    /// # Errors
    /// When they are missing and cannot be built: what to install.
    pub(crate) fn get() -> Result<Self> {
        let programs = match Self::find() {
            Some(found) => found,
            None => {
                build()?;
                Self::find().context("daprd and placement were built, but are not there")?
            }
        };
        let version = progress::output(Command::new(&programs.daprd).arg("--version"))?;
        eprintln!("• Dapr {version}: {}", programs.daprd.display());
        Ok(programs)
    }

    fn find() -> Option<Self> {
        Some(Self { daprd: find("daprd")?, placement: find("placement")? })
    }

    /// The folder that both are in, for programs that look for them by name.
    pub(crate) fn folder(&self) -> &Path {
        self.daprd.parent().unwrap_or(&self.daprd)
    }
}

fn find(name: &str) -> Option<PathBuf> {
    let home = env::home_dir().map(|home| home.join(".dapr/bin"));
    let folders = [Some(built()), home];
    let there = folders.into_iter().flatten().map(|folder| folder.join(name)).find(|program| program.is_file());
    there.or_else(|| paths::on_path(&[name]))
}

/// Where the programs go that are built here.
fn built() -> PathBuf {
    paths::target().join("dapr")
}

/// Builds both from the Go modules of `xtask/dapr`.
fn build() -> Result<()> {
    if paths::on_path(&["go"]).is_none() {
        bail!(
            "daprd and placement were not found, and without Go they cannot be built: install Go 1.26 or later \
             (https://go.dev/dl), or the Dapr CLI, and then run `dapr init --slim`"
        );
    }
    let folder = built();
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for name in ["placement", "daprd"] {
        let mut go = Command::new("go");
        go.current_dir(paths::root().join("xtask/dapr"));
        // Without a tag that names its components daprd ends at its start.
        go.args(["build", "-tags", "stablecomponents", "-ldflags"]);
        go.arg(format!("-s -w -X github.com/dapr/dapr/pkg/buildinfo.version={VERSION}"));
        go.arg("-o").arg(folder.join(name)).arg(format!("github.com/dapr/dapr/cmd/{name}"));
        progress::run(&format!("Building Dapr's {name} {VERSION}"), BUILD_LIMIT, &mut go)?;
    }
    Ok(())
}

/// `redis-server`, installed with apt where it is missing.
///
/// # Errors
/// When it is missing and cannot be installed.
pub(crate) fn redis_server() -> Result<PathBuf> {
    if let Some(found) = paths::on_path(&["redis-server"]) {
        return Ok(found);
    }
    install::apt(&["redis-server"], "keeping the state (or give --redis HOST:PORT)")
        .context("redis-server was not found")?;
    paths::on_path(&["redis-server"]).context("redis-server was installed, but is not on the PATH")
}

/// Redis as tests want it: the server, and `redis-cli` to look into it. Debian's server brings the other along.
///
/// # Errors
/// When one is missing and cannot be installed.
pub(crate) fn redis() -> Result<()> {
    redis_server()?;
    paths::on_path(&["redis-cli"]).map(drop).context("redis-server is there, but redis-cli is not on the PATH")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_that_is_said_is_the_one_that_is_built() {
        let modules = fs::read_to_string(paths::root().join("xtask/dapr/go.mod")).unwrap();
        assert!(modules.contains(&format!("github.com/dapr/dapr v{VERSION} ")), "{modules}");
    }
}
