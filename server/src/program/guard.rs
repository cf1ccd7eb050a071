//! The process between the lab and a program. It is the parent of all that comes of the program (a *subreaper*, on
//! Linux), and hears when the lab is gone by the end of its input: so that nothing is left, though the lab itself was
//! killed.
//!
//! It hears one letter at a time on its input ([`END`], [`KILL`]) and tells one line at a time on its error output:
//! `started PID`, `failed ERRNO`, `ended exit STATUS`, `ended signal NUMBER`, `gone`. Its output is the program's terminal.

use std::{
    ffi::OsString,
    io::{self, Write},
    os::{fd::AsFd, unix::process::CommandExt},
    process::{Command, ExitCode, Stdio},
    time::Duration,
};

use rustix::{
    fs::{Mode, OFlags, open},
    process::{Pid, Signal, WaitOptions, getpid, ioctl_tiocsctty, kill_process_group, setsid, wait},
    stdio::dup2_stdout,
    termios::tcsetpgrp,
};
use tokio::{
    io::AsyncReadExt,
    net::unix::pipe,
    runtime,
    signal::unix::{SignalKind, signal},
    time::{Instant, sleep_until},
};

use super::family;

/// Ends the program in order.
pub(super) const END: u8 = b'e';
/// Ends it at once.
pub(super) const KILL: u8 = b'k';

/// How long a program has to end in order.
pub const GRACE: Duration = Duration::from_secs(5);

/// How often what is left is killed again: a program may start others meanwhile.
const AGAIN: Duration = Duration::from_millis(100);

/// Starts the program, and returns when it and all that came of it has ended.
#[must_use]
pub fn run(words: &[OsString]) -> ExitCode {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(stand(words))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("failed {}", error.raw_os_error().unwrap_or_default()));
            ExitCode::FAILURE
        }
    }
}

async fn stand(words: &[OsString]) -> io::Result<()> {
    // A session of its own: what the lab's terminal sends, Ctrl-C among it, is for the lab. The program's terminal becomes
    // that of the session, so that it goes with it.
    setsid()?;
    let terminal = io::stdout();
    ioctl_tiocsctty(&terminal)?;
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(getpid()))?;
    let mut children = signal(SignalKind::child())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut lab = pipe::Receiver::from_owned_fd(io::stdin().as_fd().try_clone_to_owned()?)?;

    let mut guarded = Guarded::start(words)?;
    // With another in its place this process keeps the terminal open no longer.
    dup2_stdout(open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?)?;
    let mut lab_is_there = true;
    while !guarded.reap()? {
        let mut letter = [0];
        tokio::select! {
            _ = children.recv() => {}
            read = lab.read(&mut letter), if lab_is_there => match read {
                Ok(1) if letter[0] == KILL => guarded.kill(),
                Ok(1) => guarded.end(),
                _ => {
                    lab_is_there = false;
                    guarded.end();
                }
            },
            _ = hangup.recv() => guarded.end(),
            _ = terminate.recv() => guarded.end(),
            _ = interrupt.recv() => guarded.end(),
            () = until(guarded.kill_at) => guarded.kill(),
        }
    }
    tell("gone");
    Ok(())
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The program, and what came of it.
struct Guarded {
    program: Pid,
    /// It has ended, and its number may be another's.
    ended: bool,
    /// When what is left is killed.
    kill_at: Option<Instant>,
}

impl Guarded {
    fn start(words: &[OsString]) -> io::Result<Self> {
        let terminal = io::stdout();
        let [program, arguments @ ..] = words else { return Err(io::ErrorKind::InvalidInput.into()) };
        let mut command = Command::new(program);
        // Nobody types for it: a program that asks is told so at once.
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::inherit());
        command.stderr(Stdio::from(terminal.as_fd().try_clone_to_owned()?)).process_group(0);
        let child = command.spawn()?;
        let number = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let program = number.ok_or(io::ErrorKind::InvalidData)?;
        // The signal that the end of the terminal brings is for it. Where that cannot be, it still has the others.
        let _ = tcsetpgrp(&terminal, program);
        tell(&format!("started {}", program.as_raw_nonzero()));
        Ok(Self { program, ended: false, kill_at: None })
    }

    /// Takes note of what has ended; whether nothing is left.
    fn reap(&mut self) -> io::Result<bool> {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((process, status))) if process == self.program && !self.ended => {
                    self.ended = true;
                    match (status.exit_status(), status.terminating_signal()) {
                        (Some(status), _) => tell(&format!("ended exit {status}")),
                        (None, number) => tell(&format!("ended signal {}", number.unwrap_or_default())),
                    }
                    // What it leaves behind has as long as it would have had.
                    self.end();
                }
                Ok(Some(_)) => {}
                Ok(None) => return Ok(false),
                Err(rustix::io::Errno::CHILD) => return Ok(self.ended),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Asks all of it to end, and sets the limit; asked again, nothing changes.
    fn end(&mut self) {
        if self.kill_at.is_none() || self.ended {
            self.signal(Signal::TERM);
        }
        self.kill_at.get_or_insert_with(|| Instant::now() + GRACE);
    }

    fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.kill_at = Some(Instant::now() + AGAIN);
    }

    fn signal(&self, signal: Signal) {
        // As long as it has not been waited for, the number of its group is its own.
        if !self.ended {
            let _ = kill_process_group(self.program, signal);
        }
        let others = family::descendants(getpid());
        let group = |process: &Pid| rustix::process::getpgid(Some(*process)).ok();
        let outside = others.into_iter().filter(|process| self.ended || group(process) != Some(self.program));
        family::signal(&outside.collect::<Vec<_>>(), signal);
    }
}

/// Tells the lab. Where it is gone nobody needs to know.
fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
