//! Where things are: the repository, what is built, and cargo itself.
use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

/// Which of the two ways everything is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build: no minifying, no precompressing.
    Debug,
    /// What a learner is served: small and fast.
    Release,
}

impl Profile {
    /// The profile that the flag `--release` asks for.
    pub(crate) fn from_flag(release: bool) -> Self {
        if release { Self::Release } else { Self::Debug }
    }

    /// Whether this is the release build.
    pub(crate) fn is_release(self) -> bool {
        self == Self::Release
    }

    /// The folder under `target/` that cargo puts the programs into; also the name to print.
    pub(crate) fn folder(self) -> &'static str {
        if self.is_release() { "release" } else { "debug" }
    }

    /// The cargo profile of the browser part; both are in the workspace's `Cargo.toml`.
    pub(crate) fn browser(self) -> &'static str {
        if self.is_release() { "wasm-release" } else { "wasm-dev" }
    }
}

/// The repository's folder.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// `target/`, where everything that is built ends up.
pub(crate) fn target() -> PathBuf {
    root().join("target")
}

/// The built browser files, served as they are.
pub(crate) fn site() -> PathBuf {
    target().join("site")
}

/// The hashes in the names of the browser files, as Leptos reads them. Not in [`site`], so that it is not served.
pub(crate) fn hashes() -> PathBuf {
    target().join("hash.txt")
}

/// A built program, by its name.
pub(crate) fn program(name: &str, profile: Profile) -> PathBuf {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    target().join(profile.folder()).join(file)
}

/// Cargo of the default toolchain, in the repository's folder.
///
/// The target folder is fixed: with `CARGO_TARGET_DIR` set the programs would not be where they are looked for.
pub(crate) fn cargo() -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(root()).env("CARGO_TARGET_DIR", target());
    command
}

/// Lets a release's views have types of their own: `.cargo/config.toml` has flags for development alone. Flags that a
/// person has set take the place of those anyway.
pub(crate) fn without_flags_of_development(cargo: &mut Command) {
    let set = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"];
    if !set.iter().any(|name| env::var_os(name).is_some()) {
        cargo.env("RUSTFLAGS", "");
    }
}

/// The Go modules that real Dapr is built from.
pub(crate) fn dapr_modules() -> PathBuf {
    root().join("xtask/dapr")
}

/// The file that says which packages of PyPI are installed for a tool, by hash.
pub(crate) fn pinned(name: &str) -> PathBuf {
    root().join(format!("xtask/pip/{name}.txt"))
}

/// Tools that were installed for this project alone.
pub(crate) fn own_tools() -> PathBuf {
    target().join("tools")
}

/// Their programs.
pub(crate) fn own_programs() -> PathBuf {
    own_tools().join("bin")
}

/// The `PATH` with this project's own programs before all others.
fn path() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths([own_programs()].into_iter().chain(env::split_paths(&path))).unwrap_or(path)
}

/// A program that is on the `PATH` or was installed for this project, and that finds what was as well.
pub(crate) fn command(name: &str) -> Command {
    let program = on_path(&[name]).unwrap_or_else(|| PathBuf::from(name));
    let mut command = Command::new(program);
    command.env("PATH", path());
    command
}

/// The first of these programs that was installed for this project or is on the `PATH`.
pub(crate) fn on_path(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<_> = env::split_paths(&path()).collect();
    names.iter().find_map(|name| {
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        folders.iter().map(|folder| folder.join(&file)).find(|program| program.is_file())
    })
}
