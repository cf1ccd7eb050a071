//! State management: what the APIs ask of any state store by its name.

use std::collections::HashMap;
use std::sync::Arc;

use futures::stream::{self, StreamExt as _};
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;
use crate::hooks::Hooks;
use crate::limits::{AT_ONCE, MOST_ITEMS};
use crate::observation::{StateCall, StateKey, StateOperation, StateOwner};
use crate::resiliency::{Failure, PolicyError, Resiliency, Run};
use crate::resources::Component;
use crate::state::{
    Concurrency, Condition, Operation, Put, StateStore, Stored, Value, WriteError, read, stored, written,
};

/// What stands between the prefix of a key and the key.
const SEPARATOR: &str = "||";

/// Every state store, by its component's name.
pub(crate) struct States {
    stores: HashMap<String, Named>,
    resiliency: Resiliency,
    app_id: String,
    /// `NAMESPACE`.
    namespace: Option<String>,
    /// Cancelled when the sidecar ends: nothing is tried again from then on.
    closing: CancellationToken,
    hooks: Hooks,
}

/// A store and what its component says of keys.
pub(crate) struct Named {
    pub(crate) store: Arc<dyn StateStore>,
    /// `keyPrefix`, lower-cased; empty means that there is none given.
    prefix: String,
}

impl Named {
    pub(crate) fn new(
        component: &Component,
        store: Arc<dyn StateStore>,
    ) -> Result<Self, crate::document::ResourceError> {
        let prefix = component.get("keyPrefix").unwrap_or_default().to_lowercase();
        if prefix.contains(SEPARATOR) {
            return Err(component.error(illegal(&prefix), "give keyPrefix another value"));
        }
        Ok(Self { store, prefix })
    }

    /// A key of the store without what stands in front of it; keys have no `||` themselves.
    fn own_name<'a>(&self, at: &'a str) -> &'a str {
        match self.prefix.as_str() {
            "none" => at,
            _ => at.split_once(SEPARATOR).map_or(at, |(_, key)| key),
        }
    }
}

/// One value to be written.
pub(crate) struct SetRequest {
    pub(crate) key: String,
    pub(crate) value: Value,
    pub(crate) options: WriteOptions,
}

/// What a write depends on, and how long it lasts.
#[derive(Debug, Default)]
pub(crate) struct WriteOptions {
    pub(crate) etag: Option<String>,
    /// `first-write`, `last-write`, or nothing.
    pub(crate) concurrency: String,
    /// `strong`, `eventual`, or nothing.
    pub(crate) consistency: String,
    pub(crate) metadata: HashMap<String, String>,
    /// What holds for every item of the request, and counts more.
    pub(crate) shared: Arc<HashMap<String, String>>,
}

/// A change in a transaction.
pub(crate) enum StateChange {
    Set(SetRequest),
    Delete { key: String, options: WriteOptions },
}

/// One key of a bulk read.
pub(crate) struct Read {
    pub(crate) key: String,
    pub(crate) found: Result<Option<Stored>, String>,
}

impl PolicyError for WriteError {
    fn refused(text: &'static str) -> Self {
        Self::Failed(text.into())
    }

    fn closed() -> Self {
        Self::Failed("context canceled".into())
    }

    fn late(text: &'static str) -> Self {
        Self::Unknown(text.into())
    }
}

impl States {
    pub(crate) fn new(
        stores: HashMap<String, Named>,
        resiliency: Resiliency,
        app_id: String,
        namespace: Option<String>,
    ) -> Self {
        let (closing, hooks) = (CancellationToken::new(), Hooks::default());
        Self { stores, resiliency, app_id, namespace, closing, hooks }
    }

    /// The same, with somebody who is told.
    pub(crate) fn told(self, hooks: Hooks) -> Self {
        Self { hooks, ..self }
    }

    /// Closes every store; see [`StateStore::close`].
    pub(crate) fn close(&self) {
        self.closing.cancel();
        self.stores.values().for_each(|named| named.store.close());
    }

    pub(crate) async fn get(&self, store: &str, key: &str) -> Result<Option<Stored>, ApiError> {
        let named = self.store(store)?;
        let at = self.key(store, named, key)?;
        self.read(store, named, &at, key).await.map_err(|why| ApiError::generic_state_get(key, store, why))
    }

    /// Reads many keys; what cannot be read says so, each for itself.
    ///
    /// # Errors
    /// Too many keys, or what they hold is more than `most_bytes`: reading ends there.
    pub(crate) async fn get_bulk(
        &self,
        store: &str,
        keys: Vec<String>,
        most_bytes: usize,
    ) -> Result<Vec<Read>, ApiError> {
        let named = self.store(store)?;
        few(keys.len())?;
        let keys = keys.into_iter().map(|key| Ok((self.key(store, named, &key)?, key)));
        let keys = keys.collect::<Result<Vec<_>, ApiError>>()?;
        let read = async |(at, key): (String, String)| {
            // A store that never waits leaves room for others all the same.
            tokio::task::yield_now().await;
            let found = self.read(store, named, &at, &key).await;
            Read { key, found }
        };
        let mut reads = stream::iter(keys).map(read).buffered(AT_ONCE);
        let (mut all, mut bytes) = (Vec::new(), 0);
        while let Some(read) = reads.next().await {
            bytes += read.key.len();
            bytes += match &read.found {
                Ok(stored) => stored.as_ref().map_or(0, |stored| stored.data.len()),
                Err(why) => why.len(),
            };
            if bytes > most_bytes {
                return Err(ApiError::too_large(bytes, most_bytes));
            }
            all.push(read);
        }
        Ok(all)
    }

    /// Writes values, each for itself: one that fails takes no other with it.
    pub(crate) async fn set(&self, store: &str, requests: Vec<SetRequest>) -> Result<(), ApiError> {
        let named = self.store(store)?;
        few(requests.len())?;
        let operations = requests.into_iter().map(|request| self.put(store, named, request));
        let operations = operations.collect::<Result<Vec<_>, _>>()?;
        self.each(store, named, operations).await.map_err(|why| ApiError::generic_state_save(store, why))
    }

    pub(crate) async fn delete(&self, store: &str, key: &str, options: WriteOptions) -> Result<(), ApiError> {
        let named = self.store(store)?;
        let operation = self.removal(store, named, key, options)?;
        let deleted = self.each(store, named, vec![operation]).await;
        deleted.map_err(|why| ApiError::generic_state_delete(key, why))
    }

    /// Takes keys away, each for itself.
    pub(crate) async fn delete_bulk(&self, store: &str, keys: Vec<(String, WriteOptions)>) -> Result<(), ApiError> {
        let named = self.store(store)?;
        few(keys.len())?;
        let operations = keys.into_iter().map(|(key, options)| self.removal(store, named, &key, options));
        let operations = operations.collect::<Result<Vec<_>, _>>()?;
        self.each(store, named, operations).await.map_err(|why| ApiError::generic_state_delete_bulk(store, why))
    }

    /// Makes all changes or none.
    pub(crate) async fn transaction(&self, store: &str, changes: Vec<StateChange>) -> Result<(), ApiError> {
        let named = self.store(store)?;
        few(changes.len())?;
        let operations = changes.into_iter().map(|change| match change {
            StateChange::Set(request) => self.put(store, named, request),
            StateChange::Delete { key, options } => self.removal(store, named, &key, options),
        });
        let operations = operations.collect::<Result<Vec<_>, _>>()?;
        let written = self.write(store, named, StateOperation::Transaction, operations).await;
        written.map_err(ApiError::generic_state_transaction)
    }

    /// Whether there is such a store.
    pub(crate) fn check(&self, store: &str) -> Result<(), ApiError> {
        self.store(store).map(drop)
    }

    fn store(&self, name: &str) -> Result<&Named, ApiError> {
        if self.stores.is_empty() {
            return Err(ApiError::state_store_not_configured(name));
        }
        self.stores.get(name).ok_or_else(|| ApiError::state_store_not_found(name, &self.app_id))
    }

    /// A key's name in the store.
    fn key(&self, store: &str, named: &Named, key: &str) -> Result<String, ApiError> {
        if key.contains(SEPARATOR) {
            return Err(ApiError::state_key_illegal(store, illegal(key)));
        }
        let prefix = match (named.prefix.as_str(), &self.namespace) {
            ("none", _) => return Ok(key.to_owned()),
            ("name", _) => store.to_owned(),
            ("namespace", Some(namespace)) => format!("{namespace}.{}", self.app_id),
            ("" | "appid" | "namespace", _) => self.app_id.clone(),
            (own, _) => own.to_owned(),
        };
        Ok(format!("{prefix}{SEPARATOR}{key}"))
    }

    fn put(&self, store: &str, named: &Named, request: SetRequest) -> Result<Operation, ApiError> {
        let SetRequest { key, value, options } = request;
        let at = self.key(store, named, &key)?;
        let failed = |why: String| ApiError::generic_state_save(store, WriteError::Failed(why));
        check(&options).map_err(failed)?;
        let seconds = seconds(&options).map_err(failed)?;
        Ok(Operation { key: at, put: Some(Put { value, seconds }), when: condition(options) })
    }

    fn removal(&self, store: &str, named: &Named, key: &str, options: WriteOptions) -> Result<Operation, ApiError> {
        let at = self.key(store, named, key)?;
        check(&options).map_err(|why| ApiError::generic_state_delete(key, WriteError::Failed(why)))?;
        // A key that is to be taken away need not be absent.
        let when = Condition { concurrency: Concurrency::Unspecified, ..condition(options) };
        Ok(Operation { key: at, put: None, when })
    }

    async fn read(&self, store: &str, named: &Named, at: &str, key: &str) -> Result<Option<Stored>, String> {
        let call = self.call(store, StateOperation::Get, || vec![read(key)]);
        let guard = self.resiliency.store(store);
        let attempt = |number| {
            let get = async { named.store.get(at).await.map_err(Failure::transient) };
            self.hooks.at_store(call.as_ref().map(|call| (call, number)), guard.timeout, stored, get)
        };
        guard.run(Run { target: None, end: &self.closing }, attempt).await
    }

    /// A call for the app's state, if anybody wants to know of it.
    fn call(
        &self,
        store: &str,
        operation: StateOperation,
        keys: impl FnOnce() -> Vec<StateKey>,
    ) -> Option<Arc<StateCall>> {
        self.hooks.state_call(|id| StateCall {
            id,
            component: store.to_owned(),
            operation,
            keys: keys(),
            owner: StateOwner::App,
            turn: None,
            baggage: None,
        })
    }

    /// Writes operations, each in a transaction of its own.
    async fn each(&self, store: &str, named: &Named, operations: Vec<Operation>) -> Result<(), WriteError> {
        let write = async |operation: Operation| {
            let what = if operation.put.is_some() { StateOperation::Set } else { StateOperation::Delete };
            self.write(store, named, what, vec![operation]).await.err()
        };
        let writes = stream::iter(operations).map(write).buffered(AT_ONCE);
        let mut failed: Vec<WriteError> = writes.filter_map(std::future::ready).collect().await;
        let Some(first) = failed.pop() else { return Ok(()) };
        if failed.is_empty() {
            return Err(first);
        }
        failed.push(first);
        // As daprd puts many together: it is an ETag's failure when all of them are.
        let text = failed.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let is = |kind: fn(&WriteError) -> bool| failed.iter().any(kind);
        Err(if is(|error| matches!(error, WriteError::Unknown(_))) {
            WriteError::Unknown(text)
        } else if is(|error| matches!(error, WriteError::Failed(_))) {
            WriteError::Failed(text)
        } else if is(|error| matches!(error, WriteError::EtagInvalid(_))) {
            WriteError::EtagInvalid(text)
        } else {
            WriteError::EtagMismatch(text)
        })
    }

    async fn write(
        &self,
        store: &str,
        named: &Named,
        what: StateOperation,
        operations: Vec<Operation>,
    ) -> Result<(), WriteError> {
        let call = self.call(store, what, || {
            let key = |operation: &Operation| {
                written(named.own_name(&operation.key), operation.put.as_ref().map(|put| &put.value))
            };
            operations.iter().map(key).collect()
        });
        let guard = self.resiliency.store(store);
        // Of those a second try would be told that the value is another's, which may be its own.
        let once = operations.iter().any(|operation| operation.when.is_once());
        let attempt = |number| {
            let operations = operations.clone();
            let write = async move {
                named.store.write(operations).await.map_err(|error| match error {
                    WriteError::Unknown(_) if once => Failure::permanent(error),
                    WriteError::Failed(_) | WriteError::Unknown(_) => Failure::transient(error),
                    // The same another time.
                    WriteError::EtagMismatch(_) | WriteError::EtagInvalid(_) => Failure::permanent(error),
                })
            };
            let call = call.as_ref().map(|call| (call, number));
            let written = self.hooks.at_store(call, guard.timeout, |()| None, write);
            async move { written.await.map_err(|failure| if once { failure.once() } else { failure }) }
        };
        guard.run(Run { target: None, end: &self.closing }, attempt).await
    }
}

/// Whether a request has no more items than it may.
fn few(count: usize) -> Result<(), ApiError> {
    if count > MOST_ITEMS { Err(ApiError::state_too_many(count)) } else { Ok(()) }
}

fn illegal(key: &str) -> String {
    format!("input key/keyPrefix '{key}' can't contain '{SEPARATOR}'")
}

fn condition(options: WriteOptions) -> Condition {
    let concurrency = match options.concurrency.as_str() {
        "first-write" => Concurrency::FirstWrite,
        "last-write" => Concurrency::LastWrite,
        _ => Concurrency::Unspecified,
    };
    Condition { etag: options.etag.filter(|etag| !etag.is_empty()), concurrency }
}

fn check(options: &WriteOptions) -> Result<(), String> {
    let WriteOptions { concurrency, consistency, .. } = options;
    if !matches!(consistency.as_str(), "" | "strong" | "eventual") {
        return Err(format!("unrecognized consistency model '{consistency}'"));
    }
    if !matches!(concurrency.as_str(), "" | "first-write" | "last-write") {
        return Err(format!("unrecognized concurrency model '{concurrency}'"));
    }
    Ok(())
}

/// `ttlInSeconds`. Nothing, and what is not above nothing, mean that the value stays.
fn seconds(options: &WriteOptions) -> Result<Option<u32>, String> {
    let given =
        options.shared.iter().chain(&options.metadata).find(|(name, _)| name.eq_ignore_ascii_case("ttlInSeconds"));
    match given.map(|(_, text)| text.as_str()) {
        None | Some("") => Ok(None),
        Some(text) => {
            let seconds: i64 =
                text.parse().map_err(|_| format!("error parsing TTL: {text:?} is no number of seconds"))?;
            Ok(u32::try_from(seconds).ok().filter(|seconds| *seconds > 0))
        }
    }
}

#[cfg(test)]
mod tests;
