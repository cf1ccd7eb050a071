//! `state.in-memory`: a map, gone with the process.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{Timestamp, Unit};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Condition, Kind, Operation, Put, StateStore, Stored, Value, Wanted, WriteError};

pub(super) const KIND: Kind = Kind {
    name: "state.in-memory",
    capabilities: &["ETAG", "TRANSACTIONAL", "TTL", "DELETE_WITH_PREFIX", "KEYS_LIKE", "ACTOR"],
    open: |_, _| Box::pin(async { Ok(Arc::new(InMemoryStore::default()) as Arc<dyn StateStore>) }),
};

/// How often what has expired is let go of, if anything is written.
const SWEEP: Duration = Duration::from_secs(60);

/// A state store in the process's memory.
#[derive(Debug, Default)]
pub(crate) struct InMemoryStore {
    values: Mutex<Values>,
}

#[derive(Debug)]
struct Values {
    held: BTreeMap<String, Held>,
    /// When what has expired was looked for last.
    swept: Instant,
}

impl Default for Values {
    fn default() -> Self {
        Self { held: BTreeMap::new(), swept: Instant::now() }
    }
}

impl Values {
    /// Lets go of what has expired, now and then: nobody may ever ask for it again.
    fn sweep(&mut self) {
        if self.swept.elapsed() >= SWEEP {
            self.held.retain(|_, held| held.is_alive());
            self.swept = Instant::now();
        }
    }
}

#[derive(Debug)]
struct Held {
    data: Vec<u8>,
    etag: String,
    /// When it goes, and that moment in words.
    expires: Option<(Instant, String)>,
}

impl Held {
    fn new(Put { value, seconds }: Put) -> Self {
        let data = match value {
            Value::Binary(data) => data,
            Value::Json(text) => text.into_bytes(),
        };
        let expires = seconds.map(|seconds| {
            let time = Duration::from_secs(seconds.into());
            let then = Timestamp::now().checked_add(time).and_then(|then| then.round(Unit::Second));
            (Instant::now() + time, then.unwrap_or(Timestamp::MAX).to_string())
        });
        Self { data, etag: Uuid::new_v4().to_string(), expires }
    }

    fn is_alive(&self) -> bool {
        self.expires.as_ref().is_none_or(|(at, _)| *at > Instant::now())
    }

    /// `None` once it has expired.
    fn stored(&self) -> Option<Stored> {
        let expires = self.expires.as_ref().map(|(_, shown)| shown.clone());
        self.is_alive().then(|| Stored { data: self.data.clone(), etag: Some(self.etag.clone()), expires })
    }
}

#[async_trait]
impl StateStore for InMemoryStore {
    async fn get(&self, key: &str) -> Result<Option<Stored>, String> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = values.held.get(key).and_then(Held::stored);
        if stored.is_none() {
            values.held.remove(key);
        }
        Ok(stored)
    }

    async fn with_prefix(&self, prefix: &str) -> Result<Vec<(String, Stored)>, String> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let found = values.held.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        Ok(found.filter_map(|(key, held)| Some((key.clone(), held.stored()?))).collect())
    }

    async fn write(&self, operations: Vec<Operation>) -> Result<(), WriteError> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.sweep();
        for Operation { key, when, .. } in &operations {
            check(when, key, values.held.get(key).filter(|held| held.is_alive()))?;
        }
        for Operation { key, put, .. } in operations {
            match put {
                Some(put) => values.held.insert(key, Held::new(put)),
                None => values.held.remove(&key),
            };
        }
        Ok(())
    }

    fn path(&self) -> Option<&Path> {
        None
    }

    fn close(&self) {}
}

/// Whether a write may happen, in the words of daprd's store.
fn check(when: &Condition, key: &str, held: Option<&Held>) -> Result<(), WriteError> {
    let mismatch = match (when.wanted(), held) {
        (Wanted::Anything, _) | (Wanted::Absent, None) => return Ok(()),
        (Wanted::Absent, Some(_)) => "item already exists and no etag was passed".to_owned(),
        (Wanted::Is(_), None) => format!("state not exist or expired for key={key}"),
        (Wanted::Is(etag), Some(held)) if held.etag == etag => return Ok(()),
        (Wanted::Is(etag), Some(held)) => {
            format!("state etag not match for key={key}: current={}, expect={etag}", held.etag)
        }
    };
    Err(WriteError::EtagMismatch(mismatch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_value_with_a_time_to_live_goes_and_one_that_is_written_over_it_stays() {
        let store = InMemoryStore::default();
        let value = || Value::Json("1".into());
        let write = async |operation| store.transaction(vec![operation]).await.expect("written");
        write(Operation::upsert_for("k".into(), value(), 2)).await;
        write(Operation::upsert_for("l".into(), value(), 2)).await;
        let stored = store.get("k").await.expect("read").expect("there");
        assert!(stored.expires.is_some_and(|text| text.parse::<Timestamp>().is_ok()));
        write(Operation::upsert("l".into(), value())).await;
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(store.get("k").await, Ok(None));
        let kept = store.with_prefix("").await.expect("read");
        assert!(matches!(&kept[..], [(key, Stored { expires: None, .. })] if key == "l"), "{kept:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_expired_is_let_go_of_though_nobody_asks_for_it() {
        let store = InMemoryStore::default();
        let value = || Value::Json("1".into());
        let expiring = (0..100).map(|n| Operation::upsert_for(n.to_string(), value(), 2)).collect();
        store.transaction(expiring).await.expect("written");
        tokio::time::advance(SWEEP).await;
        store.transaction(vec![Operation::upsert("k".into(), value())]).await.expect("written");
        assert_eq!(store.values.lock().expect("whole").held.len(), 1);
    }
}
