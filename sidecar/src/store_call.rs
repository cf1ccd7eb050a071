//! What is told of the calls to the actor state store, and who may stand in front of them.

use std::time::Duration;

use async_trait::async_trait;

/// Stands in front of the actor state store.
#[async_trait]
pub trait StoreFault: Send + Sync {
    /// Called before the store is. Whoever waits here holds the call up; if the caller goes away
    /// meanwhile the call never reaches the store, so a held-up write is dropped, not late.
    ///
    /// # Errors
    /// The text with which the call fails, as if the store itself had said it.
    async fn before(&self, call: &StoreCall) -> Result<(), String>;
}

/// Watches the actor state store.
pub trait StoreObserver: Send + Sync {
    /// Called after a call ended, whatever its outcome; `took` includes what a
    /// [`StoreFault`] held it up for. Each attempt of a resiliency policy is a call of its own; one
    /// that the policy's time-out ended failed with `context deadline exceeded`. A call whose caller
    /// went away is not reported.
    fn observed(&self, call: &StoreCall, outcome: &Result<(), String>, took: Duration);
}

/// One call to the actor state store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreCall {
    /// What the call does.
    pub operation: StoreOperation,
    /// The actor's type.
    pub actor_type: String,
    /// The actor's id.
    pub actor_id: String,
    /// The actor's own keys that it touches, without the store's prefix.
    pub keys: Vec<String>,
    /// The `baggage` header (W3C Baggage) of the request, where it has one: what its caller tells
    /// whoever stands further down.
    pub baggage: Option<String>,
}

/// What a [`StoreCall`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoreOperation {
    /// One key is read.
    Get,
    /// Keys are written or deleted, all or none.
    Transaction,
}
