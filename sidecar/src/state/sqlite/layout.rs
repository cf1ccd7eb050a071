//! The table layout of Dapr's `state.sqlite`, and how a file is recognised as having it.
//!
//! The layout is that of components-contrib 1.18 (`state/sqlite`): a table of values and a table
//! of metadata whose row `migrations` says how many steps of the layout were made (one so far).
//! A file made here opens in daprd and the other way round.

use rusqlite::{Connection, OptionalExtension};

/// How many steps the layout has that this code knows.
const MIGRATIONS: u32 = 1;

/// The names of the two tables; a component can set them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tables {
    pub(crate) state: String,
    pub(crate) metadata: String,
}

impl Tables {
    /// `None` when a name has other characters than letters, digits and `_`: names cannot be
    /// bound as parameters.
    pub(crate) fn new(state: &str, metadata: &str) -> Option<Self> {
        let valid = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        (valid(state) && valid(metadata)).then(|| Self { state: state.to_owned(), metadata: metadata.to_owned() })
    }
}

impl Default for Tables {
    fn default() -> Self {
        Self { state: "state".into(), metadata: "metadata".into() }
    }
}

/// Looks whether a database is empty or has the layout. Writes nothing.
///
/// # Errors
/// The inner `Err` says why it is neither.
pub(crate) fn recognise(connection: &Connection, tables: &Tables) -> rusqlite::Result<Result<(), String>> {
    let names: Vec<String> = connection
        .prepare(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' \
             ESCAPE '\\'",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if names.is_empty() {
        return Ok(Ok(()));
    }
    if !names.contains(&tables.state) {
        return Ok(Err(format!(
            "it is a database of something else: it has the table{} {} and no table {:?}",
            if names.len() == 1 { "" } else { "s" },
            names.join(", "),
            tables.state
        )));
    }
    let expected = ["etag", "expiration_time", "is_binary", "key", "update_time", "value"];
    if columns(connection, &tables.state)? != expected {
        return Ok(Err(format!("its table {:?} has not the columns of Dapr's state.sqlite", tables.state)));
    }
    if !names.contains(&tables.metadata) {
        return Ok(Ok(()));
    }
    if columns(connection, &tables.metadata)? != ["key", "value"] {
        return Ok(Err(format!("its table {:?} has not the columns of Dapr's state.sqlite", tables.metadata)));
    }
    let level = migration_level(connection, tables)?;
    Ok(match level.as_deref().map(str::parse::<u32>) {
        None => Ok(()),
        Some(Ok(level)) if level <= MIGRATIONS => Ok(()),
        Some(Ok(level)) => Err(format!("its layout is of a later Dapr (step {level}, known here: {MIGRATIONS})")),
        Some(Err(_)) => Err(format!("invalid migration level found in metadata table: {}", level.unwrap_or_default())),
    })
}

/// Makes what is missing of the layout, in one exclusive transaction.
pub(crate) fn create(connection: &mut Connection, tables: &Tables) -> rusqlite::Result<()> {
    let Tables { state, metadata } = tables;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)?;
    transaction.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS {metadata} (
           key text NOT NULL PRIMARY KEY,
           value text NOT NULL
         )"
    ))?;
    let level = migration_level(&transaction, tables)?;
    if level.is_none_or(|level| level == "0") {
        tracing::info!("Creating state table '{state}'");
        transaction.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS {state} (
               key TEXT NOT NULL PRIMARY KEY,
               value TEXT NOT NULL,
               is_binary BOOLEAN NOT NULL,
               etag TEXT NOT NULL,
               expiration_time TIMESTAMP DEFAULT NULL,
               update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
             )"
        ))?;
        transaction.execute(
            &format!("REPLACE INTO {metadata} (key, value) VALUES ('migrations', ?1)"),
            [MIGRATIONS.to_string()],
        )?;
    }
    transaction.commit()
}

fn migration_level(connection: &Connection, tables: &Tables) -> rusqlite::Result<Option<String>> {
    connection
        .query_row(&format!("SELECT value FROM {} WHERE key = 'migrations'", tables.metadata), [], |row| row.get(0))
        .optional()
}

/// The column names of a table, sorted.
fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare("SELECT name FROM pragma_table_info(?1) ORDER BY name")?
        .query_map([table], |row| row.get(0))?
        .collect()
}
