//! What the shell shows: facts in columns, the program's lines, and what is wrong with what to do about it.

use std::{
    env,
    io::{self, IsTerminal, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use super::finding::Finding;
use crate::program::log::LogLine;

/// How many lines may wait for a reader that does not keep up; what comes then is left out and counted.
const WAITING: usize = 4_096;

/// How long the end waits for a reader to take what waits.
const LAST: Duration = Duration::from_secs(1);

/// The output of a command. It waits for nobody who reads it.
pub(crate) struct Shell {
    /// None once it has ended.
    lines: Mutex<Option<SyncSender<String>>>,
    done: Mutex<Receiver<()>>,
    colours: bool,
    left_out: Arc<AtomicU64>,
}

/// How a word is shown.
#[derive(Clone, Copy)]
enum Style {
    Dim,
    Strong,
    Ok,
    Warn,
    Accent,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Self::Dim => "2",
            Self::Strong => "1",
            Self::Ok => "32",
            Self::Warn => "33",
            Self::Accent => "36",
        }
    }
}

impl Shell {
    /// Writes to the output, in colours where that is a terminal and `NO_COLOR` is not set.
    pub(crate) fn start() -> Self {
        let no_colour = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self::writing(io::stdout(), io::stdout().is_terminal() && !no_colour)
    }

    fn writing(mut output: impl Write + Send + 'static, colours: bool) -> Self {
        let (lines, waiting) = sync_channel::<String>(WAITING);
        let (ended, done) = sync_channel(1);
        let left_out = Arc::new(AtomicU64::new(0));
        let left_out_at_the_end = Arc::clone(&left_out);
        thread::spawn(move || {
            // Whoever reads may be gone; the rest goes on all the same.
            let mut write = |line: &str| drop(writeln!(output, "{line}").and_then(|()| output.flush()));
            waiting.iter().for_each(|line| write(&line));
            let left_out = left_out_at_the_end.swap(0, Ordering::Relaxed);
            if left_out > 0 {
                write(&not_shown(left_out));
            }
            let _ = ended.send(());
        });
        Self { lines: Mutex::new(Some(lines)), done: Mutex::new(done), colours, left_out }
    }

    /// An empty line.
    pub(crate) fn gap(&self) {
        self.write(String::new());
    }

    /// `name  value  note`.
    pub(crate) fn fact(&self, name: &str, value: &str, note: &str) {
        let note = self.paint(Style::Dim, note);
        self.write(format!("  {name:<10}{value:<30}{note}").trim_end().to_owned());
    }

    /// The same of something that is as it has to be.
    pub(crate) fn good(&self, name: &str, value: &str, note: &str) {
        let (tick, note) = (self.paint(Style::Ok, "✓"), self.paint(Style::Dim, note));
        self.write(format!("  {name:<10}{tick} {value:<28}{note}").trim_end().to_owned());
    }

    /// Where the page is.
    pub(crate) fn page(&self, url: &str, note: &str) {
        let (tick, note) = (self.paint(Style::Ok, "✓"), self.paint(Style::Dim, note));
        let room = " ".repeat(28_usize.saturating_sub(url.len()).max(1));
        let url = self.paint(Style::Accent, url);
        self.write(format!("  {:<10}{tick} {url}{room}{note}", "page"));
    }

    /// What is wrong, and what to do.
    pub(crate) fn warn(&self, finding: &Finding) {
        let (mark, says) = (self.paint(Style::Warn, "!"), self.paint(Style::Strong, &finding.says));
        self.write(format!("  {mark} {says} {}", finding.remedy).trim_end().to_owned());
    }

    /// What is said by the way.
    pub(crate) fn note(&self, words: &str) {
        let words = self.paint(Style::Dim, words);
        self.write(format!("    {words}"));
    }

    /// A line as it is.
    pub(crate) fn say(&self, line: &str) {
        self.write(line.to_owned());
    }

    /// A line of a program.
    pub(crate) fn line(&self, line: &LogLine) {
        let origin = self.paint(Style::Dim, &format!("[{}]", line.origin));
        let text = if self.colours { &line.coloured } else { &line.plain };
        let cut = if line.cut > 0 { format!("… ({} bytes more)", line.cut) } else { String::new() };
        self.write(format!("  {origin} {text}{cut}").trim_end().to_owned());
    }

    /// Writes what waits, if somebody takes it. What comes later is not written.
    pub(crate) fn end(&self) {
        drop(self.lines.lock().unwrap_or_else(PoisonError::into_inner).take());
        let _ = self.done.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(LAST);
    }

    fn paint(&self, style: Style, words: &str) -> String {
        match self.colours && !words.is_empty() {
            true => format!("\u{1b}[{}m{words}\u{1b}[0m", style.code()),
            false => words.to_owned(),
        }
    }

    fn write(&self, line: String) {
        self.tell_left_out();
        if !self.send(line) {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn tell_left_out(&self) {
        let left_out = self.left_out.swap(0, Ordering::Relaxed);
        if left_out > 0 && !self.send(not_shown(left_out)) {
            self.left_out.fetch_add(left_out, Ordering::Relaxed);
        }
    }

    /// Whether there was room for it.
    fn send(&self, line: String) -> bool {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        !lines.as_ref().is_some_and(|lines| matches!(lines.try_send(line), Err(TrySendError::Full(_))))
    }
}

fn not_shown(lines: u64) -> String {
    format!("    {lines} lines were not shown: their reader did not keep up")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Takes nothing before it may.
    struct Slow(mpsc::Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Let go once, it may always.
            let _ = self.0.recv();
            self.1.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_was_not_shown_is_counted_at_the_end_too() {
        let (let_go, may) = mpsc::channel();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let shell = Shell::writing(Slow(may, Arc::clone(&shown)), false);
        let written = WAITING + 60;
        for n in 0..written {
            shell.note(&n.to_string());
        }
        thread::scope(|scope| {
            scope.spawn(|| shell.end());
            while shell.lines.lock().unwrap().is_some() {
                thread::yield_now();
            }
            drop(let_go);
        });
        let shown = String::from_utf8(shown.lock().unwrap().clone()).unwrap();
        let last = shown.lines().last().unwrap();
        let not_shown: usize = last.trim().split(' ').next().unwrap().parse().unwrap();
        assert!(last.ends_with("did not keep up"), "{last}");
        assert_eq!(shown.lines().count() - 1 + not_shown, written);
    }
}
