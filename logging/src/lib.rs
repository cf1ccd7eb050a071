//! A program's log: one line for each event, on stderr, whether or not somebody reads it.

use std::{
    fmt::{self, Write as _},
    io::{IsTerminal, stderr},
};

use tracing::{field::Field, subscriber::set_global_default};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
pub use tracing_subscriber::EnvFilter;
use tracing_subscriber::{
    field::MakeExt,
    fmt::{FormatFields, format, format::Writer, time::FormatTime},
};

/// How many lines may wait for a reader that does not keep up. What comes then is left out: the program waits for nobody
/// who reads its log.
const WAITING_LINES: usize = 2_048;

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
        .with_writer(writer)
        // Written to stderr too, where that has failed already.
        .log_internal_errors(false);
    if set_global_default(lines.finish()).is_err() {
        tracing::debug!("somebody else writes the log already");
    }
    Log { left_out, _writer: guard }
}

impl Drop for Log {
    fn drop(&mut self) {
        let left_out = self.left_out.dropped_lines();
        if left_out > 0 {
            tracing::warn!("{left_out} lines were left out of this log: its reader did not keep up");
        }
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
        let mut line = OneLine(writer);
        if field.name() == "message" { write!(line, "{value:?}") } else { write!(line, "{field}={value:?}") }
    };
    format::debug_fn(field).delimited(" ")
}

/// Writes whatever would leave the line, or change what a terminal shows of it, as Rust writes it: `\n`, `\u{1b}`.
struct OneLine<W>(W);

impl<W: fmt::Write> fmt::Write for OneLine<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, char)) = rest.char_indices().find(|(_, char)| leaves_line(*char)) {
            self.0.write_str(&rest[..at])?;
            write!(self.0, "{}", char.escape_default())?;
            rest = &rest[at + char.len_utf8()..];
        }
        self.0.write_str(rest)
    }
}

/// Control characters, the line and paragraph separators, and those that turn the direction of a text.
fn leaves_line(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_line(text: &str) -> String {
        let mut line = OneLine(String::new());
        line.write_str(text).unwrap();
        line.0
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
