//! `state.in-memory`: a map, gone with the process.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::{Kind, Operation, StateStore, Stored, Value};

pub(super) const KIND: Kind = Kind {
    name: "state.in-memory",
    capabilities: &["ETAG", "TRANSACTIONAL", "TTL", "DELETE_WITH_PREFIX", "KEYS_LIKE", "ACTOR"],
    open: |_, _| Ok(Arc::new(InMemoryStore::default())),
};

/// A state store in the process's memory.
#[derive(Debug, Default)]
pub(crate) struct InMemoryStore {
    values: Mutex<HashMap<String, Vec<u8>>>,
}

#[async_trait]
impl StateStore for InMemoryStore {
    async fn get(&self, key: &str) -> Result<Option<Stored>, String> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(values.get(key).map(|data| Stored { data: data.clone(), expires: None }))
    }

    async fn transaction(&self, operations: Vec<Operation>) -> Result<(), String> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        for operation in operations {
            match operation {
                Operation::Upsert(key, Value::Binary(data)) => values.insert(key, data),
                Operation::Upsert(key, Value::Json(text)) => values.insert(key, text.into_bytes()),
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
