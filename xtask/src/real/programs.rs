//! Where the programs are, and getting them.
use crate::{
    paths,
    progress::{self, BUILD_LIMIT},
};
use anyhow::{Context, Result};
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
    /// Whether they need not be built.
    pub(crate) fn are_there() -> bool {
        Self::find().is_some()
    }

    /// Finds them: built by this project, where `dapr init` puts them, or on the `PATH`; else builds them once from
    /// Go modules. Says which version it is.
    ///
    /// # Errors
    /// When they are missing and cannot be built.
    pub(crate) fn get() -> Result<Self> {
        let programs = match Self::find() {
            Some(found) => found,
            None => {
                build(&["placement", "daprd"])?;
                Self::find().context("daprd and placement were built, but are not there")?
            }
        };
        let version = progress::output(Command::new(&programs.daprd).arg("--version"))?;
        eprintln!("• Dapr {version}: {}", programs.daprd.display());
        Ok(programs)
    }

    /// The Scheduler, which keeps the reminders of actors: found, or built. Beside daprd, where tests look for it, if it was
    /// built.
    ///
    /// # Errors
    /// When it is missing and cannot be built.
    pub(crate) fn scheduler() -> Result<PathBuf> {
        if let Some(found) = find("scheduler") {
            return Ok(found);
        }
        build(&["scheduler"])?;
        find("scheduler").context("the Scheduler was built, but is not there")
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

/// Builds programs of Dapr from the Go modules of `xtask/dapr`.
fn build(names: &[&str]) -> Result<()> {
    let folder = built();
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for name in names {
        let mut go = paths::command("go");
        go.current_dir(paths::dapr_modules());
        // Without a tag that names its components daprd ends at its start.
        go.args(["build", "-tags", "stablecomponents", "-ldflags"]);
        go.arg(format!("-s -w -X github.com/dapr/dapr/pkg/buildinfo.version={VERSION}"));
        go.arg("-o").arg(folder.join(name)).arg(format!("github.com/dapr/dapr/cmd/{name}"));
        progress::run(&format!("Building Dapr's {name} {VERSION}"), BUILD_LIMIT, &mut go)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_that_is_said_is_the_one_that_is_built() {
        let modules = fs::read_to_string(paths::dapr_modules().join("go.mod")).unwrap();
        assert!(modules.contains(&format!("github.com/dapr/dapr v{VERSION} ")), "{modules}");
    }
}
