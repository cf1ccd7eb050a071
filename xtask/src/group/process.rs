//! One process with what it starts itself.
use super::LOOK;
use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::{
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A child process that leads a process group: Ctrl-C in a terminal reaches this program alone, which decides what ends
/// when; and what the child starts itself is in the same group, and ends with it.
pub(super) struct Process(Child);

impl Process {
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::null()).process_group(0);
        let child = command
            .spawn()
            .with_context(|| format!("{} cannot be started", command.get_program().to_string_lossy()))?;
        Ok(Self(child))
    }

    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Whether it has ended. Unlike [`ended`](Self::ended) this leaves it unwaited for, so that its id, which is its
    /// group's, cannot become somebody else's.
    pub(super) fn is_gone(&self) -> Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        Ok(waitid(WaitId::Pid(Pid::from_child(&self.0)), options).context("a program cannot be watched")?.is_some())
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.0.try_wait().context("a program cannot be watched")
    }

    /// Asks it and what it started to end, and waits until it has; ends it by force after `limit`, or as soon as
    /// `in_a_hurry`. What it started ends with it at the latest. The result is how long it was waited for when it had
    /// to be forced.
    pub(super) fn end(&mut self, limit: Duration, in_a_hurry: impl Fn() -> bool) -> Result<Option<Duration>> {
        if self.ended()?.is_some() {
            return Ok(None);
        }
        let group = Pid::from_child(&self.0);
        kill_process_group(group, Signal::TERM).context("a program cannot be asked to end")?;
        let asked = Instant::now();
        let mut forced = None;
        while forced.is_none() && !self.is_gone()? {
            if asked.elapsed() > limit || in_a_hurry() {
                forced = Some(asked.elapsed());
            } else {
                thread::sleep(LOOK);
            }
        }
        self.finish()?;
        Ok(forced)
    }

    /// Ends by force what is left of the group, and waits for the leader.
    pub(super) fn finish(&mut self) -> Result<ExitStatus> {
        // Nothing is left as a rule, and that is an error to `kill`.
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        Ok(self.0.wait()?)
    }
}
