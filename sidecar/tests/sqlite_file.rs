//! The SQLite file: Dapr's layout, other people's files, damage, other processes.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use sidecar::{Sidecar, StartError};
use support::{App, Lab, STORE, config, upsert};

/// What daprd 1.18 makes of an empty file, statement by statement.
const DAPRDS_LAYOUT: &str = "
    CREATE TABLE metadata (key text NOT NULL PRIMARY KEY, value text NOT NULL);
    CREATE TABLE state (
        key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, is_binary BOOLEAN NOT NULL,
        etag TEXT NOT NULL, expiration_time TIMESTAMP DEFAULT NULL,
        update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
    INSERT INTO metadata VALUES ('migrations', '1');
";

/// Starts a sidecar on `state.db` of a folder; the app's side does not matter.
async fn start_on(folder: &Path) -> Result<Sidecar, StartError> {
    let app = App::echo().listen().await;
    Sidecar::start(config(app, &[STORE], folder)).await
}

async fn lab_on(folder: Arc<tempfile::TempDir>) -> Lab {
    Lab::in_folder(App::echo(), &[STORE], folder, |_| {}).await.unwrap()
}

fn columns(file: &Connection, table: &str) -> Vec<(String, String, bool, Option<String>, bool)> {
    file.prepare("SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info(?1)")
        .unwrap()
        .query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

#[tokio::test]
async fn a_new_file_has_the_tables_that_daprd_makes() {
    let folder = tempfile::tempdir().unwrap();
    start_on(folder.path()).await.unwrap().shutdown().await;
    let ours = Connection::open(folder.path().join("state.db")).unwrap();
    let daprds = Connection::open_in_memory().unwrap();
    daprds.execute_batch(DAPRDS_LAYOUT).unwrap();
    for table in ["state", "metadata"] {
        assert_eq!(columns(&ours, table), columns(&daprds, table), "{table}");
    }
    let level: String =
        ours.query_row("SELECT value FROM metadata WHERE key = 'migrations'", [], |row| row.get(0)).unwrap();
    assert_eq!(level, "1");
    let mode: String = ours.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn an_acknowledged_value_is_in_the_file_under_daprds_key_in_daprds_coding() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let lab = lab_on(Arc::clone(&folder)).await;
    lab.invoke("user-1", "Do", "").await.unwrap();
    lab.change_state("user-1", vec![upsert("history", "[1]")]).await.unwrap();
    let url = lab.url("/v1.0/actors/Counter/user-1/state");
    let json = r#"[{"operation":"upsert","request":{"key":"json","value":{"n":1}}}]"#;
    lab.http.put(url).body(json).send().await.unwrap();

    // Another connection, while the sidecar is running: acknowledged means committed.
    let file = Connection::open(folder.path().join("state.db")).unwrap();
    let row = |key: &str| -> (String, bool, String, Option<String>, String) {
        file.query_row(
            "SELECT value, is_binary, etag, expiration_time, update_time FROM state WHERE key = ?1",
            [format!("app||Counter||user-1||{key}")],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
        )
        .unwrap()
    };
    let (value, is_binary, etag, expires, updated) = row("history");
    assert_eq!((value.as_str(), is_binary, expires), ("WzFd", true, None));
    assert_eq!(etag.len(), 36, "a UUID: {etag}");
    assert_eq!(updated.len(), "2026-01-01 00:00:00".len(), "{updated}");
    let (value, is_binary, ..) = row("json");
    assert_eq!((value.as_str(), is_binary), (r#"{"n":1}"#, false));

    lab.change_state("user-1", vec![upsert("history", "[2]")]).await.unwrap();
    assert_ne!(row("history").2, etag, "each write has an ETag of its own");
}

#[tokio::test]
async fn a_file_that_daprd_made_is_read_as_daprd_reads_it() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let file = Connection::open(folder.path().join("state.db")).unwrap();
    file.execute_batch(DAPRDS_LAYOUT).unwrap();
    file.execute_batch(
        "INSERT INTO state (key, value, is_binary, etag, expiration_time) VALUES
           ('app||Counter||a||binary', 'aGk=', 1, 'e', NULL),
           ('app||Counter||a||json', '{\"a\":1}', 0, 'e', NULL),
           ('app||Counter||a||later', 'aGk=', 1, 'e', DATETIME('now', '+1 hour')),
           ('app||Counter||a||expired', 'aGk=', 1, 'e', DATETIME('now', '-1 second'))",
    )
    .unwrap();
    drop(file);
    let lab = lab_on(folder).await;
    assert_eq!(lab.get_state("a", "binary").await.unwrap(), b"hi");
    assert_eq!(lab.get_state("a", "json").await.unwrap(), b"{\"a\":1}");
    assert_eq!(lab.get_state("a", "expired").await.unwrap(), b"");
    let request = dapr::dapr::proto::runtime::v1::GetActorStateRequest {
        actor_type: "Counter".into(),
        actor_id: "a".into(),
        key: "later".into(),
    };
    let later = lab.grpc.clone().get_actor_state(request).await.unwrap().into_inner();
    assert_eq!(later.data, b"hi");
    assert!(later.metadata["ttlExpireTime"].ends_with('Z'), "{:?}", later.metadata);

    // A write without a time to live takes an older one away.
    lab.invoke("a", "Do", "").await.unwrap();
    lab.change_state("a", vec![upsert("expired", "back")]).await.unwrap();
    assert_eq!(lab.get_state("a", "expired").await.unwrap(), b"back");
}

/// Starts on a file that must be refused, and checks that not a byte of the folder changed.
async fn refused(folder: &Path) -> StartError {
    let snapshot = || {
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let bytes = std::fs::read(&path).unwrap();
                (path, bytes)
            })
            .collect();
        files.sort();
        files
    };
    let before = snapshot();
    let error = start_on(folder).await.unwrap_err();
    assert_eq!(snapshot(), before, "nothing may be written");
    let text = error.to_string();
    assert!(text.contains("state.db"), "{text}");
    assert!(text.contains("nothing was overwritten"), "{text}");
    assert!(text.contains("move the file away"), "{text}");
    assert!(!text.contains('\n'), "one line: {text}");
    error
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_untouched() {
    for content in ["short", "This is a letter, and longer than a header would be.\n"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("state.db"), content).unwrap();
        let error = refused(folder.path()).await;
        assert!(matches!(error, StartError::StoreCorrupt { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_damaged_database_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let file = Connection::open(&path).unwrap();
    file.execute_batch(DAPRDS_LAYOUT).unwrap();
    for n in 0..200 {
        let row = format!("INSERT INTO state VALUES ('k{n}', '{}', 1, 'e', NULL, CURRENT_TIMESTAMP)", "v".repeat(200));
        file.execute_batch(&row).unwrap();
    }
    drop(file);
    let mut bytes = std::fs::read(&path).unwrap();
    for byte in bytes.iter_mut().skip(4096 * 3).take(4096 * 4) {
        *byte = 0xA5;
    }
    std::fs::write(&path, bytes).unwrap();
    let error = refused(folder.path()).await;
    assert!(matches!(error, StartError::StoreCorrupt { .. }), "{error}");
}

#[tokio::test]
async fn a_database_of_something_else_is_refused_untouched() {
    for tables in [
        "CREATE TABLE customers (id INTEGER PRIMARY KEY)",
        "CREATE TABLE state (id INTEGER PRIMARY KEY, name TEXT)",
        &DAPRDS_LAYOUT.replace("'1'", "'2'"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = Connection::open(folder.path().join("state.db")).unwrap();
        file.execute_batch(tables).unwrap();
        drop(file);
        let error = refused(folder.path()).await;
        assert!(matches!(error, StartError::StoreForeign { .. }), "{error}");
    }
}

#[tokio::test]
async fn an_empty_file_is_a_new_store() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("state.db"), "").unwrap();
    start_on(folder.path()).await.unwrap();
}

#[tokio::test]
async fn a_second_sidecar_on_the_same_file_is_told_so_until_the_first_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let first = start_on(folder.path()).await.unwrap();
    let error = start_on(folder.path()).await.unwrap_err();
    assert!(matches!(error, StartError::StoreBusy { .. }), "{error}");
    assert!(error.to_string().contains("in use"), "{error}");
    first.shutdown().await;
    start_on(folder.path()).await.unwrap();
}

#[tokio::test]
async fn a_file_that_another_program_holds_for_too_long_is_an_error_of_the_call() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let quick = STORE
        .replace("  - {name: actorStateStore", "  - {name: busyTimeout, value: 100ms}\n  - {name: actorStateStore");
    let lab = Lab::in_folder(App::echo(), &[&quick], Arc::clone(&folder), |_| {}).await.unwrap();
    lab.invoke("a", "Do", "").await.unwrap();
    let other = Connection::open(folder.path().join("state.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = lab.change_state("a", vec![upsert("k", "v")]).await.unwrap_err();
    assert_eq!(error.message(), "error saving actor transaction state: database is locked");
    other.execute_batch("ROLLBACK").unwrap();
    lab.change_state("a", vec![upsert("k", "v")]).await.unwrap();
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let error = start_on(&folder.path().join("file")).await.unwrap_err();
    assert!(matches!(error, StartError::StoreUnwritable { .. }), "{error}");
    assert!(error.to_string().contains("state.db"), "{error}");
}

#[tokio::test]
async fn without_wal_the_journal_is_a_rollback_journal() {
    let folder = tempfile::tempdir().unwrap();
    let plain = STORE
        .replace("  - {name: actorStateStore", "  - {name: disableWAL, value: \"true\"}\n  - {name: actorStateStore");
    let app = App::echo().listen().await;
    Sidecar::start(config(app, &[&plain], folder.path())).await.unwrap();
    let file = Connection::open(folder.path().join("state.db")).unwrap();
    let mode: String = file.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete");
}
