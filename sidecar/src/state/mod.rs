//! State stores: what an actor's state is kept in. A new one is a file here and a line in [`KINDS`].

mod in_memory;
mod sqlite;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use crate::resources::Component;
use crate::start_error::StartError;

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
    /// The key holds the value for so many seconds.
    UpsertFor(String, Value, u32),
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

    /// What all keys hold that begin like this, in the order of the keys.
    async fn with_prefix(&self, prefix: &str) -> Result<Vec<(String, Stored)>, String>;

    /// Applies all operations or none. When it returns `Ok` they are where the store keeps
    /// things for good.
    async fn transaction(&self, operations: Vec<Operation>) -> Result<(), String>;

    /// The file that it keeps things in, if it is one.
    fn path(&self) -> Option<&Path>;

    /// Ends it: what was accepted is finished first, and waited for on the thread that calls. When it returns, another
    /// store may have the same file.
    fn close(&self);
}

/// A store that is open, or why it is not.
pub(crate) type Opened = Result<Arc<dyn StateStore>, StartError>;

/// A kind of store that a component may name.
pub(crate) struct Kind {
    /// The component's `type`.
    pub(crate) name: &'static str,
    /// What the metadata API says of it.
    pub(crate) capabilities: &'static [&'static str],
    /// Relative paths in the component begin at the folder.
    pub(crate) open: fn(&Component, &Path) -> Opened,
}

/// Those that there are.
pub(crate) const KINDS: [&Kind; 2] = [&sqlite::KIND, &in_memory::KIND];
