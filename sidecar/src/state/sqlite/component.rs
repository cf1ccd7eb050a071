//! What a component file of the type `state.sqlite` says.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::layout::Tables;
use super::{Kind, SqliteOptions, SqliteStore, SqliteStoreError};
use crate::duration;
use crate::resources::Component;
use crate::start_error::StartError;
use crate::state::{Opened, Place};

pub(in crate::state) const KIND: Kind = Kind {
    name: "state.sqlite",
    capabilities: &["ETAG", "TRANSACTIONAL", "TTL", "KEYS_LIKE", "ACTOR"],
    open: |component, place| Box::pin(async move { open(component, place) }),
};

/// daprd's default wait for another program's lock on the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

fn open(component: &Component, place: Place<'_>) -> Opened {
    let connection = component.get("connectionString").or(component.get("url"));
    let path = file(connection.unwrap_or_default(), place.base_dir).ok_or_else(|| {
        component.error(
            "connectionString names no file",
            "give the path of the SQLite file; for a store in memory use state.in-memory",
        )
    })?;
    let tables = Tables::new(
        component.get("tableName").unwrap_or("state"),
        component.get("metadataTableName").unwrap_or("metadata"),
    )
    .ok_or_else(|| {
        component.error(
            "a table's name has other characters than letters, digits and _",
            "correct tableName or metadataTableName",
        )
    })?;
    let busy_timeout = match component.get("busyTimeout") {
        None => BUSY_TIMEOUT,
        Some(text) => duration::parse(text)
            .map_err(|error| component.error(format_args!("busyTimeout: {error}"), "write it like 2s"))?,
    };
    if component.get("cleanupInterval").is_some() {
        tracing::warn!(
            "{}: cleanupInterval is not used: what has expired is removed at the start and every hour",
            component.file
        );
    }
    let options =
        SqliteOptions { path: path.clone(), tables, busy_timeout, disable_wal: component.is_true("disableWAL") };
    let store = SqliteStore::open(&options, place.app_id).map_err(|error| store_error(path, error))?;
    Ok(Arc::new(store))
}

/// Turns a `connectionString` into a path; `None` for one that names no file.
fn file(connection: &str, base_dir: &Path) -> Option<PathBuf> {
    let path = connection.strip_prefix("file:").unwrap_or(connection);
    let path = path.split('?').next().unwrap_or_default();
    let names_file = !path.is_empty() && !path.to_ascii_lowercase().starts_with(":memory:");
    names_file.then(|| base_dir.join(path))
}

fn store_error(path: PathBuf, error: SqliteStoreError) -> StartError {
    match error {
        SqliteStoreError::Corrupt(problem) => StartError::StoreCorrupt { path, problem },
        SqliteStoreError::Foreign(problem) => StartError::StoreForeign { path, problem },
        SqliteStoreError::Busy(problem) => StartError::StoreBusy { path, problem },
        SqliteStoreError::Unwritable(problem) => StartError::StoreUnwritable { path, problem },
    }
}
