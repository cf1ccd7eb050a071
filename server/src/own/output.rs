//! A program's lines: shown as they come, and read for what is wrong.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, task::JoinHandle, time::timeout};

use super::{
    finding::{self, Finding},
    python::Interpreter,
    shell::Shell,
};
use crate::program::{
    log::ProgramLog,
    traceback::{Traceback, TracebackReader},
};

/// How long the end waits until the last lines are shown.
const LAST_LINES: Duration = Duration::from_secs(1);

/// What the lines are of.
pub(super) struct Of {
    /// The folder with the program's own files.
    pub(super) folder: PathBuf,
    pub(super) python: Option<Interpreter>,
    /// The port that it has to open.
    pub(super) port: u16,
    /// Its command.
    pub(super) words: String,
}

/// The lines, while somebody shows them.
pub(super) struct Output {
    log: ProgramLog,
    read: Arc<Read>,
    /// The number of the last line that was shown.
    shown: watch::Receiver<u64>,
    showing: JoinHandle<()>,
}

/// What is read out of them.
struct Read {
    of: Of,
    /// Whether what is wrong is said: while the program is not there.
    starting: AtomicBool,
    last_traceback: Mutex<Option<Traceback>>,
}

impl Output {
    /// Shows them from now on.
    pub(super) fn start(log: ProgramLog, of: Of, shell: Arc<Shell>) -> Self {
        let read = Arc::new(Read { of, starting: AtomicBool::new(true), last_traceback: Mutex::new(None) });
        let (showed, shown) = watch::channel(0);
        let showing = tokio::spawn(show(log.clone(), Arc::clone(&read), shell, showed));
        Self { log, read, shown, showing }
    }

    /// Says something between them.
    pub(super) fn note(&self, words: &str) {
        self.log.note(words);
    }

    /// Whether the program is starting.
    pub(super) fn starting(&self, is_starting: bool) {
        self.read.starting.store(is_starting, Ordering::Relaxed);
    }

    /// Waits until what was written is shown.
    pub(super) async fn last_lines(&mut self) {
        let last = *self.log.follow().borrow();
        let _ = timeout(LAST_LINES, self.shown.wait_for(|shown| *shown >= last)).await;
    }

    /// What the last traceback comes to.
    pub(super) fn last_traceback(&self) -> Option<Finding> {
        let last = self.read.last_traceback.lock().unwrap_or_else(PoisonError::into_inner).clone();
        last.map(|last| self.read.of.traceback(&last))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.showing.abort();
    }
}

impl Of {
    fn traceback(&self, traceback: &Traceback) -> Finding {
        finding::traceback(traceback, &self.folder, self.python.as_ref())
    }
}

async fn show(log: ProgramLog, read: Arc<Read>, shell: Arc<Shell>, shown: watch::Sender<u64>) {
    let mut last = log.follow();
    let mut tracebacks = TracebackReader::default();
    let mut said = None;
    loop {
        let lines = log.after(*shown.borrow());
        for line in &lines {
            shell.line(line);
            let traceback = tracebacks.see(&line.plain);
            // One that cannot be read any more has just been saved, and is about to be started anew.
            let says = read.starting.load(Ordering::Relaxed) || traceback.as_ref().is_some_and(Traceback::is_syntax);
            let found = match &traceback {
                // What is not said is not looked for: that reads folders, and all processes.
                _ if !says => None,
                Some(traceback) => Some(read.of.traceback(traceback)),
                None => finding::line(&line.plain, read.of.port, &read.of.words),
            };
            if found.is_some() && found != said {
                found.iter().for_each(|found| shell.warn(found));
                said = found;
            }
            if traceback.is_some() {
                *read.last_traceback.lock().unwrap_or_else(PoisonError::into_inner) = traceback;
            }
        }
        if let Some(line) = lines.last() {
            shown.send_replace(line.number);
        }
        if last.changed().await.is_err() {
            return;
        }
    }
}
