//! A folder to be the whole `PATH`: what every Debian has, what the README asks for, and what is installed here. Whatever
//! else a test uses it does not find then, as on a bare machine.
use super::Tool;
use crate::{paths, progress::output, site};
use anyhow::{Context, Result, bail};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

/// What the README asks for: Rust, and a C compiler with its linker.
const OF_README: [&str; 12] =
    ["cargo", "rustc", "rustdoc", "rustup", "cc", "gcc", "c++", "g++", "ar", "as", "ld", "ranlib"];

/// Where Debian puts programs.
const FOLDERS: [&str; 4] = ["/bin", "/sbin", "/usr/bin", "/usr/sbin"];

/// Makes the folder anew and fills it with links.
///
/// # Errors
/// Where there is no dpkg, which knows what every Debian has; and when the folder cannot be filled.
pub(crate) fn fill(folder: &Path) -> Result<()> {
    let mut programs = essential().context("only Debian's dpkg knows what programs a bare Debian has")?;
    let named = OF_README.iter().chain(Tool::ALL.iter().flat_map(|tool| tool.programs()));
    programs.extend(named.filter_map(|name| Some(((*name).to_owned(), paths::on_path(&[name])?))));
    site::remove_folder(folder)?;
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for (name, program) in programs {
        symlink(&program, folder.join(&name)).with_context(|| format!("{name} cannot be linked"))?;
    }
    Ok(())
}

/// The programs of the packages that every Debian has, by name. Some have a second name, which update-alternatives gives.
fn essential() -> Result<BTreeMap<String, PathBuf>> {
    let format = "${Essential} ${Priority} ${Package}\n";
    let packages = output(Command::new("dpkg-query").args(["--show", "--showformat", format]))?;
    let packages: Vec<_> = packages.lines().filter_map(of_every_debian).collect();
    if packages.is_empty() {
        bail!("dpkg knows no essential package");
    }
    let files = output(Command::new("dpkg-query").arg("--listfiles").args(packages))?;
    let files: BTreeSet<_> = files.lines().filter_map(|file| fs::canonicalize(file).ok()).collect();
    let mut programs = BTreeMap::new();
    for folder in FOLDERS {
        for program in fs::read_dir(folder).with_context(|| format!("{folder} cannot be read"))? {
            let program = program?.path();
            let is_there = fs::canonicalize(&program).is_ok_and(|file| file.is_file() && files.contains(&file));
            if let Some(name) = program.file_name().filter(|_| is_there) {
                programs.insert(name.to_string_lossy().into_owned(), program.clone());
            }
        }
    }
    Ok(programs)
}

/// The package in a line of its being essential, its priority and its name, where every Debian has it.
fn of_every_debian(line: &str) -> Option<&str> {
    let (kind, package) = line.rsplit_once(' ')?;
    (kind.starts_with("yes ") || kind.ends_with(" required")).then_some(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn essential_packages_and_required_ones_are_on_every_debian() {
        let package = |line| of_every_debian(line);
        assert_eq!(package("yes required bash"), Some("bash"));
        assert_eq!(package("no required mawk"), Some("mawk"));
        assert_eq!(package("no important procps"), None);
        assert_eq!(package("no optional sqlite3"), None);
    }

    #[test]
    fn the_folder_has_what_is_named_and_nothing_that_merely_happens_to_be_there() {
        if paths::on_path(&["dpkg-query"]).is_none() {
            return;
        }
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("path");
        for _ in 0..2 {
            fill(&folder).unwrap();
        }
        for name in ["sh", "sleep", "base64", "awk", "cargo", "cc"] {
            assert!(folder.join(name).is_file(), "{name}");
        }
        for name in ["kill", "git"] {
            assert!(!folder.join(name).exists(), "{name}");
        }
    }
}
