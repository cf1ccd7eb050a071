//! What more is measured of the lab on its embedded sidecar: many learners at once, and many who look at one screen.
use super::{
    measure::{self, Load, resident_mb},
    subject::{Subject, example},
};
use crate::progress;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

/// Learners at once, each with an actor of its own.
const CLIENTS: u32 = 64;

/// Readers of one actor: a class, and more.
const READERS: u32 = 500;

/// What was measured.
#[derive(Serialize)]
pub(super) struct Depth {
    /// Sixty-four messages under way at a time, to as many actors.
    pub(super) many_clients: Load,
    /// From an event's record to its reader, with one reader.
    pub(super) one_reader: Events,
    /// The same with five hundred.
    pub(super) many_readers: Events,
    /// What the process grew by for each stream that was open and idle, in KiB; where the system tells.
    pub(super) stream_kib: Option<f64>,
    /// What a turn commits, committed by a program that does nothing else.
    pub(super) bare_commit: Load,
}

/// What the readers tell.
#[derive(Serialize, Deserialize)]
pub(super) struct Events {
    /// How many came to all readers together.
    pub(super) events: u64,
    /// How long events were made.
    pub(super) seconds: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

/// What has to be measured before anything else: a process that has been busy gives its streams memory that it has
/// already, and does not grow.
pub(super) struct Streams {
    events: Events,
    kib: Option<f64>,
}

impl Streams {
    /// Measures them at the lab, which has just been started.
    pub(super) fn measure(url: &str, id: u32, seconds: u64) -> Result<Self> {
        let (events, grown_mb) = readers(url, id, READERS, seconds)?;
        Ok(Self { events, kib: grown_mb.map(|mb| mb * 1e6 / 1024.0 / f64::from(READERS)) })
    }

    /// Measures the rest.
    pub(super) fn and_all(self, subject: &Subject, url: &str, id: u32, folder: &Path, seconds: u64) -> Result<Depth> {
        Ok(Depth {
            many_clients: measure::load(subject, url, CLIENTS, CLIENTS, seconds)?,
            one_reader: readers(url, id, 1, seconds)?.0,
            many_readers: self.events,
            stream_kib: self.kib,
            bare_commit: commits(folder, seconds)?,
        })
    }
}

/// Has an actor followed; tells also by how many MB the process grew when the readers had connected.
fn readers(url: &str, id: u32, readers: u32, seconds: u64) -> Result<(Events, Option<f64>)> {
    progress::during(&format!("Following an actor, {readers} at a time"), || {
        let mut command = Command::new(example("readers"));
        command.args(["--url", url, "--readers", &readers.to_string(), "--seconds", &seconds.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let before = resident_mb(id);
        let mut child = command.spawn().context("the readers cannot be started")?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let mut lines = BufReader::new(stdout.context("the readers have no output")?).lines();
        let connected = lines.next();
        let grown = resident_mb(id).zip(before).map(|(after, before)| after - before);
        let answer = connected.and_then(|_| {
            // A failed write means that they have ended, and that is told below.
            drop(stdin.map(|mut stdin| stdin.write_all(b"\n")));
            lines.next()
        });
        if !child.wait()?.success() {
            bail!("the events could not be followed");
        }
        let answer = answer.context("the readers told nothing")??;
        Ok((serde_json::from_str(&answer).context("the readers' line cannot be read")?, grown))
    })
}

/// Commits to a SQLite file of its own in the same folder, and so on the same disk.
fn commits(folder: &Path, seconds: u64) -> Result<Load> {
    progress::during("Committing to a bare SQLite file", || {
        let mut command = Command::new(example("commit"));
        command.arg("--folder").arg(folder.join("data")).args(["--seconds", &seconds.to_string()]);
        let output = command.stderr(Stdio::inherit()).output().context("the bare commits cannot be started")?;
        if !output.status.success() {
            bail!("the bare commits failed");
        }
        serde_json::from_slice(&output.stdout).context("their line cannot be read")
    })
}
