//! What programs wrote, line by line, as far as it is kept.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use super::{
    clean::{Clean, clean},
    lines::{LONGEST_LINE, RawLine},
    secrets::Secrets,
};
use crate::timeline::clock::now_ms;

/// How many lines are kept, and how many bytes of them.
const MOST_LINES: usize = 10_000;
const MOST_BYTES: usize = 4 << 20;

/// How many lines of a second are kept, the first and the last of them: what comes between is counted. A program that
/// writes without end is heard, and costs no more than that; and why one ends stands in its last lines.
const FIRST: usize = 1_900;
const LAST: usize = 100;

/// What counts as one.
const SECOND: Duration = Duration::from_secs(1);

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
    /// The last lines of a second of which the first are kept already.
    held: VecDeque<Held>,
    /// How many came between.
    left_out: u64,
}

/// A line as it came.
struct Held {
    origin: Arc<str>,
    at: u64,
    bytes: Vec<u8>,
    cut: usize,
}

impl ProgramLog {
    /// An empty log, in which these secrets are masked.
    #[must_use]
    pub fn new(secrets: Secrets) -> Self {
        let kept = Kept {
            lines: VecDeque::new(),
            bytes: 0,
            last: 0,
            second: Instant::now(),
            in_second: 0,
            held: VecDeque::new(),
            left_out: 0,
        };
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
        let shown = Clean { coloured: words.to_owned(), plain: words.to_owned() };
        self.add([line(LAB.into(), now_ms(), shown, 0)]);
    }

    /// Takes a line.
    pub(super) fn write(&self, origin: &Arc<str>, raw: RawLine<'_>) {
        let mut kept = self.kept();
        if kept.second.elapsed() >= SECOND {
            drop(kept);
            self.release();
            kept = self.kept();
        }
        kept.in_second += 1;
        if kept.in_second > FIRST {
            kept.hold(origin, &raw);
            return;
        }
        drop(kept);
        let (shown, cut) = self.shown(&raw);
        self.add([line(Arc::clone(origin), now_ms(), shown, cut)]);
    }

    /// When the lines that are held have to be [released](Self::release); none if there are none.
    pub(super) fn release_at(&self) -> Option<Instant> {
        let kept = self.kept();
        (!kept.held.is_empty()).then(|| kept.second + SECOND)
    }

    /// Adds the lines that are held, and says how many were left out before them: at the end of a second, and at that of
    /// the program.
    pub(super) fn release(&self) {
        let mut kept = self.kept();
        (kept.second, kept.in_second) = (Instant::now(), 0);
        let (held, left_out) = (mem::take(&mut kept.held), mem::take(&mut kept.left_out));
        drop(kept);
        if left_out > 0 {
            self.note(&format!("{left_out} lines were left out here: more than {} came in a second", FIRST + LAST));
        }
        let held = held.into_iter().map(|Held { origin, at, bytes, cut }| {
            let (shown, cut) = self.shown(&RawLine { bytes: &bytes, cut });
            line(origin, at, shown, cut)
        });
        self.add(held.collect::<Vec<_>>());
    }

    /// What of a line may be shown, and how many bytes of it are left out.
    fn shown(&self, line: &RawLine<'_>) -> (Clean, usize) {
        let whole = clean(line.bytes);
        let masked = self.0.secrets.mask(&whole.plain, line.cut > 0);
        let too_long = line.bytes.len().saturating_sub(LONGEST_LINE);
        let shown = if masked != whole.plain {
            // Where its letters are in the coloured text nobody knows.
            let plain = masked[..masked.floor_char_boundary(LONGEST_LINE)].to_owned();
            Clean { coloured: plain.clone(), plain }
        } else if too_long > 0 {
            clean(&line.bytes[..LONGEST_LINE])
        } else {
            whole
        };
        (shown, too_long + line.cut)
    }

    fn add(&self, lines: impl IntoIterator<Item = LogLine>) {
        let mut kept = self.kept();
        lines.into_iter().for_each(|line| kept.add(line));
        let last = kept.last;
        drop(kept);
        self.0.last.send_replace(last);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn hold(&mut self, origin: &Arc<str>, line: &RawLine<'_>) {
        if self.held.len() == LAST {
            self.held.pop_front();
            self.left_out += 1;
        }
        let (bytes, cut) = (line.bytes.to_vec(), line.cut);
        self.held.push_back(Held { origin: Arc::clone(origin), at: now_ms(), bytes, cut });
    }

    fn add(&mut self, line: LogLine) {
        self.last += 1;
        self.bytes += line.coloured.len() + line.plain.len();
        self.lines.push_back(Arc::new(LogLine { number: self.last, ..line }));
        while self.lines.len() > MOST_LINES || self.bytes > MOST_BYTES {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.coloured.len() + oldest.plain.len();
        }
    }
}

/// A line, which has its number when it is added.
fn line(origin: Arc<str>, at: u64, shown: Clean, cut: usize) -> LogLine {
    let Clean { coloured, plain } = shown;
    LogLine { number: 0, at, origin, coloured, plain, cut }
}

#[cfg(test)]
mod tests {
    use super::{super::lines::Assembler, *};

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
    fn of_what_is_too_much_for_a_second_the_first_and_the_last_lines_are_kept_and_the_others_counted() {
        let log = written((0..50_000).map(|n| format!("line {n}")));
        assert!(log.release_at().is_some());
        log.release();
        assert!(log.release_at().is_none());
        let lines = log.after(0);
        assert_eq!((lines[0].plain.as_str(), lines.last().unwrap().plain.as_str()), ("line 0", "line 49999"));
        // It may have taken more than a second.
        let told: Vec<_> = lines.iter().filter(|line| &*line.origin == LAB).collect();
        let left_out: usize =
            told.iter().map(|told| told.plain.split(' ').next().unwrap().parse::<usize>().unwrap()).sum();
        assert_eq!(lines.len() - told.len() + left_out, 50_000);
        assert!(left_out > 25_000, "{left_out}");
        assert!(lines.iter().zip(1..).all(|(line, number)| line.number == number));
    }

    #[test]
    fn a_secret_that_begins_in_a_long_line_and_ends_behind_what_is_kept_is_masked() {
        let secret = "a-secret-of-some-length".repeat(1_000);
        for (name, before) in [("MY_TOKEN", 10), ("MY_TOKEN", LONGEST_LINE - 12), ("OTHER", LONGEST_LINE - 12)] {
            let log = ProgramLog::new(Secrets::of_environment([(name.into(), (&secret).into())]));
            let mut lines = Assembler::default();
            let mut write = |line: RawLine<'_>| log.write(&"app".into(), line);
            lines.take(format!("{}{secret}\n", ".".repeat(before)).as_bytes(), &mut write);
            let line = log.after(0).remove(0);
            assert_eq!(line.plain.contains("a-secret"), name == "OTHER", "{}", line.plain);
            assert!(line.plain.len() <= LONGEST_LINE && line.coloured.len() <= LONGEST_LINE);
            assert_eq!(line.cut, before + secret.len() - LONGEST_LINE);
        }
        // Of a key that is told by its shape too.
        let log = written([format!("{} sk-proj-abcdefgh12345678", ".".repeat(LONGEST_LINE - 9))].into_iter());
        assert!(log.after(0)[0].plain.ends_with(". sk-***"), "{}", log.after(0)[0].plain);
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
