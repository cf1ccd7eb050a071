//! The compiler for WebAssembly: the default toolchain with the target, else Debian's `rustc-web` with the standard
//! library's sources, which builds the library itself.
use crate::{
    paths::{self, Profile},
    progress, version,
};
use anyhow::{Context, Result};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The target's name.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's compiler, kept fresh for its browsers, beside the older `rustc` of the release.
const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Debian's linker for WebAssembly.
const LINKER_PACKAGE: &str = "lld-22";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_SOURCES: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";

/// What compiles the browser part.
#[derive(Debug)]
pub(crate) enum Compiler {
    /// The default toolchain, which has the target.
    Default,
    /// Debian's compiler, which builds the standard library first and links with this linker.
    Debian {
        /// rustup's or Debian's `lld`.
        linker: PathBuf,
    },
}

impl Compiler {
    /// Finds one.
    ///
    /// # Errors
    /// When none is there.
    pub(crate) fn find() -> Result<Self> {
        if default_has_target() {
            return Ok(Self::Default);
        }
        let linker = linker().filter(|_| debian_is_there());
        Ok(Self::Debian { linker: linker.with_context(|| format!("the Rust target {TARGET} is missing"))? })
    }

    /// Cargo with everything set to build a package for WebAssembly in this profile; the package is still to be said.
    pub(crate) fn cargo_build(&self, profile: Profile) -> Command {
        let mut command = match self {
            Self::Default => {
                let mut command = paths::cargo();
                command.arg("build");
                command
            }
            Self::Debian { linker } => {
                let mut command = Command::new(DEBIAN_CARGO);
                command.current_dir(paths::root()).arg("build").env("RUSTC", DEBIAN_RUSTC);
                // `-Z` on a stable compiler.
                command.args(["-Z", "build-std=std,panic_abort"]).env("RUSTC_BOOTSTRAP", "1");
                command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
                // What the default toolchain's cargo has set for this program is not for Debian's.
                for name in ["CARGO", "LD_LIBRARY_PATH", "RUSTUP_TOOLCHAIN"] {
                    command.env_remove(name);
                }
                command
            }
        };
        // Flags meant for the host's processor; CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS is the one for here.
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        if profile.is_release() && env::var_os("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS").is_none() {
            // Without those of development in `.cargo/config.toml`.
            command.env("RUSTFLAGS", "");
        }
        command.args(["--target", TARGET, "--profile", profile.browser()]);
        command
    }
}

/// Whether there is a compiler.
pub(crate) fn is_there() -> bool {
    default_has_target() || (debian_is_there() && linker().is_some())
}

/// The packages of Debian that are missing for its compiler.
pub(crate) fn debian_packages() -> Vec<&'static str> {
    let mut packages = PACKAGES.to_vec();
    if linker().is_none() {
        packages.push(LINKER_PACKAGE);
    }
    packages
}

/// Whether the default toolchain has the target's standard library.
fn default_has_target() -> bool {
    let libraries = progress::output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]));
    let Ok(entries) = libraries.and_then(|folder| Ok(fs::read_dir(folder)?)) else {
        return false;
    };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

/// Whether Debian's compiler is there, new enough, with the sources it needs.
fn debian_is_there() -> bool {
    if ![DEBIAN_RUSTC, DEBIAN_CARGO, DEBIAN_SOURCES].iter().all(|file| Path::new(file).is_file()) {
        return false;
    }
    let version = progress::output(Command::new(DEBIAN_RUSTC).arg("--version").env_remove("LD_LIBRARY_PATH"));
    let needed = version::of(env!("CARGO_PKG_RUST_VERSION"));
    version.ok().as_deref().and_then(version::of).zip(needed).is_some_and(|(found, needed)| found >= needed)
}

/// A linker for WebAssembly: the one inside the default toolchain, else Debian's.
fn linker() -> Option<PathBuf> {
    let sysroot = progress::output(Command::new("rustc").args(["--print", "sysroot"])).unwrap_or_default();
    let hosts = fs::read_dir(Path::new(&sysroot).join("lib/rustlib")).ok().into_iter().flatten().flatten();
    let of_toolchain = hosts.map(|host| host.path().join("bin/rust-lld")).find(|linker| linker.is_file());
    of_toolchain.or_else(|| paths::on_path(&["wasm-ld-22", "wasm-ld"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debians_cargo_builds_the_standard_library_and_knows_nothing_of_rustup() {
        let compiler = Compiler::Debian { linker: PathBuf::from("/linker") };
        let command = compiler.cargo_build(Profile::Debug);
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
        assert_eq!(
            arguments,
            ["build", "-Z", "build-std=std,panic_abort", "--target", TARGET, "--profile", "wasm-dev"]
        );
        let environment: Vec<_> = command.get_envs().collect();
        assert!(environment.contains(&("RUSTC_BOOTSTRAP".as_ref(), Some("1".as_ref()))));
        assert!(environment.contains(&("RUSTUP_TOOLCHAIN".as_ref(), None)));
        assert!(environment.contains(&("RUSTFLAGS".as_ref(), None)));
    }
}
