//! Where the programs are.
use crate::{install, paths};
use anyhow::{Context, Result};
use std::{
    env,
    path::{Path, PathBuf},
};

/// The two programs of Dapr.
pub(crate) struct Programs {
    /// The sidecar.
    pub(crate) daprd: PathBuf,
    /// What says which sidecar hosts which actor.
    pub(crate) placement: PathBuf,
}

impl Programs {
    /// Finds them: built by this project, on the `PATH`, or where `dapr init` puts them.
    ///
    /// # Errors
    /// When one is missing.
    pub(crate) fn find() -> Result<Self> {
        Ok(Self { daprd: find("daprd")?, placement: find("placement")? })
    }

    /// The folder that both are in, for programs that look for them by name.
    pub(crate) fn folder(&self) -> &Path {
        self.daprd.parent().unwrap_or(&self.daprd)
    }
}

fn find(name: &str) -> Result<PathBuf> {
    let home = env::home_dir().map(|home| home.join(".dapr/bin"));
    let folders = [Some(paths::target().join("dapr")), home];
    let there = folders.into_iter().flatten().map(|folder| folder.join(name)).find(|program| program.is_file());
    there.or_else(|| paths::on_path(&[name])).with_context(|| format!("{name} is missing: `cargo xtask dapr` gets it"))
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
