//! Reading values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rusqlite::{Connection, OptionalExtension};

use super::CLOSED;
use crate::state::Stored;

/// Why a value cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    #[error("failed to decode binary data: {0}")]
    Decode(#[from] base64::DecodeError),
    #[error("{CLOSED}")]
    Closed,
}

/// A row as it is: value, whether it is base64, when it expires, and its ETag.
type Row = (Vec<u8>, bool, Option<String>, String);

/// What of a row stands in front of its key.
const ROW: &str = "CAST(value AS BLOB), is_binary, strftime('%Y-%m-%dT%H:%M:%SZ', expiration_time), etag";
/// Which rows there still are.
const ALIVE: &str = "(expiration_time IS NULL OR expiration_time > CURRENT_TIMESTAMP)";

/// What a key holds.
pub(super) fn one(connection: &Connection, table: &str, key: &str) -> Result<Option<Stored>, ReadError> {
    let row: Option<Row> = connection
        .prepare_cached(&format!("SELECT {ROW} FROM {table} WHERE key = ?1 AND {ALIVE}"))
        .and_then(|mut statement| {
            statement.query_row([key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).optional()
        })?;
    row.map(stored).transpose()
}

/// What all keys hold that begin like this, in their order.
pub(super) fn with_prefix(
    connection: &Connection,
    table: &str,
    prefix: &str,
) -> Result<Vec<(String, Stored)>, ReadError> {
    // Keys are compared byte by byte: what begins so stands together.
    let select = format!("SELECT {ROW}, key FROM {table} WHERE key >= ?1 AND {ALIVE} ORDER BY key");
    let mut statement = connection.prepare(&select)?;
    let mut rows = statement.query([prefix])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let key: String = row.get(4)?;
        if !key.starts_with(prefix) {
            break;
        }
        found.push((key, stored((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))?));
    }
    Ok(found)
}

fn stored((value, is_binary, expires, etag): Row) -> Result<Stored, ReadError> {
    let data = if is_binary { BASE64.decode(value)? } else { value };
    Ok(Stored { data, etag: Some(etag), expires })
}
