//! `state.sqlite`: a SQLite file in Dapr's own layout.

mod component;
mod layout;
mod read;
mod writer;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::Semaphore;

use super::{Kind, Operation, StateStore, Stored, WriteError};
pub(super) use component::KIND;
use layout::Tables;
use read::ReadError;
use writer::Writer;

/// What a SQLite file begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How the store is opened; the defaults are those of Dapr's component.
#[derive(Debug, Clone)]
struct SqliteOptions {
    path: PathBuf,
    tables: Tables,
    /// How long to wait for another program's lock.
    busy_timeout: Duration,
    /// Whether the journal is a rollback journal instead of a write-ahead log.
    disable_wal: bool,
}

/// Why a SQLite file cannot be the state store.
#[derive(Debug, thiserror::Error)]
enum SqliteStoreError {
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

/// How many transactions may wait for the writing thread.
const MOST_QUEUED: usize = 1_024;

/// How often a read looks whether another program's lock is gone.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The store: one thread that writes, and one connection that reads.
struct SqliteStore {
    path: PathBuf,
    tables: Tables,
    /// How long a read waits for another program's lock.
    busy_timeout: Duration,
    /// Room for [`MOST_QUEUED`].
    places: Semaphore,
    /// `None` once the store is closed.
    open: Mutex<Option<Open>>,
    /// Reads where the caller is: a value that is in memory, as what is used again and again is, takes less time than
    /// a change of threads. Never waits itself for another program's lock.
    reader: Mutex<Option<Connection>>,
}

/// What ends with the store, in this order.
struct Open {
    writer: Writer,
    /// See [`lock`].
    _lock: File,
}

impl SqliteStore {
    /// Opens the file, or makes it. A file that is damaged or belongs to something else is
    /// recognised before anything is written.
    fn open(options: &SqliteOptions, app_id: &str) -> Result<Self, SqliteStoreError> {
        let path = &options.path;
        let exists = path.metadata().is_ok_and(|file| file.len() > 0);
        if exists {
            inspect(options)?;
        }
        make_folder(path)?;
        let lock = lock(path, app_id)?;
        let connection = open_for_writing(options)?;
        let reader = connect(options, Access::Look)?;
        reader.busy_timeout(Duration::ZERO).map_err(|error| classify(&error))?;
        let writer = Writer::spawn(connection, options.tables.clone())
            .map_err(|error| SqliteStoreError::Unwritable(error.to_string()))?;
        Ok(Self {
            path: path.clone(),
            tables: options.tables.clone(),
            busy_timeout: options.busy_timeout,
            places: Semaphore::new(MOST_QUEUED),
            open: Mutex::new(Some(Open { writer, _lock: lock })),
            reader: Mutex::new(Some(reader)),
        })
    }

    /// Reads, and again for a while if another program has a lock on the file.
    async fn read<T>(&self, read: impl Fn(&Connection, &str) -> Result<T, ReadError>) -> Result<T, String> {
        let began = Instant::now();
        loop {
            match self.read_now(&read) {
                Err(ReadError::Sql(error)) if is_busy(&error) && began.elapsed() < self.busy_timeout => {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                result => return result.map_err(|error| error.to_string()),
            }
        }
    }

    fn read_now<T>(&self, read: impl Fn(&Connection, &str) -> Result<T, ReadError>) -> Result<T, ReadError> {
        let connection = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        read(connection.as_ref().ok_or(ReadError::Closed)?, &self.tables.state)
    }
}

#[async_trait]
impl StateStore for SqliteStore {
    async fn get(&self, key: &str) -> Result<Option<Stored>, String> {
        self.read(|connection, table| read::one(connection, table, key)).await
    }

    async fn with_prefix(&self, prefix: &str) -> Result<Vec<(String, Stored)>, String> {
        self.read(|connection, table| read::with_prefix(connection, table, prefix)).await
    }

    async fn write(&self, operations: Vec<Operation>) -> Result<(), WriteError> {
        // It is never closed.
        let _place = self.places.acquire().await;
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

    fn close(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The writer goes last: the last connection folds the write-ahead log into the file, and the reader may not.
        drop(self.reader.lock().unwrap_or_else(PoisonError::into_inner).take());
        drop(open);
    }
}

/// The connection that writes: durable, and with the layout in place.
fn open_for_writing(options: &SqliteOptions) -> Result<Connection, SqliteStoreError> {
    let sql = |error: rusqlite::Error| classify(&error);
    let mut connection = connect(options, Access::Write)?;
    // A commit returns when the disk has it: what is acknowledged survives a power cut. Without the log that includes
    // the folder, in which the end of a transaction is that the journal is gone.
    let (mode, synchronous) = if options.disable_wal { ("DELETE", "EXTRA") } else { ("WAL", "FULL") };
    connection.pragma_update_and_check(None, "journal_mode", mode, |_| Ok(())).map_err(sql)?;
    connection.pragma_update(None, "synchronous", synchronous).map_err(sql)?;
    layout::create(&mut connection, &options.tables).map_err(sql)?;
    Ok(connection)
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
    match check(options, Access::Read) {
        // Somebody was killed in the middle of a commit: whoever opens the file next has to take that back first, and
        // a connection that only reads cannot.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => check(options, Access::Look),
        checked => checked,
    }
    .map_err(|error| classify(&error))?
}

fn check(options: &SqliteOptions, access: Access) -> rusqlite::Result<Result<(), SqliteStoreError>> {
    let connection = open(options, access)?;
    let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if check != "ok" {
        let check = check.replace('\n', " ");
        return Ok(Err(SqliteStoreError::Corrupt(format!("it is damaged: {check}"))));
    }
    Ok(layout::recognise(&connection, &options.tables)?.map_err(SqliteStoreError::Foreign))
}

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Nothing to the file.
    Read,
    /// No changes; but what a commit left that was cut off is put in order.
    Look,
    /// Everything.
    Write,
}

fn connect(options: &SqliteOptions, access: Access) -> Result<Connection, SqliteStoreError> {
    open(options, access).map_err(|error| classify(&error))
}

fn open(options: &SqliteOptions, access: Access) -> rusqlite::Result<Connection> {
    let flags = match access {
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Look => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    };
    let connection = Connection::open_with_flags(&options.path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(options.busy_timeout)?;
    if access == Access::Look {
        connection.pragma_update(None, "query_only", true)?;
    }
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

/// Claims what the file has of an app for this process. SQLite itself would let two sidecars of one app share it, and each
/// of them would run turns of the same actor; other apps have keys of their own. The claim lies on a file beside it, so
/// that programs which only read are not kept out; it ends with the process, however that ends.
fn lock(path: &Path, app_id: &str) -> Result<File, SqliteStoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.lock", file_name(app_id)));
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

/// An app's id as part of a file's name: every other character by its number.
fn file_name(app_id: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    app_id.chars().map(|c| if plain(c) { c.to_string() } else { format!("%{:x}", u32::from(c)) }).collect()
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
            assert_eq!(synchronous, if disable_wal { 3 } else { 2 }, "EXTRA without the log, FULL with it");
        }
    }

    #[tokio::test]
    async fn a_read_waits_for_another_program_and_tells_when_that_takes_too_long() {
        let folder = tempfile::tempdir().expect("folder");
        let store = SqliteStore::open(
            &SqliteOptions { busy_timeout: Duration::from_secs(10), ..options(folder.path(), true) },
            "app",
        );
        let store = store.expect("opens");
        let write = |text: &str| vec![Operation::upsert("k".into(), crate::state::Value::Json(text.into()))];
        store.transaction(write("1")).await.expect("written");

        let other = Connection::open(folder.path().join("s.db")).expect("opens");
        other.execute_batch("BEGIN EXCLUSIVE; UPDATE state SET value = '2'").expect("locks");
        assert!(
            matches!(store.read_now(|connection, table| read::one(connection, table, "k")), Err(ReadError::Sql(error)) if is_busy(&error)),
            "the lock is in the way"
        );
        let (read, ()) = tokio::join!(store.get("k"), async { other.execute_batch("COMMIT").expect("unlocks") });
        assert_eq!(read.map(|read| read.map(|stored| stored.data)), Ok(Some(b"2".to_vec())));

        drop(store);
        let store = SqliteStore::open(&options(folder.path(), true), "app").expect("opens");
        other.execute_batch("BEGIN EXCLUSIVE").expect("locks");
        assert_eq!(store.get("k").await, Err("database is locked".into()));
    }

    #[tokio::test]
    async fn a_closed_store_is_one_file_that_others_may_have() {
        let folder = tempfile::tempdir().expect("folder");
        let store = SqliteStore::open(&options(folder.path(), false), "app").expect("opens");
        let write = Operation::upsert("k".into(), crate::state::Value::Json("1".into()));
        store.transaction(vec![write]).await.expect("written");
        store.close();
        assert!(!folder.path().join("s.db-wal").exists());
        assert_eq!(store.get("k").await, Err(CLOSED.into()));
        assert_eq!(store.transaction(vec![]).await, Err(CLOSED.into()));
        // The closed one is still there, as it is while a connection lingers.
        SqliteStore::open(&options(folder.path(), false), "app").expect("opens again");
    }
    /// A file whose owner was killed in the middle of a commit: some of it is in the file, and the journal says how to
    /// take it back.
    fn killed_in_a_commit(folder: &Path) {
        let store = SqliteStore::open(&options(folder, true), "app").expect("opens");
        drop(store);
        let victim = folder.join("s.db");
        let connection = Connection::open(&victim).expect("opens");
        connection
            .execute_batch(
                "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1;
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
                 INSERT INTO state (key, value, is_binary, etag) SELECT 'k' || i, 'old', 0, '' FROM n;
                 BEGIN; UPDATE state SET value = 'new, and longer than what was there';",
            )
            .expect("half a commit");
        // What is on the disk now is what a `kill -9` leaves.
        for name in ["s.db", "s.db-journal"] {
            std::fs::copy(folder.join(name), folder.join(format!("left-{name}"))).expect("copied");
        }
        drop(connection);
        for name in ["s.db", "s.db-journal"] {
            std::fs::rename(folder.join(format!("left-{name}")), folder.join(name)).expect("put in its place");
        }
    }

    #[tokio::test]
    async fn a_file_that_was_cut_off_in_a_commit_is_opened_as_it_was_before_it() {
        for disable_wal in [true, false] {
            let folder = tempfile::tempdir().expect("folder");
            killed_in_a_commit(folder.path());
            let store = SqliteStore::open(&options(folder.path(), disable_wal), "app").expect("opens");
            for key in ["k1", "k500"] {
                let stored = store.get(key).await.expect("reads").expect("is there");
                assert_eq!(stored.data, b"old", "{key}");
            }
        }
    }

    #[test]
    fn a_foreign_file_that_was_cut_off_in_a_commit_is_still_refused_as_foreign() {
        let folder = tempfile::tempdir().expect("folder");
        killed_in_a_commit(folder.path());
        let others =
            SqliteOptions { tables: Tables::new("theirs", "metadata").expect("names"), ..options(folder.path(), true) };
        assert!(matches!(SqliteStore::open(&others, "app"), Err(SqliteStoreError::Foreign(_))));
    }
}
