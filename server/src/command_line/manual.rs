//! What is made of the command line for shells and for `man`.

use std::{fs, io::Write, path::Path};

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::CommandLine;

/// Writes what this shell needs to complete commands and flags.
pub fn completions(shell: Shell, to: &mut dyn Write) {
    let mut script = Vec::new();
    generate(shell, &mut CommandLine::command(), "faultlab", &mut script);
    // Whoever reads it may be gone.
    let _ = to.write_all(&script);
}

/// Writes the manual's pages into a folder: `faultlab.1`, and one for each command.
///
/// # Errors
/// The folder cannot be written.
pub fn manual(folder: &Path) -> anyhow::Result<()> {
    let say = || format!("{} cannot be written: name another folder", folder.display());
    fs::create_dir_all(folder).with_context(say)?;
    clap_mangen::generate_to(CommandLine::command(), folder).with_context(say)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_and_is_completed() {
        let folder = tempfile::tempdir().unwrap();
        manual(folder.path()).unwrap();
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell] {
            let mut script = Vec::new();
            completions(shell, &mut script);
            let script = String::from_utf8(script).unwrap();
            for command in CommandLine::command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {command}");
                let page =
                    fs::read_to_string(folder.path().join(format!("faultlab-{}.1", command.get_name()))).unwrap();
                assert!(page.contains(".SH SYNOPSIS"), "{page}");
            }
        }
        let page = fs::read_to_string(folder.path().join("faultlab.1")).unwrap();
        assert!(page.contains(r"\-\-addr") && !page.contains(r"dapr\-api\-token"), "{page}");
    }
}
