//! A program's log: one line for each event, on stderr, whether or not somebody reads it.

use std::{
    fmt::{self, Write as _},
    io::{self, IsTerminal, stderr},
    thread::sleep,
    time::{Duration, Instant},
};

use tracing::{field::Field, subscriber::set_global_default};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
pub use tracing_subscriber::EnvFilter;
use tracing_subscriber::{
    field::MakeExt,
    fmt::{FormatFields, format, format::Writer, time::FormatTime},
};

/// How many lines may wait for a reader that does not keep up: 16 MiB of the longest ones. What comes then is left out:
/// the program waits for nobody who reads its log.
const WAITING_LINES: usize = 2_048;
/// The longest line, in bytes.
const LONGEST_LINE: usize = 8 << 10;
/// How long the end waits for room to say what was left out, and how often it looks for it.
const ROOM_LIMIT: Duration = Duration::from_millis(500);
const ROOM_AGAIN: Duration = Duration::from_millis(10);
/// The most that a line says of one thing, in bytes: what apps answer stands there whole, and may have megabytes.
const LONGEST_FIELD: usize = 4 << 10;

/// The log while it is written; dropped, it writes what waits, if somebody takes that within a second.
#[must_use]
pub struct Log {
    left_out: ErrorCounter,
    _writer: WorkerGuard,
}

/// What `RUST_LOG` says is written; `info` unless it says something.
pub fn filter_of_environment() -> EnvFilter {
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"))
}

/// Begins to write what the program tells with `tracing` and the filter lets pass, in this machine's time.
pub fn start(filter: EnvFilter) -> Log {
    // A thread of its own writes: a reader that is gone makes a write fail, and one that stands still makes it wait.
    let (writer, guard) =
        NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING_LINES).finish(stderr());
    let left_out = writer.error_counter();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_timer(Clock)
        .with_target(false)
        .fmt_fields(one_line())
        .with_ansi(stderr().is_terminal())
        .with_writer(move || Cut(writer.clone()))
        // Written to stderr too, where that has failed already.
        .log_internal_errors(false);
    if set_global_default(lines.finish()).is_err() {
        tracing::debug!("somebody else writes the log already");
    }
    Log { left_out, _writer: guard }
}

impl Drop for Log {
    fn drop(&mut self) {
        tell_left_out(&self.left_out, |left_out| {
            tracing::warn!("{left_out} lines were left out of this log: its reader did not keep up");
        });
    }
}

/// Says how many lines were left out, if any were. Where as many wait as may, this one is left out too: then once more.
fn tell_left_out(counter: &ErrorCounter, tell: impl Fn(usize)) {
    let left_out = counter.dropped_lines();
    if left_out == 0 {
        return;
    }
    let began = Instant::now();
    loop {
        let before = counter.dropped_lines();
        tell(left_out);
        if counter.dropped_lines() == before || began.elapsed() >= ROOM_LIMIT {
            return;
        }
        sleep(ROOM_AGAIN);
    }
}

/// Wall clock with milliseconds in this machine's time zone, as the page shows it.
struct Clock;

impl FormatTime for Clock {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{}", jiff::ZonedDateTime::now().strftime("%H:%M:%S%.3f"))
    }
}

/// How an event's fields are written: what people have sent stands in them, and must not look like lines of the log.
fn one_line() -> impl for<'writer> FormatFields<'writer> + Send + Sync + 'static {
    let field = |writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug| {
        let mut line = OneLine { to: writer, left: LONGEST_FIELD, left_out: 0 };
        if field.name() == "message" {
            write!(line, "{value:?}")?
        } else {
            write!(line, "{field}={value:?}")?
        }
        line.end()
    };
    format::debug_fn(field).delimited(" ")
}

/// Writes whatever would leave the line, or change what a terminal shows of it, as Rust writes it: `\n`, `\u{1b}`. What is
/// too long is cut off and counted.
struct OneLine<W> {
    to: W,
    /// How many bytes may still be written.
    left: usize,
    /// How many were not.
    left_out: usize,
}

impl<W: fmt::Write> OneLine<W> {
    /// Writes what fits, and nothing any more once something did not.
    fn write(&mut self, text: &str) -> fmt::Result {
        let room = if self.left_out > 0 { 0 } else { self.left };
        let fits = text.floor_char_boundary(room);
        self.left -= fits;
        self.left_out += text.len() - fits;
        self.to.write_str(&text[..fits])
    }

    /// Says how much was left out.
    fn end(mut self) -> fmt::Result {
        if self.left_out > 0 { write!(self.to, "… ({} bytes more)", self.left_out) } else { Ok(()) }
    }
}

impl<W: fmt::Write> fmt::Write for OneLine<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, char)) = rest.char_indices().find(|(_, char)| leaves_line(*char)) {
            self.write(&rest[..at])?;
            self.write(&char.escape_default().to_string())?;
            rest = &rest[at + char.len_utf8()..];
        }
        self.write(rest)
    }
}

/// Hands a line on, and of one that is too long the beginning: it waits in memory.
struct Cut<W>(W);

impl<W: io::Write> io::Write for Cut<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // The log writes a line at once.
        if line.len() <= LONGEST_LINE {
            self.0.write_all(line)?;
        } else {
            let kept = String::from_utf8_lossy(&line[..LONGEST_LINE - 8]);
            self.0.write_all(format!("{}…\n", kept.trim_end_matches('\u{fffd}')).as_bytes())?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Control characters, the line and paragraph separators, and those that turn the direction of a text.
#[must_use]
pub fn leaves_line(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_line(text: &str) -> String {
        let mut written = String::new();
        let mut line = OneLine { to: &mut written, left: LONGEST_FIELD, left_out: 0 };
        line.write_str(text).unwrap();
        line.end().unwrap();
        written
    }

    #[test]
    fn what_is_too_long_for_a_line_is_cut_between_two_characters_and_counted() {
        let whole = "é".repeat(LONGEST_FIELD / 2);
        assert_eq!(one_line(&whole), whole);
        let cut = one_line(&format!("a{}\n", whole.repeat(1000)));
        let (kept, more) = cut.split_once('…').unwrap();
        // A byte before it and an escaped line break behind it; half a character has no room.
        let more_bytes = 1 + whole.len() * 1000 + "\\n".len() - (LONGEST_FIELD - 1);
        assert_eq!((kept.len(), more), (LONGEST_FIELD - 1, format!(" ({more_bytes} bytes more)").as_str()));
        // Escaped, it is as long as what is written.
        assert!(one_line(&"\u{1b}".repeat(LONGEST_FIELD)).len() < LONGEST_FIELD + 40);
    }

    #[test]
    fn what_was_left_out_is_said_though_there_is_no_room_for_it_yet() {
        use std::{
            io::Write as _,
            sync::{Arc, Mutex},
        };

        /// Writes when it may.
        struct Slow(Arc<Mutex<()>>, Arc<Mutex<Vec<u8>>>);
        impl io::Write for Slow {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                drop(self.0.lock().unwrap());
                self.1.lock().unwrap().write(bytes)
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let (may, written) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(Vec::new())));
        let slow = Slow(Arc::clone(&may), Arc::clone(&written));
        let (writer, guard) = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(4).finish(slow);
        let counter = writer.error_counter();
        let waits = Mutex::new(Some(may.lock().unwrap()));
        while counter.dropped_lines() == 0 {
            writer.clone().write_all(b"line\n").unwrap();
        }
        tell_left_out(&counter, |left_out| {
            writer.clone().write_all(format!("left out: {left_out}\n").as_bytes()).unwrap();
            drop(waits.lock().unwrap().take());
        });
        drop(guard);
        assert!(written.lock().unwrap().ends_with(b"line\nleft out: 1\n"));
    }

    #[test]
    fn a_line_of_many_long_fields_waits_as_its_beginning() {
        use std::io::Write as _;
        let mut waiting = Vec::new();
        Cut(&mut waiting).write_all(format!("{}\n", "é".repeat(LONGEST_LINE)).as_bytes()).unwrap();
        assert!(waiting.len() <= LONGEST_LINE && waiting.ends_with("é…\n".as_bytes()), "{}", waiting.len());
        waiting.clear();
        Cut(&mut waiting).write_all(b"short\n").unwrap();
        assert_eq!(waiting, b"short\n");
    }

    #[test]
    fn what_would_leave_the_line_is_escaped_and_all_else_is_as_it_was_sent() {
        assert_eq!(one_line("a\nb\r\n12:00 INFO\tc"), "a\\nb\\r\\n12:00 INFO\\tc");
        assert_eq!(one_line("\u{1b}[2J\u{7f}\u{9b}"), "\\u{1b}[2J\\u{7f}\\u{9b}");
        assert_eq!(one_line("a\u{85}\u{2028}\u{2029}\u{202e}z"), "a\\u{85}\\u{2028}\\u{2029}\\u{202e}z");
        for plain in ["", "Grüße, e\u{301} 👩‍👩‍👧", "a \"quoted\" \\ 'word'"] {
            assert_eq!(one_line(plain), plain);
        }
    }
}
