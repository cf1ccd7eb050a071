//! Events as lines of the log.

use model::timeline::{Level, LogLine};

/// Writes a line, bare, in the lesson's words.
pub(super) fn write(line: LogLine) {
    match line.level {
        Level::Info => tracing::info!("{}", line.text),
        Level::Warn => tracing::warn!("{}", line.text),
        Level::Error => tracing::error!("{}", line.text),
    }
}
