//! A folder to be the whole `PATH`: what every Debian has, what the README asks for, and what is installed here. Whatever
//! else a test uses it does not find then, as on a bare machine.
use super::Tool;
use crate::{paths, progress::output, site};
use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeMap,
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

/// The programs of Debian's essential packages, by name.
fn essential() -> Result<BTreeMap<String, PathBuf>> {
    let packages = output(Command::new("dpkg-query").args(["--show", "--showformat", "${Essential} ${Package}\n"]))?;
    let packages: Vec<_> = packages.lines().filter_map(|line| line.strip_prefix("yes ")).collect();
    if packages.is_empty() {
        bail!("dpkg knows no essential package");
    }
    let files = output(Command::new("dpkg-query").arg("--listfiles").args(packages))?;
    let programs = files.lines().map(Path::new).filter(|file| {
        file.parent().is_some_and(|folder| FOLDERS.iter().any(|bin| folder == Path::new(bin))) && file.is_file()
    });
    let by_name = programs.filter_map(|file| Some((file.file_name()?.to_str()?.to_owned(), file.to_owned())));
    Ok(by_name.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for name in ["sh", "sleep", "base64", "cargo", "cc"] {
            assert!(folder.join(name).is_file(), "{name}");
        }
        for name in ["kill", "git", "python3", "dpkg-deb-of-nobody"] {
            assert!(!folder.join(name).exists(), "{name}");
        }
    }
}
