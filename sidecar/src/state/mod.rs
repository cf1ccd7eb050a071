//! State stores: what state is kept in, an actor's and any other. A new one is a file here and a line in [`KINDS`].

mod in_memory;
mod redis;
mod sqlite;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;

use crate::observation::{Excerpt, KeyChange, StateKey};
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
pub(crate) struct Operation {
    pub(crate) key: String,
    /// What the key holds from now on; `None` takes it away, if it was there.
    pub(crate) put: Option<Put>,
    pub(crate) when: Condition,
}

/// What is put under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Put {
    pub(crate) value: Value,
    /// For how long; `None` is for good.
    pub(crate) seconds: Option<u32>,
}

/// What has to hold for a write to happen: nothing, unless something is given. What the two mean together is the
/// store's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Condition {
    /// The value that the key holds has this ETag.
    pub(crate) etag: Option<String>,
    pub(crate) concurrency: Concurrency,
}

/// Whose write counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Concurrency {
    #[default]
    Unspecified,
    FirstWrite,
    LastWrite,
}

/// What a [`Condition`] comes to in a store that makes no difference between last writes and others.
pub(crate) enum Wanted<'a> {
    Anything,
    /// There is no such key.
    Absent,
    /// The key holds the value with this ETag.
    Is(&'a str),
}

impl Condition {
    /// Whether a write that happened can be the reason for which the same is refused.
    pub(crate) fn is_once(&self) -> bool {
        !matches!(self.wanted(), Wanted::Anything)
    }

    pub(crate) fn wanted(&self) -> Wanted<'_> {
        match (&self.etag, self.concurrency) {
            (Some(etag), _) => Wanted::Is(etag),
            (None, Concurrency::FirstWrite) => Wanted::Absent,
            (None, _) => Wanted::Anything,
        }
    }
}

impl Operation {
    /// The key holds the value from now on.
    pub(crate) fn upsert(key: String, value: Value) -> Self {
        Self { key, put: Some(Put { value, seconds: None }), when: Condition::default() }
    }

    /// The key holds the value for so many seconds.
    pub(crate) fn upsert_for(key: String, value: Value, seconds: u32) -> Self {
        Self { key, put: Some(Put { value, seconds: Some(seconds) }), when: Condition::default() }
    }

    /// The key is gone, if it was there.
    pub(crate) fn delete(key: String) -> Self {
        Self { key, put: None, when: Condition::default() }
    }
}

/// What a key holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) data: Vec<u8>,
    /// Names this value of the key.
    pub(crate) etag: Option<String>,
    /// When the value expires (RFC 3339, UTC), if it does.
    pub(crate) expires: Option<String>,
}

/// What is told of a key that is read.
pub(crate) fn read(key: &str) -> StateKey {
    StateKey { name: key.to_owned(), change: KeyChange::Read }
}

/// What is told of a key that is written, or taken away.
pub(crate) fn written(key: &str, value: Option<&Value>) -> StateKey {
    let change = match value {
        Some(Value::Binary(bytes)) => KeyChange::Upsert(Excerpt::of(bytes)),
        Some(Value::Json(text)) => KeyChange::Upsert(Excerpt::of(text.as_bytes())),
        None => KeyChange::Delete,
    };
    StateKey { name: key.to_owned(), change }
}

/// What is told of what was read.
pub(crate) fn stored(stored: &Option<Stored>) -> Option<Excerpt> {
    stored.as_ref().map(|stored| Excerpt::of(&stored.data))
}

/// Why a write did not happen, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WriteError {
    /// The key holds another value than its caller thinks; with the store's own words, where it has any.
    #[error("possible etag mismatch. error from state store{}{}", if .0.is_empty() { "" } else { ": " }, .0)]
    EtagMismatch(String),
    /// No value of this store could have that ETag.
    #[error("invalid etag value: {0}")]
    EtagInvalid(String),
    /// In the store's own words.
    #[error("{0}")]
    Failed(String),
    /// It may have happened: the store's answer was lost.
    #[error("{0}")]
    Unknown(String),
}

impl From<String> for WriteError {
    fn from(text: String) -> Self {
        Self::Failed(text)
    }
}

impl From<&str> for WriteError {
    fn from(text: &str) -> Self {
        Self::Failed(text.to_owned())
    }
}

/// A state store. Errors are texts: Dapr hands a store's own words through.
#[async_trait]
pub(crate) trait StateStore: Send + Sync {
    /// What the key holds; `None` when there is no such key.
    async fn get(&self, key: &str) -> Result<Option<Stored>, String>;

    /// What all keys hold that begin like this, in the order of the keys.
    async fn with_prefix(&self, prefix: &str) -> Result<Vec<(String, Stored)>, String>;

    /// Applies all operations or none. When it returns `Ok` they are where the store keeps
    /// things for good.
    async fn write(&self, operations: Vec<Operation>) -> Result<(), WriteError>;

    /// The same, for those to whom every failure is one.
    async fn transaction(&self, operations: Vec<Operation>) -> Result<(), String> {
        self.write(operations).await.map_err(|error| error.to_string())
    }

    /// The file that it keeps things in, if it is one.
    fn path(&self) -> Option<&Path>;

    /// Ends it: what was accepted is finished first, and waited for on the thread that calls. When it returns, another
    /// store may have the same file.
    fn close(&self);
}

/// A store that is open, or why it is not.
pub(crate) type Opened = Result<Arc<dyn StateStore>, StartError>;

/// Where a store is opened.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Relative paths in the component begin at the folder.
    pub(crate) base_dir: &'a Path,
    /// The app whose state it is to keep.
    pub(crate) app_id: &'a str,
}

/// A kind of store that a component may name.
pub(crate) struct Kind {
    /// The component's `type`.
    pub(crate) name: &'static str,
    /// What the metadata API says of it.
    pub(crate) capabilities: &'static [&'static str],
    pub(crate) open: for<'a> fn(&'a Component, Place<'a>) -> BoxFuture<'a, Opened>,
}

/// Those that there are.
pub(crate) const KINDS: [&Kind; 3] = [&sqlite::KIND, &in_memory::KIND, &redis::KIND];
