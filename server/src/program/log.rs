//! What programs wrote, line by line, as far as it is kept.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

use super::{
    clean::{Clean, clean},
    lines::RawLine,
    secrets::Secrets,
};
use crate::timeline::clock::now_ms;

/// How many lines are kept, and how many bytes of them.
const MOST_LINES: usize = 10_000;
const MOST_BYTES: usize = 4 << 20;

/// How many lines a second are kept. What comes above that is counted: a program that writes without end is heard, and
/// costs no more than that.
const MOST_A_SECOND: usize = 2_000;

/// The origin of what the log says itself.
const LAB: &str = "faultlab";

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Counts the lines of this log, from 1, without gaps.
    pub number: u64,
    /// When it came: milliseconds since the Unix epoch.
    pub at: u64,
    /// Who wrote it: an app's id or `your_program`, or `faultlab` for what the log says itself.
    pub origin: Arc<str>,
    /// With its colours, as SGR escape sequences, and none of any other kind.
    pub coloured: String,
    /// Without colours: what is matched.
    pub plain: String,
    /// How many bytes of it were left out.
    pub cut: usize,
}

/// The log. Clones share it.
#[derive(Clone)]
pub struct ProgramLog(Arc<Shared>);

struct Shared {
    secrets: Secrets,
    kept: Mutex<Kept>,
    last: watch::Sender<u64>,
}

struct Kept {
    lines: VecDeque<Arc<LogLine>>,
    bytes: usize,
    /// The number of the last line.
    last: u64,
    second: Instant,
    in_second: usize,
    left_out: u64,
}

impl ProgramLog {
    /// An empty log, in which these secrets are masked.
    #[must_use]
    pub fn new(secrets: Secrets) -> Self {
        let kept =
            Kept { lines: VecDeque::new(), bytes: 0, last: 0, second: Instant::now(), in_second: 0, left_out: 0 };
        Self(Arc::new(Shared { secrets, kept: Mutex::new(kept), last: watch::Sender::new(0) }))
    }

    /// The lines after that number that are still kept.
    #[must_use]
    pub fn after(&self, number: u64) -> Vec<Arc<LogLine>> {
        let kept = self.kept();
        let first = kept.last - kept.lines.len() as u64;
        let skipped = usize::try_from(number.saturating_sub(first)).unwrap_or(usize::MAX).min(kept.lines.len());
        kept.lines.range(skipped..).cloned().collect()
    }

    /// The number of the last line, to be told when there is another.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.0.last.subscribe()
    }

    /// Says something of the program, between its lines.
    pub fn note(&self, words: &str) {
        let mut kept = self.kept();
        kept.add(LAB.into(), words.to_owned(), words.to_owned(), 0);
        let last = kept.last;
        drop(kept);
        self.0.last.send_replace(last);
    }

    /// Takes a line.
    pub(super) fn write(&self, origin: &Arc<str>, line: RawLine<'_>) {
        if !self.kept().has_room() {
            return;
        }
        let Clean { mut coloured, mut plain } = clean(line.bytes);
        let masked = self.0.secrets.mask(&plain);
        if masked != plain {
            // Where its letters are in the coloured text nobody knows.
            plain = masked.into_owned();
            coloured.clone_from(&plain);
        }
        let mut kept = self.kept();
        let left_out = std::mem::take(&mut kept.left_out);
        if left_out > 0 {
            let words = format!("{left_out} lines were left out here: more than {MOST_A_SECOND} came in a second");
            kept.add(LAB.into(), words.clone(), words, 0);
        }
        kept.add(Arc::clone(origin), coloured, plain, line.cut);
        let last = kept.last;
        drop(kept);
        self.0.last.send_replace(last);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Whether a line is taken at all, in this second.
    fn has_room(&mut self) -> bool {
        if self.second.elapsed() >= Duration::from_secs(1) {
            self.second = Instant::now();
            self.in_second = 0;
        }
        self.in_second += 1;
        let has_room = self.in_second <= MOST_A_SECOND;
        self.left_out += u64::from(!has_room);
        has_room
    }

    fn add(&mut self, origin: Arc<str>, coloured: String, plain: String, cut: usize) {
        self.last += 1;
        self.bytes += coloured.len() + plain.len();
        let at = now_ms();
        self.lines.push_back(Arc::new(LogLine { number: self.last, at, origin, coloured, plain, cut }));
        while self.lines.len() > MOST_LINES || self.bytes > MOST_BYTES {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.coloured.len() + oldest.plain.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(lines: impl Iterator<Item = String>) -> ProgramLog {
        let log = ProgramLog::new(Secrets::default());
        for line in lines {
            log.write(&"app".into(), RawLine { bytes: line.as_bytes(), cut: 0 });
        }
        log
    }

    #[test]
    fn lines_are_numbered_and_read_on_from_any_of_them() {
        let log = written((1..=5).map(|n| format!("line {n}")));
        assert_eq!(log.after(0).len(), 5);
        let rest: Vec<_> = log.after(3).iter().map(|line| (line.number, line.plain.clone())).collect();
        assert_eq!(rest, [(4, "line 4".to_owned()), (5, "line 5".to_owned())]);
        assert!(log.after(5).is_empty() && log.after(u64::MAX).is_empty());
        assert_eq!(*log.follow().borrow(), 5);
    }

    #[test]
    fn a_program_that_writes_without_end_is_counted_and_not_kept() {
        let log = written((0..50_000).map(|n| format!("line {n}")));
        assert!(log.after(0).len() < 20_000, "{}", log.after(0).len());
        let left_out = log.kept().left_out;
        assert!(left_out > 0, "{left_out}");
        log.kept().second = Instant::now().checked_sub(Duration::from_secs(2)).unwrap();
        log.write(&"app".into(), RawLine { bytes: b"after", cut: 0 });
        let lines = log.after(0);
        let told = &lines[lines.len() - 2];
        assert_eq!(&*told.origin, LAB);
        assert!(told.plain.starts_with(&left_out.to_string()), "{told:?}");
    }

    #[test]
    fn the_oldest_go_when_there_is_no_room() {
        let log = ProgramLog::new(Secrets::default());
        let long = "x".repeat(8 << 10);
        for _ in 0..1_000 {
            log.write(&"app".into(), RawLine { bytes: long.as_bytes(), cut: 7 });
        }
        let lines = log.after(0);
        assert!(lines.len() <= MOST_BYTES / long.len(), "{}", lines.len());
        assert_eq!((lines.last().unwrap().number, lines.last().unwrap().cut), (1_000, 7));
    }
}
