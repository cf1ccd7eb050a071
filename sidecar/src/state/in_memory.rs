//! `state.in-memory`: a map, gone with the process.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{Timestamp, Unit};
use tokio::time::Instant;

use super::{Kind, Operation, StateStore, Stored, Value};

pub(super) const KIND: Kind = Kind {
    name: "state.in-memory",
    capabilities: &["ETAG", "TRANSACTIONAL", "TTL", "DELETE_WITH_PREFIX", "KEYS_LIKE", "ACTOR"],
    open: |_, _| Ok(Arc::new(InMemoryStore::default())),
};

/// A state store in the process's memory.
#[derive(Debug, Default)]
pub(crate) struct InMemoryStore {
    values: Mutex<BTreeMap<String, Held>>,
}

#[derive(Debug)]
struct Held {
    data: Vec<u8>,
    /// When it goes, and that moment in words.
    expires: Option<(Instant, String)>,
}

impl Held {
    fn new(value: Value, seconds: Option<u32>) -> Self {
        let data = match value {
            Value::Binary(data) => data,
            Value::Json(text) => text.into_bytes(),
        };
        let expires = seconds.map(|seconds| {
            let time = Duration::from_secs(seconds.into());
            let then = Timestamp::now().checked_add(time).and_then(|then| then.round(Unit::Second));
            (Instant::now() + time, then.unwrap_or(Timestamp::MAX).to_string())
        });
        Self { data, expires }
    }

    /// `None` once it has expired.
    fn stored(&self) -> Option<Stored> {
        let alive = self.expires.as_ref().is_none_or(|(at, _)| *at > Instant::now());
        let expires = self.expires.as_ref().map(|(_, shown)| shown.clone());
        alive.then(|| Stored { data: self.data.clone(), expires })
    }
}

#[async_trait]
impl StateStore for InMemoryStore {
    async fn get(&self, key: &str) -> Result<Option<Stored>, String> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = values.get(key).and_then(Held::stored);
        if stored.is_none() {
            values.remove(key);
        }
        Ok(stored)
    }

    async fn with_prefix(&self, prefix: &str) -> Result<Vec<(String, Stored)>, String> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let found = values.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        Ok(found.filter_map(|(key, held)| Some((key.clone(), held.stored()?))).collect())
    }

    async fn transaction(&self, operations: Vec<Operation>) -> Result<(), String> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        for operation in operations {
            match operation {
                Operation::Upsert(key, value) => values.insert(key, Held::new(value, None)),
                Operation::UpsertFor(key, value, seconds) => values.insert(key, Held::new(value, Some(seconds))),
                Operation::Delete(key) => values.remove(&key),
            };
        }
        Ok(())
    }

    fn path(&self) -> Option<&Path> {
        None
    }

    fn close(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_value_with_a_time_to_live_goes_and_one_that_is_written_over_it_stays() {
        let store = InMemoryStore::default();
        let value = || Value::Json("1".into());
        let write = async |operation| store.transaction(vec![operation]).await.expect("written");
        write(Operation::UpsertFor("k".into(), value(), 2)).await;
        write(Operation::UpsertFor("l".into(), value(), 2)).await;
        let stored = store.get("k").await.expect("read").expect("there");
        assert!(stored.expires.is_some_and(|text| text.parse::<Timestamp>().is_ok()));
        write(Operation::Upsert("l".into(), value())).await;
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(store.get("k").await, Ok(None));
        let kept = Stored { data: b"1".to_vec(), expires: None };
        assert_eq!(store.with_prefix("").await, Ok(vec![("l".into(), kept)]));
    }
}
