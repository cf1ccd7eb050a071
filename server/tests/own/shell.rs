//! The lab's commands as somebody types them, and what the shell shows.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::programs::{MARK, PATIENCE, faultlab, nothing_left};

/// A command that runs.
pub struct Shell {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    seen: Vec<String>,
    mark: String,
    /// Where its state is; it goes with this.
    _data: TempDir,
}

impl Shell {
    /// `faultlab` with these words, in a folder.
    pub fn start(words: &[&str], folder: &Path) -> Self {
        Self::start_with(words, folder, |_| {})
    }

    /// The same, with what `adjust` makes of it.
    pub fn start_with(words: &[&str], folder: &Path, adjust: impl FnOnce(&mut Command)) -> Self {
        let data = TempDir::new().unwrap();
        let mark = uuid::Uuid::new_v4().to_string();
        let mut command = Command::new(faultlab());
        command.args(words).current_dir(folder).env(MARK, &mark).env("FAULTLAB_DATA", data.path());
        command.env("PATH", path()).env_remove("RUST_LOG");
        // Compiled once for all tests, and not beside a learner's files.
        command.env("PYTHONPYCACHEPREFIX", concat!(env!("CARGO_TARGET_TMPDIR"), "/pycache"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
        adjust(&mut command);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines, seen: Vec::new(), mark, _data: data }
    }

    /// The next line with these words in it; all lines until then have been read.
    pub async fn until(&mut self, words: &str) -> String {
        let found = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                self.seen.push(line.clone());
                if line.contains(words) {
                    return Some(line);
                }
            }
            None
        };
        match timeout(PATIENCE, found).await {
            Ok(Some(line)) => line,
            ended => panic!(
                "{} without {words:?}:\n{}",
                if ended.is_ok() { "ended" } else { "waited" },
                self.seen.join("\n")
            ),
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id().expect("it runs")).unwrap()).unwrap()
    }

    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// How it ended, with all that it showed; nothing of it is left.
    pub async fn ended(mut self) -> (ExitStatus, String) {
        let rest = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                self.seen.push(line);
            }
            self.child.wait().await.unwrap()
        };
        let status = timeout(PATIENCE, rest).await.unwrap_or_else(|_| panic!("it goes on:\n{}", self.seen.join("\n")));
        nothing_left(&self.mark).await;
        (status, self.seen.join("\n"))
    }

    /// Ctrl-C, and how it ended then.
    pub async fn interrupted(self) -> (ExitStatus, String) {
        self.signal(Signal::INT);
        self.ended().await
    }
}

/// The port of the sidecar's HTTP API, as the line says it.
pub fn http_port(line: &str) -> u16 {
    let (_, rest) = line.split_once("HTTP ").unwrap();
    rest.split(',').next().unwrap().parse().unwrap()
}

/// The `PATH` without folders that hold no programs of their own but look for them: their Python is started by a shell,
/// which is slow and has another name.
fn path() -> std::ffi::OsString {
    let all = std::env::var_os("PATH").unwrap();
    let own: Vec<PathBuf> = std::env::split_paths(&all).filter(|folder| !folder.ends_with("shims")).collect();
    std::env::join_paths(own).unwrap()
}
