//! State stores: what an actor's state is kept in.

mod in_memory;
mod layout;
mod sqlite;
mod writer;

use std::path::{Path, PathBuf};

use async_trait::async_trait;

pub(crate) use in_memory::InMemoryStore;
pub(crate) use layout::Tables;
pub(crate) use sqlite::{SqliteOptions, SqliteStore, SqliteStoreError};

/// What is written under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Bytes, as the gRPC API takes them.
    Binary(Vec<u8>),
    /// JSON text, as the HTTP API takes it.
    Json(String),
}

/// One write of a transaction. Keys are the store's, prefix included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    /// The key holds the value from now on.
    Upsert(String, Value),
    /// The key is gone, if it was there.
    Delete(String),
}

/// What a key holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) data: Vec<u8>,
    /// When the value expires (RFC 3339, UTC), if it does.
    pub(crate) expires: Option<String>,
}

/// An actor state store. Errors are texts: Dapr hands a store's own words through.
#[async_trait]
pub(crate) trait StateStore: Send + Sync {
    /// What the key holds; `None` when there is no such key.
    async fn get(&self, key: &str) -> Result<Option<Stored>, String>;

    /// Applies all operations or none. When it returns `Ok` they are where the store keeps
    /// things for good.
    async fn transaction(&self, operations: Vec<Operation>) -> Result<(), String>;

    /// The file that it keeps things in, if it is one.
    fn path(&self) -> Option<&Path>;

    /// Ends it: what was accepted is finished first.
    async fn close(&self);
}

/// Turns the `connectionString` of a component into a path; `None` for one that names no file.
pub(crate) fn sqlite_path(connection: &str, base_dir: &Path) -> Option<PathBuf> {
    let path = connection.strip_prefix("file:").unwrap_or(connection);
    let path = path.split('?').next().unwrap_or_default();
    let names_file = !path.is_empty() && !path.to_ascii_lowercase().starts_with(":memory:");
    names_file.then(|| base_dir.join(path))
}
