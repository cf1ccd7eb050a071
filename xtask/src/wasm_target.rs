//! The compiler for WebAssembly: the default toolchain with the target, else Debian's `rustc-web` with the standard
//! library's sources, which builds the library itself.
//!
//! A release builds the standard library along wherever its sources are there.
use crate::{
    paths::{self, Profile},
    progress, version,
};
use anyhow::{Context, Result};
use std::{
    fs,
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
    Default {
        /// Whether it builds the standard library along, from its sources.
        builds_std: bool,
    },
    /// Debian's compiler, which builds the standard library first and links with this linker.
    Debian {
        /// rustup's or Debian's `lld`.
        linker: PathBuf,
    },
}

impl Compiler {
    /// Finds one for this profile.
    ///
    /// # Errors
    /// When none is there.
    pub(crate) fn find(profile: Profile) -> Result<Self> {
        if default_has_target() {
            return Ok(Self::Default { builds_std: profile.is_release() && default_has_sources() });
        }
        let linker = linker().filter(|_| debian_is_there());
        Ok(Self::Debian { linker: linker.with_context(|| format!("the Rust target {TARGET} is missing"))? })
    }

    /// Cargo with everything set to build a package for WebAssembly in this profile; the package is still to be said.
    pub(crate) fn cargo_build(&self, profile: Profile) -> Command {
        let mut command = match self {
            Self::Default { builds_std } => {
                let mut command = paths::cargo();
                command.arg("build");
                if *builds_std {
                    build_std(&mut command);
                }
                command
            }
            Self::Debian { linker } => {
                let mut command = Command::new(DEBIAN_CARGO);
                command.current_dir(paths::root()).arg("build").env("RUSTC", DEBIAN_RUSTC);
                build_std(&mut command);
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
        let builds_std = !matches!(self, Self::Default { builds_std: false });
        if builds_std && profile.is_release() {
            without_panic_messages(&mut command);
        }
        command.args(["--target", TARGET, "--profile", profile.browser()]);
        command
    }
}

/// `-Z` on a stable compiler.
fn build_std(command: &mut Command) {
    command.args(["-Z", "build-std=std,panic_abort"]).env("RUSTC_BOOTSTRAP", "1");
}

/// A panic ends the page's script in either case; what it would say, with its file and line, is some 8 % of the
/// download. Only a standard library that is built along can do without.
fn without_panic_messages(command: &mut Command) {
    command.args(["-Z", "build-std-features=optimize_for_size", "-Z", "panic-immediate-abort"]);
    command.env("CARGO_PROFILE_WASM_RELEASE_PANIC", "immediate-abort");
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "-Zlocation-detail=none");
}

/// Whether there is a compiler.
pub(crate) fn is_there() -> bool {
    default_has_target() || (debian_is_there() && linker().is_some())
}

/// Whether the default toolchain has the standard library's sources, or Debian's compiles for the browser.
pub(crate) fn sources_are_there_or_of_no_use() -> bool {
    default_has_sources() || (!default_has_target() && debian_is_there())
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

/// Whether the default toolchain has the standard library's sources.
fn default_has_sources() -> bool {
    let sysroot = progress::output(Command::new("rustc").args(["--print", "sysroot"])).unwrap_or_default();
    Path::new(&sysroot).join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file()
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
