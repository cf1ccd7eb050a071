//! The state store itself, read past Dapr: the evidence of *State consistency*.

mod redis;
mod sqlite;

use std::path::PathBuf;

use model::{actor_id::ActorId, error::LabError, lab::StoredValue};

use self::{redis::RedisServer, sqlite::SqliteFile};

/// Reads values from the store itself.
#[derive(Clone, Debug)]
pub struct StoreReader(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Sqlite(SqliteFile),
    Redis(Box<RedisServer>),
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
            return RedisServer::from_url(url).map(|redis| Self(Kind::Redis(Box::new(redis))));
        }
        // Whatever stands before an @ may be a password, which is not said again.
        let shown = || url.rsplit_once('@').map_or(url.to_owned(), |(_, place)| format!("…@{place}"));
        let path = url.strip_prefix("sqlite:").ok_or_else(|| StoreUrlError::Kind(shown()))?;
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
        self.value(actor.store_key(&actor.history_key())).await
    }

    /// What is stored under a key, as Dapr writes it: `APP||TYPE||ID||KEY`.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub async fn value(&self, key: String) -> Result<StoredValue, LabError> {
        match &self.0 {
            Kind::Sqlite(file) => file.read(key).await,
            Kind::Redis(redis) => redis.read(key).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_url_is_taken_or_refused_with_a_reason_that_keeps_its_password(
            scheme in "(redis|rediss|redis\\+unix|valkey|unix|sqlite|postgres|[a-z]{0,8})(:|://|)", user in "[a-z]{0,4}",
            password in "[A-Z0-9%#?/@:]{8,12}Q", rest in prop_oneof!["[a-z0-9:.\\[\\]/?=&]{0,24}", "\\PC{0,12}"],
        ) {
            let url = format!("{scheme}{user}:{password}@{rest}");
            match StoreReader::from_url(&url) {
                Ok(store) => prop_assert!(!store.product().is_empty()),
                Err(error) => {
                    let words = error.to_string();
                    prop_assert!(words.contains("sqlite:PATH") || words.contains("redis://HOST:PORT"), "{words}");
                    prop_assert!(!words.contains(&password), "{words} of {url}");
                }
            }
        }

        #[test]
        fn a_redis_is_looked_for_where_its_url_says(host in "[a-z][a-z0-9-]{0,20}", port in 1_u16.., number in 0_u8..16) {
            let store = StoreReader::from_url(&format!("redis://{host}:{port}/{number}")).unwrap();
            prop_assert_eq!(store.redis_address(), Some(format!("{host}:{port}")));
        }

        #[test]
        fn any_other_text_is_taken_or_refused_with_a_reason(url in any::<String>()) {
            if let Err(error) = StoreReader::from_url(&url) {
                prop_assert!(error.to_string().contains("give "), "{error}");
            }
        }
    }

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
