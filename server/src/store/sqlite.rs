//! A SQLite file in the layout of Dapr's `state.sqlite`, read beside the sidecar that writes it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use model::{
    error::{ErrorCode, LabError, clause},
    lab::StoredValue,
};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::timeline::clock::now_ms;

/// How long a read waits for a writer. In the write-ahead mode of the sidecar it never has to.
const BUSY_LIMIT: Duration = Duration::from_secs(2);

/// The file.
#[derive(Clone, Debug)]
pub(super) struct SqliteFile {
    path: PathBuf,
}

/// A row of Dapr's table.
struct Row {
    value: String,
    is_binary: bool,
    etag: String,
}

impl SqliteFile {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Reads a key.
    pub(super) async fn read(&self, key: String) -> Result<StoredValue, LabError> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || read(&path, key)).await;
        read.unwrap_or_else(|error| Err(LabError::new(ErrorCode::Internal, error.to_string())))
    }
}

fn read(path: &Path, key: String) -> Result<StoredValue, LabError> {
    let row = row(path, &key).map_err(|error| {
        let (path, error) = (path.display(), error.to_string());
        let message = format!("Cannot read the store {path}: {}. Look whether the file is there.", clause(&error));
        LabError::new(ErrorCode::StoreUnreachable, message)
    })?;
    let read_at = now_ms();
    let binary = row.as_ref().is_none_or(|row| row.is_binary);
    let command = command(path, &key, binary);
    let Some(Row { value, is_binary, etag }) = row else {
        return Ok(StoredValue { key, value: None, etag: None, read_at, command });
    };
    let value = if is_binary { decode(&key, &value)? } else { value };
    Ok(StoredValue { key, value: Some(value), etag: Some(etag), read_at, command })
}

/// Opens the file for each read: it may be replaced, and a reader that stays open would keep the old one.
fn row(path: &Path, key: &str) -> rusqlite::Result<Option<Row>> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY_LIMIT)?;
    let sql = "SELECT value, is_binary, etag FROM state WHERE key = ?1 \
               AND (expiration_time IS NULL OR expiration_time > CURRENT_TIMESTAMP)";
    let row = |row: &rusqlite::Row<'_>| Ok(Row { value: row.get(0)?, is_binary: row.get(1)?, etag: row.get(2)? });
    connection.query_row(sql, [key], row).optional()
}

/// The text of a value that came over gRPC: Dapr keeps such bytes in base64.
fn decode(key: &str, value: &str) -> Result<String, LabError> {
    let refused =
        |why: String| LabError::new(ErrorCode::Internal, format!("The stored value of {key} is not text: {why}"));
    let bytes = STANDARD.decode(value).map_err(|error| refused(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| refused(error.to_string()))
}

/// The shell command that shows the same. Not SQLite's own `base64()`: its shell has that from 3.41 on only.
fn command(path: &Path, key: &str, binary: bool) -> String {
    let (file, decode) = (quoted(&path.to_string_lossy()), if binary { " | base64 -d" } else { "" });
    format!(r#"sqlite3 {file} "select value from state where key = '{key}'"{decode}"#)
}

/// A word as a POSIX shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_as_a_shell_takes_it() {
        assert_eq!(quoted("data/faultlab.db"), "data/faultlab.db");
        assert_eq!(quoted("my data/it's.db"), r"'my data/it'\''s.db'");
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_an_error_that_names_it() {
        let error = SqliteFile::new("/nowhere/faultlab.db".into()).read("k".into()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::StoreUnreachable);
        assert!(error.message.contains("/nowhere/faultlab.db"));
    }
}
