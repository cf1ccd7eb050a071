//! Getting a compiler for WebAssembly. The first of these that works is taken:
//!
//! 1. the default toolchain has the target;
//! 2. Debian's `rustc-web` is there with the standard library's sources, and builds the library itself;
//! 3. rustup downloads the target;
//! 4. apt installs Debian's `rustc-web`.
//!
//! A release builds the standard library along wherever its sources are there or can be had.
use crate::{
    install,
    paths::{self, Profile},
    progress,
};
use anyhow::{Context, Result, anyhow, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// The target's name.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// A download of about 20 MB: longer than this means that the network does not let it through.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(300);

/// Debian's compiler, kept fresh for its browsers, beside the older `rustc` of the release.
const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
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
    /// Finds or installs one for this profile.
    ///
    /// # Errors
    /// When none is there and none can be installed; the error says what would install one.
    pub(crate) fn get(profile: Profile) -> Result<Self> {
        let default = || Self::Default { builds_std: profile.is_release() && default_has_sources() };
        if default_has_target() {
            return Ok(default());
        }
        if debian_is_there() {
            return Ok(Self::Debian { linker: linker()? });
        }
        let rustup = match add_with_rustup() {
            Ok(()) if default_has_target() => return Ok(default()),
            Ok(()) => anyhow!("rustup added it, but to another toolchain than the one in use"),
            Err(error) => error,
        };
        eprintln!("  rustup did not help: {rustup:#}");
        install::apt(&PACKAGES, "the browser part").with_context(|| missing(&rustup))?;
        if !debian_is_there() {
            bail!("Debian's rustc-web was installed, but is older than this project needs. {}", missing(&rustup));
        }
        Ok(Self::Debian { linker: linker()? })
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

/// Whether the default toolchain has the target's standard library.
fn default_has_target() -> bool {
    let libraries = progress::output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]));
    let Ok(entries) = libraries.and_then(|folder| Ok(fs::read_dir(folder)?)) else {
        return false;
    };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

/// Whether the default toolchain has the standard library's sources, or rustup can add them. Without them a release is
/// larger, and otherwise the same.
fn default_has_sources() -> bool {
    let are_there = || {
        let sysroot = progress::output(Command::new("rustc").args(["--print", "sysroot"])).unwrap_or_default();
        Path::new(&sysroot).join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file()
    };
    if are_there() {
        return true;
    }
    let mut add = Command::new("rustup");
    let added = progress::run(
        "Adding the standard library's sources to the Rust toolchain",
        DOWNLOAD_LIMIT,
        add.args(["component", "add", "rust-src"]),
    );
    if let Err(error) = added {
        eprintln!("  without them the browser part is some 8 % larger: {error:#}");
    }
    are_there()
}

/// Whether Debian's compiler is there, new enough, with the sources it needs.
fn debian_is_there() -> bool {
    if ![DEBIAN_RUSTC, DEBIAN_CARGO, DEBIAN_SOURCES].iter().all(|file| Path::new(file).is_file()) {
        return false;
    }
    let version = progress::output(Command::new(DEBIAN_RUSTC).arg("--version").env_remove("LD_LIBRARY_PATH"));
    let needed = parts(env!("CARGO_PKG_RUST_VERSION"));
    version.ok().as_deref().and_then(rustc_version).zip(needed).is_some_and(|(found, needed)| found >= needed)
}

/// `1.96` of `rustc 1.96.0 (ac68faa20 2026-05-25)`.
fn rustc_version(line: &str) -> Option<(u32, u32)> {
    parts(line.strip_prefix("rustc ")?.split(' ').next()?)
}

/// The first two numbers of a version.
fn parts(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

fn add_with_rustup() -> Result<()> {
    if paths::on_path(&["rustup"]).is_none() {
        bail!("rustup is not installed (https://rustup.rs)");
    }
    let what = format!("Adding the target {TARGET} to the Rust toolchain");
    progress::run(&what, DOWNLOAD_LIMIT, Command::new("rustup").args(["target", "add", TARGET]))
}

/// A linker for WebAssembly: the one inside the default toolchain, else Debian's.
fn linker() -> Result<PathBuf> {
    if let Some(found) = installed_linker() {
        return Ok(found);
    }
    install::apt(&["lld-22"], "linking the browser part").context("no linker for WebAssembly was found")?;
    installed_linker().context("lld-22 was installed, but neither rust-lld nor wasm-ld was found")
}

fn installed_linker() -> Option<PathBuf> {
    let sysroot = progress::output(Command::new("rustc").args(["--print", "sysroot"])).unwrap_or_default();
    let hosts = fs::read_dir(Path::new(&sysroot).join("lib/rustlib")).ok().into_iter().flatten().flatten();
    let of_toolchain = hosts.map(|host| host.path().join("bin/rust-lld")).find(|linker| linker.is_file());
    of_toolchain.or_else(|| paths::on_path(&["wasm-ld-22", "wasm-ld"]))
}

fn missing(rustup: &anyhow::Error) -> String {
    format!(
        "the Rust target {TARGET} is missing. Install it with:\n    rustup target add {TARGET}\n(which says: {rustup:#})"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(rustc_version("rustc 1.96.0 (ac68faa20 2026-05-25)"), Some((1, 96)));
        assert_eq!(rustc_version("rustc 1.63.0"), Some((1, 63)));
        assert_eq!(rustc_version("clang 19.1"), None);
        assert!(parts("1.100.0") > parts("1.95"));
    }

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
