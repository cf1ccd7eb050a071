//! Programs that run side by side: started one after the other, watched, and ended together.
//!
//! # Layout
//! - [`Group`]: starting, waiting, ending
//! - [`Member`](member::Member): one program and its log
//! - [`task`]: a program that is run to its end, within a limit
//! - [`Process`](process::Process): a child process with what it starts itself
//! - [`Asked`]: hearing Ctrl-C
mod asked;
mod member;
mod process;
pub(crate) mod task;

pub(crate) use asked::Asked;

use crate::progress;
use anyhow::{Context, Result, bail};
use member::Member;
use std::{
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// How often the group is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// How long a program may take to end after it was asked to.
const END_LIMIT: Duration = Duration::from_secs(15);

/// The same for the application: it finishes its running turns first, and one may last 45 s.
const APP_END_LIMIT: Duration = Duration::from_secs(60);

/// What is done with what the programs print.
#[derive(Clone)]
pub(crate) enum Logs {
    /// Each line is shown, with the program's name before it.
    Shown,
    /// It goes into `NAME.log` in this folder.
    Kept(PathBuf),
}

/// Who a program is to the others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The application: the first to end, since its running turns still need the others.
    App,
    /// What the application stands on.
    Support,
}

/// Programs of this process, and of nobody else: they end with the group.
pub(crate) struct Group {
    members: Vec<Member>,
    logs: Logs,
    asked: Asked,
}

impl Group {
    /// An empty group. From here on Ctrl-C ends the group instead of this process.
    ///
    /// # Errors
    /// When signals cannot be received.
    pub(crate) fn new(logs: Logs) -> Result<Self> {
        Ok(Self { members: Vec::new(), logs, asked: Asked::listen()? })
    }

    /// Starts a program; the result is its process id.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(&mut self, name: &'static str, role: Role, command: &mut Command) -> Result<u32> {
        let mut member = Member::start(name, role, self.members.len(), &self.logs, command)?;
        let id = member.id();
        self.members.push(member);
        Ok(id)
    }

    /// Waits until `ready`, saying for what.
    ///
    /// # Errors
    /// When that takes longer than `limit`, when a program ends meanwhile, or when a person asks for the end.
    pub(crate) fn wait(&mut self, what: &str, limit: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
        progress::during(&format!("Waiting for {what}"), || {
            let started = Instant::now();
            while !ready() {
                if self.is_asked() {
                    bail!("stopped while waiting for {what}");
                }
                self.all_run().with_context(|| format!("while waiting for {what}"))?;
                if started.elapsed() > limit {
                    bail!("waited {} s for {what}, in vain; {}", limit.as_secs(), self.where_logs_are());
                }
                thread::sleep(LOOK);
            }
            Ok(())
        })
    }

    /// Waits until a person asks for the end, then ends all.
    ///
    /// # Errors
    /// When a program ends by itself; the others are ended too.
    pub(crate) fn run(mut self) -> Result<()> {
        while !self.is_asked() {
            if let Err(error) = self.all_run() {
                // Said at once: ending the others can take as long as a turn.
                eprintln!("• {error}");
                return Err(error);
            }
            thread::sleep(LOOK);
        }
        eprintln!("• Ending all, running turns first; Ctrl-C again ends them at once");
        self.end();
        Ok(())
    }

    /// Ends all: the application, then the others, the last started first. Asked for once more, it waits no longer.
    pub(crate) fn end(&mut self) {
        let asked = self.asked.times();
        let mut members: Vec<_> = self.members.drain(..).rev().collect();
        members.sort_by_key(|member| member.role != Role::App);
        for mut member in members {
            let limit = if member.role == Role::App { APP_END_LIMIT } else { END_LIMIT };
            let in_a_hurry = || self.asked.times() > asked;
            if let Err(error) = member.end(limit, in_a_hurry) {
                eprintln!("error: {error:#}");
            }
        }
    }

    fn is_asked(&self) -> bool {
        self.asked.times() > 0
    }

    fn all_run(&mut self) -> Result<()> {
        for member in &mut self.members {
            if let Some(status) = member.ended()? {
                let name = member.name;
                bail!("{name} ended by itself ({status}), so all others are ended; {}", self.where_logs_are());
            }
        }
        Ok(())
    }

    fn where_logs_are(&self) -> String {
        match &self.logs {
            Logs::Shown => "what it printed stands above".to_owned(),
            Logs::Kept(folder) => format!("what it printed is in {}", folder.display()),
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn group() -> (tempfile::TempDir, Group) {
        let folder = tempfile::tempdir().unwrap();
        let group = Group::new(Logs::Kept(folder.path().to_owned())).unwrap();
        (folder, group)
    }

    #[test]
    fn a_program_that_ends_by_itself_is_named_and_the_others_end_too() {
        let (folder, mut group) = group();
        let stays = "trap 'echo asked; exit 0' TERM; echo up; while :; do sleep 0.01; done";
        group.start("stays", Role::Support, &mut shell(stays)).unwrap();
        let log = folder.path().join("stays.log");
        group
            .wait("the first", Duration::from_secs(30), || std::fs::read_to_string(&log).is_ok_and(|log| log == "up\n"))
            .unwrap();
        group.start("leaves", Role::App, &mut shell("exit 3")).unwrap();
        let error = group.run().unwrap_err().to_string();
        assert!(error.starts_with("leaves ended by itself (exit status: 3)"), "{error}");
        let log = std::fs::read_to_string(log).unwrap();
        assert!(log.ends_with("asked\n"), "the other was asked to end, and has: {log}");
    }

    #[test]
    fn what_does_not_get_ready_is_named_with_the_time_that_was_waited() {
        let (_folder, mut group) = group();
        group.start("idle", Role::Support, &mut shell("exec sleep 600")).unwrap();
        let error = group.wait("a wonder", Duration::ZERO, || false).unwrap_err().to_string();
        assert!(error.starts_with("waited 0 s for a wonder, in vain"), "{error}");
    }

    #[test]
    fn a_program_that_dies_while_it_is_waited_for_is_named() {
        let (_folder, mut group) = group();
        group.start("mayfly", Role::Support, &mut shell("exit 1")).unwrap();
        let error = format!("{:#}", group.wait("it", Duration::from_secs(30), || false).unwrap_err());
        assert!(error.contains("while waiting for it: mayfly ended by itself"), "{error}");
    }

    #[test]
    fn the_application_ends_before_what_it_stands_on() {
        let (folder, mut group) = group();
        let order = folder.path().join("order");
        for (name, role) in [("store", Role::Support), ("app", Role::App), ("sidecar", Role::Support)] {
            let up = folder.path().join(format!("{name}.log"));
            let script = format!(
                "trap 'echo {name} >> {}; exit 0' TERM; echo up; while :; do sleep 0.01; done",
                order.display()
            );
            group.start(name, role, &mut shell(&script)).unwrap();
            group
                .wait(name, Duration::from_secs(30), || std::fs::read_to_string(&up).is_ok_and(|log| log == "up\n"))
                .unwrap();
        }
        group.end();
        assert_eq!(std::fs::read_to_string(order).unwrap(), "app\nsidecar\nstore\n");
    }
}
