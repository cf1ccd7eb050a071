//! An actor's state: what the two APIs ask of the store.

use std::sync::Arc;

use super::Actors;
use crate::error::ApiError;
use crate::limits::MOST_ITEMS;
use crate::names::{ActorRef, in_key};
use crate::observation::{Actor, Excerpt, RetryTarget, StateCall, StateKey, StateOperation, StateOwner};
use crate::resiliency::{Failure, Run};
use crate::state::{Operation, StateStore, Stored, Value, read, stored, written};

/// One operation of a transaction, as a caller gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) key: String,
    /// `None` deletes the key.
    pub(crate) value: Option<Value>,
    /// `ttlInSeconds`, as the caller gave it.
    pub(crate) ttl: Option<String>,
}

impl Actors {
    /// Reads one key. The actor need not be active, nor its type be hosted.
    pub(crate) async fn get_state(
        &self,
        actor: &ActorRef,
        key: &str,
        baggage: Option<String>,
    ) -> Result<Option<Stored>, ApiError> {
        check(actor)?;
        self.wait_until_known().await?;
        let (component, store) = self.state_store()?;
        let call = self.state_call(component, StateOperation::Get, actor, baggage, || vec![read(key)]);
        let key = self.store_key(actor, key);
        self.call_store(component, call, stored, || store.get(&key)).await.map_err(ApiError::state_get)
    }

    /// Applies all changes or none. The actor has to be active.
    ///
    /// # Errors
    /// It is not, the changes are none or too many, or the store fails.
    pub(crate) async fn change_state(
        &self,
        actor: &ActorRef,
        changes: Vec<Change>,
        baggage: Option<String>,
    ) -> Result<(), ApiError> {
        check(actor)?;
        if changes.len() > MOST_ITEMS {
            return Err(ApiError::state_too_many(changes.len()));
        }
        self.wait_until_known().await?;
        let (component, store) = self.state_store()?;
        if !self.table.is_active(actor) {
            return Err(ApiError::instance_missing());
        }
        let keys = || changes.iter().map(|change| written(&change.key, change.value.as_ref())).collect();
        let call = self.state_call(component, StateOperation::Transaction, actor, baggage, keys);
        let mut operations = Vec::with_capacity(changes.len());
        for change in changes {
            if change.key.is_empty() {
                return Err(ApiError::state_save("missing key"));
            }
            let seconds = match change.ttl {
                None => None,
                Some(_) if !self.state_ttl => {
                    return Err(ApiError::state_save(
                        "ttlInSeconds is not supported without the \"ActorStateTTL\" feature enabled",
                    ));
                }
                Some(text) => seconds(&text).map_err(ApiError::state_save)?,
            };
            let key = self.store_key(actor, &change.key);
            operations.push(match (change.value, seconds) {
                (Some(value), None) => Operation::upsert(key, value),
                (Some(value), Some(seconds)) => Operation::upsert_for(key, value, seconds),
                (None, _) => Operation::delete(key),
            });
        }
        let write = || store.transaction(operations.clone());
        self.call_store(component, call, |()| None, write).await.map_err(ApiError::state_save)
    }

    /// Runs a store call under the store's policy. An attempt that a time-out ends is dropped
    /// wherever it is: held up in front of the store, or in the line for it.
    async fn call_store<T, Fut>(
        &self,
        component: &str,
        call: Option<Arc<StateCall>>,
        read: fn(&T) -> Option<Excerpt>,
        run: impl Fn() -> Fut,
    ) -> Result<T, String>
    where
        Fut: Future<Output = Result<T, String>>,
    {
        let guard = self.resiliency.store(component);
        let target = call.clone().filter(|_| guard.is_observed()).map(RetryTarget::Store);
        let attempt = |number| {
            let call = call.as_ref().map(|call| (call, number));
            let run = run();
            self.hooks.at_store(call, guard.timeout, read, async { run.await.map_err(Failure::transient) })
        };
        guard.run(Run { target, end: &self.aborting }, attempt).await
    }

    /// A call for an actor's own state, if anybody wants to know of it.
    fn state_call(
        &self,
        component: &str,
        operation: StateOperation,
        actor: &ActorRef,
        baggage: Option<String>,
        keys: impl FnOnce() -> Vec<StateKey>,
    ) -> Option<Arc<StateCall>> {
        let turn = self.hooks.turns().and_then(|turns| turns.of(actor));
        self.hooks.state_call(|id| StateCall {
            id,
            component: component.to_owned(),
            operation,
            keys: keys(),
            owner: StateOwner::Actor(Actor::from(actor)),
            turn,
            baggage,
        })
    }

    /// Like [`Actors::wait_hosted`], but open until the very end: a turn that runs through the
    /// start of the shutdown still has to save.
    pub(super) async fn wait_until_known(&self) -> Result<(), ApiError> {
        if self.hosted().is_some() {
            return Ok(());
        }
        self.wait_hosted().await.map(|_| ())
    }

    fn state_store(&self) -> Result<(&str, &dyn StateStore), ApiError> {
        let (component, store) = self.store.as_ref().ok_or_else(ApiError::no_actor_state_store)?;
        Ok((component, store.as_ref()))
    }

    fn store_key(&self, actor: &ActorRef, key: &str) -> String {
        format!("{}||{}||{}||{key}", self.app_id, in_key(&actor.kind), in_key(&actor.id))
    }
}

/// Reads a time to live. Nothing and what is not above nothing mean that there is none, as in Dapr's stores.
fn seconds(text: &str) -> Result<Option<u32>, String> {
    let invalid =
        || format!("incorrect value for metadata 'ttlInSeconds': {text:?} is no number of seconds from -1 on");
    match text {
        "" => Ok(None),
        text => match text.parse::<i32>().map_err(|_| invalid())? {
            ..-1 => Err(invalid()),
            seconds => Ok(u32::try_from(seconds).ok().filter(|seconds| *seconds > 0)),
        },
    }
}

/// Whether callers may have the state of an actor of that name.
fn check(actor: &ActorRef) -> Result<(), ApiError> {
    if actor.kind.starts_with("dapr.internal.") {
        return Err(ApiError::reserved_type(&actor.kind));
    }
    for (what, name) in [("actorType", &actor.kind), ("actorId", &actor.id)] {
        if name.contains('/') {
            return Err(ApiError::bad_request(format!("invalid {what}: name contains forbidden character: {name:?}")));
        }
    }
    Ok(())
}
