//! One program of a group.
use super::{Logs, Role, process::Process};
use anyhow::{Context, Result};
use std::{
    env,
    fs::{self, File},
    io::{self, BufRead, BufReader, IsTerminal, Read, Write},
    process::{Command, ExitStatus, Stdio},
    thread::{self, JoinHandle},
    time::Duration,
};

/// One colour for each member, in the order of their start: cyan, green, yellow, magenta, blue.
const COLOURS: [u8; 5] = [36, 32, 33, 35, 34];

/// The width that names are brought to, so that the lines stand in one column.
const NAME_WIDTH: usize = 9;

/// A running program.
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) role: Role,
    process: Process,
    /// What passes its output on; each ends with the output.
    readers: Vec<JoinHandle<()>>,
}

impl Member {
    /// Starts it. `place` is how many were started before it.
    pub(super) fn start(
        name: &'static str,
        role: Role,
        place: usize,
        logs: &Logs,
        command: &mut Command,
    ) -> Result<Self> {
        match logs {
            Logs::Shown => {
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
            }
            Logs::Kept(folder) => {
                fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
                let file = File::create(folder.join(format!("{name}.log")))?;
                command.stdout(file.try_clone()?).stderr(file);
            }
        }
        let mut process = Process::start(command).with_context(|| format!("there is no {name}"))?;
        let child = process.child();
        let prefix = prefix(name, place);
        let outputs = [child.stdout.take().map(boxed), child.stderr.take().map(boxed)];
        let readers = outputs.into_iter().flatten().map(|output| {
            let prefix = prefix.clone();
            thread::spawn(move || show(output, &prefix))
        });
        let readers = readers.collect();
        Ok(Self { name, role, readers, process })
    }

    pub(super) fn id(&mut self) -> u32 {
        self.process.child().id()
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.process.ended().with_context(|| self.name)
    }

    /// Asks it to end and waits until it has; ends it by force after `limit`, or as soon as `in_a_hurry`.
    pub(super) fn end(&mut self, limit: Duration, in_a_hurry: impl Fn() -> bool) -> Result<()> {
        if let Some(waited) = self.process.end(limit, in_a_hurry).with_context(|| self.name)? {
            eprintln!("{} has not ended after {} s: ended by force", self.name, waited.as_secs());
        }
        for reader in self.readers.drain(..) {
            // A reader that panicked has lost a log line, no more.
            let _ = reader.join();
        }
        Ok(())
    }
}

/// What stands before each line of a program.
fn prefix(name: &str, place: usize) -> String {
    let name = format!("{name:>NAME_WIDTH$} │ ");
    if !io::stdout().is_terminal() || env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return name;
    }
    let colour = COLOURS[place % COLOURS.len()];
    format!("\x1b[{colour}m{name}\x1b[0m")
}

fn boxed(output: impl Read + Send + 'static) -> Box<dyn Read + Send> {
    Box::new(output)
}

/// Shows each line with the prefix before it, until the output ends.
fn show(output: impl Read, prefix: &str) {
    for line in BufReader::new(output).split(b'\n') {
        let Ok(line) = line else { return };
        let line = String::from_utf8_lossy(&line);
        // Whoever reads the output of a pipe may be gone; the programs run all the same.
        let _ = writeln!(io::stdout(), "{prefix}{}", line.trim_end_matches('\r'));
    }
}
