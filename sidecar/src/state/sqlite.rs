//! `state.sqlite`: a SQLite file in Dapr's own layout.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::writer::Writer;
use super::{Operation, StateStore, Stored, Tables, layout};

/// What a SQLite file begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How the store is opened; the defaults are those of Dapr's component.
#[derive(Debug, Clone)]
pub(crate) struct SqliteOptions {
    pub(crate) path: PathBuf,
    pub(crate) tables: Tables,
    /// How long to wait for another program's lock.
    pub(crate) busy_timeout: Duration,
    /// Whether the journal is a rollback journal instead of a write-ahead log.
    pub(crate) disable_wal: bool,
}

/// Why a SQLite file cannot be the state store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqliteStoreError {
    #[error("{0}")]
    Corrupt(String),
    #[error("{0}")]
    Foreign(String),
    #[error("{0}")]
    Busy(String),
    #[error("{0}")]
    Unwritable(String),
}

/// What a closed store answers.
const CLOSED: &str = "the state store is closed";

/// The store: one thread that writes, and two connections that read.
pub(crate) struct SqliteStore {
    path: PathBuf,
    tables: Tables,
    /// `None` once the store is closed.
    open: Mutex<Option<Open>>,
    /// Reads where the caller is: a value that is in memory, as what is used again and again is, takes less time than
    /// a change of threads. Never waits for another program's lock.
    reader: Mutex<Option<Connection>>,
    /// Reads on a thread that may wait, for as long as the component says.
    patient: Arc<Mutex<Option<Connection>>>,
}

struct Open {
    writer: Writer,
    /// See [`lock`].
    _lock: File,
}

impl SqliteStore {
    /// Opens the file, or makes it. A file that is damaged or belongs to something else is
    /// recognised before anything is written.
    pub(crate) fn open(options: &SqliteOptions) -> Result<Self, SqliteStoreError> {
        let path = &options.path;
        let exists = path.metadata().is_ok_and(|file| file.len() > 0);
        if exists {
            inspect(options)?;
        }
        make_folder(path)?;
        let lock = lock(path)?;
        let connection = open_for_writing(options)?;
        let (reader, patient) = (connect(options, true)?, connect(options, true)?);
        reader.busy_timeout(Duration::ZERO).map_err(|error| classify(&error))?;
        let writer = Writer::spawn(connection, options.tables.clone())
            .map_err(|error| SqliteStoreError::Unwritable(error.to_string()))?;
        Ok(Self {
            path: path.clone(),
            tables: options.tables.clone(),
            open: Mutex::new(Some(Open { writer, _lock: lock })),
            reader: Mutex::new(Some(reader)),
            patient: Arc::new(Mutex::new(Some(patient))),
        })
    }

    /// Reads at once; `None` if another program's lock is in the way.
    fn read_now(&self, key: &str) -> Option<Result<Option<Stored>, String>> {
        let connection = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(connection) = connection.as_ref() else { return Some(Err(CLOSED.into())) };
        match read(connection, &self.tables.state, key) {
            Err(ReadError::Sql(error)) if is_busy(&error) => None,
            result => Some(result.map_err(|error| error.to_string())),
        }
    }
}

#[async_trait]
impl StateStore for SqliteStore {
    async fn get(&self, key: &str) -> Result<Option<Stored>, String> {
        if let Some(result) = self.read_now(key) {
            return result;
        }
        let patient = Arc::clone(&self.patient);
        let table = self.tables.state.clone();
        let key = key.to_owned();
        tokio::task::spawn_blocking(move || {
            let connection = patient.lock().unwrap_or_else(PoisonError::into_inner);
            read(connection.as_ref().ok_or(CLOSED)?, &table, &key).map_err(|error| error.to_string())
        })
        .await
        .map_err(|error| error.to_string())?
    }

    async fn transaction(&self, operations: Vec<Operation>) -> Result<(), String> {
        let answer = {
            let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let open = open.as_ref().ok_or(CLOSED)?;
            if operations.is_empty() {
                return Ok(());
            }
            open.writer.submit(operations)
        };
        answer.await.unwrap_or_else(|_| Err(CLOSED.into()))
    }

    fn path(&self) -> Option<&Path> {
        Some(&self.path)
    }

    async fn close(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut open) = open else { return };
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        let patient = Arc::clone(&self.patient);
        let closed = tokio::task::spawn_blocking(move || {
            // The writer goes last: the last connection folds the write-ahead log into the file,
            // and one that only reads cannot.
            drop(reader);
            drop(patient.lock().unwrap_or_else(PoisonError::into_inner).take());
            open.writer.close();
        });
        if let Err(error) = closed.await {
            tracing::error!("closing the state store: {error}");
        }
    }
}

/// The connection that writes: durable, and with the layout in place.
fn open_for_writing(options: &SqliteOptions) -> Result<Connection, SqliteStoreError> {
    let sql = |error: rusqlite::Error| classify(&error);
    let mut connection = connect(options, false)?;
    let mode = if options.disable_wal { "DELETE" } else { "WAL" };
    connection.pragma_update_and_check(None, "journal_mode", mode, |_| Ok(())).map_err(sql)?;
    // A commit returns when the disk has it: what is acknowledged survives a power cut.
    connection.pragma_update(None, "synchronous", "FULL").map_err(sql)?;
    layout::create(&mut connection, &options.tables).map_err(sql)?;
    Ok(connection)
}

/// Why a value cannot be read.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    #[error("failed to decode binary data: {0}")]
    Decode(#[from] base64::DecodeError),
}

fn read(connection: &Connection, table: &str, key: &str) -> Result<Option<Stored>, ReadError> {
    let row: Option<(Vec<u8>, bool, Option<String>)> = connection
        .prepare_cached(&format!(
            "SELECT CAST(value AS BLOB), is_binary,
                    strftime('%Y-%m-%dT%H:%M:%SZ', expiration_time)
             FROM {table}
             WHERE key = ?1
               AND (expiration_time IS NULL OR expiration_time > CURRENT_TIMESTAMP)"
        ))
        .and_then(|mut statement| {
            statement.query_row([key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()
        })?;
    let Some((value, is_binary, expires)) = row else {
        return Ok(None);
    };
    let data = if is_binary { BASE64.decode(value)? } else { value };
    Ok(Some(Stored { data, expires }))
}

/// Looks at an existing file without writing to it.
fn inspect(options: &SqliteOptions) -> Result<(), SqliteStoreError> {
    let mut magic = [0; 16];
    File::open(&options.path).and_then(|mut file| file.read_exact(&mut magic)).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => SqliteStoreError::Corrupt("it is no SQLite database".into()),
        _ => SqliteStoreError::Unwritable(error.to_string()),
    })?;
    if &magic != MAGIC {
        return Err(SqliteStoreError::Corrupt("it is no SQLite database".into()));
    }
    let connection = connect(options, true)?;
    let check: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|error| classify(&error))?;
    if check != "ok" {
        let check = check.replace('\n', " ");
        return Err(SqliteStoreError::Corrupt(format!("it is damaged: {check}")));
    }
    layout::recognise(&connection, &options.tables)
        .map_err(|error| classify(&error))?
        .map_err(SqliteStoreError::Foreign)
}

fn connect(options: &SqliteOptions, read_only: bool) -> Result<Connection, SqliteStoreError> {
    let access = if read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    };
    let connection = Connection::open_with_flags(&options.path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| classify(&error))?;
    connection.busy_timeout(options.busy_timeout).map_err(|error| classify(&error))?;
    Ok(connection)
}

fn classify(error: &rusqlite::Error) -> SqliteStoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => SqliteStoreError::Corrupt(text),
        _ if is_busy(error) => SqliteStoreError::Busy(text),
        _ => SqliteStoreError::Unwritable(text),
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn make_folder(path: &Path) -> Result<(), SqliteStoreError> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            std::fs::create_dir_all(folder).map_err(|error| SqliteStoreError::Unwritable(error.to_string()))
        }
        _ => Ok(()),
    }
}

/// Claims the file for this process. SQLite itself would let two sidecars share it, and each of
/// them would run turns of the same actor. The claim lies on a file beside it, so that programs
/// which only read are not kept out; it ends with the process, however that ends.
fn lock(path: &Path) -> Result<File, SqliteStoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&name)
        .map_err(|error| SqliteStoreError::Unwritable(error.to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SqliteStoreError::Busy("another process has it open".into())),
        Err(TryLockError::Error(error)) => Err(SqliteStoreError::Unwritable(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(folder: &Path, disable_wal: bool) -> SqliteOptions {
        SqliteOptions {
            path: folder.join("s.db"),
            tables: Tables::default(),
            busy_timeout: Duration::from_millis(100),
            disable_wal,
        }
    }

    #[test]
    fn a_commit_waits_for_the_disk_with_either_journal() {
        for disable_wal in [false, true] {
            let folder = tempfile::tempdir().expect("folder");
            let connection = open_for_writing(&options(folder.path(), disable_wal)).expect("opens");
            let synchronous: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).expect("asks");
            assert_eq!(synchronous, 2, "FULL");
        }
    }

    #[tokio::test]
    async fn a_read_waits_for_another_program_and_tells_when_that_takes_too_long() {
        let folder = tempfile::tempdir().expect("folder");
        let store =
            SqliteStore::open(&SqliteOptions { busy_timeout: Duration::from_secs(10), ..options(folder.path(), true) });
        let store = store.expect("opens");
        let write = |text: &str| vec![Operation::Upsert("k".into(), super::super::Value::Json(text.into()))];
        store.transaction(write("1")).await.expect("written");

        let other = Connection::open(folder.path().join("s.db")).expect("opens");
        other.execute_batch("BEGIN EXCLUSIVE; UPDATE state SET value = '2'").expect("locks");
        assert!(store.read_now("k").is_none(), "the lock is in the way");
        let (read, ()) = tokio::join!(store.get("k"), async { other.execute_batch("COMMIT").expect("unlocks") });
        assert_eq!(read, Ok(Some(Stored { data: b"2".to_vec(), expires: None })));

        drop(store);
        let store = SqliteStore::open(&options(folder.path(), true)).expect("opens");
        other.execute_batch("BEGIN EXCLUSIVE").expect("locks");
        assert_eq!(store.get("k").await, Err("database is locked".into()));
    }

    #[tokio::test]
    async fn a_closed_store_is_one_file_that_others_may_have() {
        let folder = tempfile::tempdir().expect("folder");
        let store = SqliteStore::open(&options(folder.path(), false)).expect("opens");
        let write = Operation::Upsert("k".into(), super::super::Value::Json("1".into()));
        store.transaction(vec![write]).await.expect("written");
        store.close().await;
        assert!(!folder.path().join("s.db-wal").exists());
        assert_eq!(store.get("k").await, Err(CLOSED.into()));
        assert_eq!(store.transaction(vec![]).await, Err(CLOSED.into()));
        // The closed one is still there, as it is while a connection lingers.
        SqliteStore::open(&options(folder.path(), false)).expect("opens again");
    }
}
