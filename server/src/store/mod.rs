//! The state store itself, read past Dapr: the evidence of *State consistency*.

mod redis;
mod sqlite;

use std::path::PathBuf;

use app::{actor_id::ActorId, error::LabError, lab::StoredValue};

use self::{redis::RedisServer, sqlite::SqliteFile};

/// Reads values from the store itself.
#[derive(Clone, Debug)]
pub struct StoreReader(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Sqlite(SqliteFile),
    Redis(RedisServer),
}

/// A store URL that cannot be read from.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreUrlError {
    /// Its kind is not known.
    #[error("The store {0:?} cannot be read: give sqlite:PATH or redis://HOST:PORT")]
    Kind(String),
    /// A Redis URL that is not one.
    #[error("The store {0} is not a Redis that can be read ({1}): give redis://HOST:PORT")]
    Redis(String, String),
    /// No file is named.
    #[error("The store {0:?} names no file: give sqlite:PATH, as sqlite:data/faultlab.db")]
    NoPath(String),
}

impl StoreReader {
    /// The store of a URL: `sqlite:PATH` or `redis://[USER[:PASSWORD]@]HOST[:PORT][/NUMBER]`.
    ///
    /// # Errors
    /// Another kind of store, or no path.
    pub fn from_url(url: &str) -> Result<Self, StoreUrlError> {
        if url.starts_with("redis:") || url.starts_with("rediss:") {
            return RedisServer::from_url(url).map(|redis| Self(Kind::Redis(redis)));
        }
        let path = url.strip_prefix("sqlite:").ok_or_else(|| StoreUrlError::Kind(url.to_owned()))?;
        if path.is_empty() {
            return Err(StoreUrlError::NoPath(url.to_owned()));
        }
        Ok(Self::sqlite(path))
    }

    /// A SQLite file in the layout of Dapr's `state.sqlite`.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self(Kind::Sqlite(SqliteFile::new(path.into())))
    }

    /// Where the Redis is, as `HOST:PORT`, if it is one.
    #[must_use]
    pub fn redis_address(&self) -> Option<String> {
        match &self.0 {
            Kind::Redis(redis) => Some(redis.address()),
            Kind::Sqlite(_) => None,
        }
    }

    /// What kind of store it is, for people.
    #[must_use]
    pub const fn product(&self) -> &'static str {
        match self.0 {
            Kind::Sqlite(_) => "SQLite",
            Kind::Redis(_) => "Redis",
        }
    }

    /// The actor's history as it is stored.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub async fn history(&self, actor: &ActorId) -> Result<StoredValue, LabError> {
        let key = actor.store_key(&actor.history_key());
        match &self.0 {
            Kind::Sqlite(file) => file.read(key).await,
            Kind::Redis(redis) => redis.read(key).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_named_by_a_url_of_a_kind_that_can_be_read() {
        let error = |url: &str| StoreReader::from_url(url).unwrap_err().to_string();
        assert!(StoreReader::from_url("sqlite:data/faultlab.db").is_ok());
        assert!(StoreReader::from_url("redis://localhost:6379").is_ok());
        assert!(error("redis://:secret@localhost:port").contains("give redis://HOST:PORT"));
        assert!(!error("redis://:secret@localhost:port").contains("secret"));
        assert!(error("rediss://localhost").contains("TLS"));
        assert!(error("sqlite:").contains("names no file"));
        assert!(error("data/faultlab.db").contains("give sqlite:PATH"));
    }
}
