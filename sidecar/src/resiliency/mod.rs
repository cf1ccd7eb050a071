//! Dapr's `Resiliency` files: time-outs, retries and circuit breakers around what the sidecar
//! does, with daprd's meaning and log lines (`pkg/resiliency`, `kit/retry`, `sony/gobreaker`).
//!
//! A policy is `retry( circuit breaker( time-out( attempt ) ) )`. It stands around the actor state
//! store (`targets.components.<store>.outbound`), around calls of an actor (`targets.actors.<Type>`;
//! each retry queues for the turn anew, the time-out counts from the turn) and around the delivery
//! of a message (`targets.components.<pubsub>.inbound`). Nothing is on by default. See
//! [`ResiliencySet`] for a file.
//!
//! Where it differs from daprd: a file that daprd would log and half load (an unknown policy, a
//! `trip` that can never be true) is refused with its field; and the policies may be replaced while
//! the sidecar runs, which ends the waits of retries under the old ones.

mod backoff;
mod breaker;
mod document;
mod guard;
mod policies;
mod retry;

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::document::ResourceError;
use crate::observation::Observation;

pub use backoff::Backoff;
pub use breaker::CircuitBreaker;
pub(crate) use document::parse;
pub(crate) use guard::{Failure, PolicyError, Run, limited};
use policies::Policies;
pub(crate) use policies::{ACTOR_NOT_FOUND_RETRIES, INITIALIZATION_RETRIES, SERVICE_RETRIES};
pub use retry::{Policy, Retry};

/// What `Resiliency` documents say, read but not yet in force.
///
/// Nothing is repeated by default. This file, put beside the components or handed to
/// [`Resiliency::set`], has every failed call to the store repeated up to three times, a second
/// apart; it ends an attempt after two seconds, and keeps calls away from the store for ten seconds
/// after five failures in a row:
///
/// ```
/// let file = r#"
/// apiVersion: dapr.io/v1alpha1
/// kind: Resiliency
/// metadata:
///   name: store-retries
/// spec:
///   policies:
///     timeouts:
///       slow: 2s
///     retries:
///       thrice: {policy: constant, duration: 1s, maxRetries: 3}
///     circuitBreakers:
///       fuse: {maxRequests: 1, timeout: 10s, trip: consecutiveFailures >= 5}
///   targets:
///     components:
///       statestore:
///         outbound: {timeout: slow, retry: thrice, circuitBreaker: fuse}
/// "#;
/// let set = sidecar::ResiliencySet::from_documents([("resiliency.yaml", file)])?;
/// let policy = set.store_policy("my-app", "statestore")?;
/// assert_eq!(policy.attempts(), Some(4));
/// # Ok::<(), sidecar::ResourceError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ResiliencySet {
    documents: Vec<document::Document>,
}

impl ResiliencySet {
    /// Reads `Resiliency` documents from memory: each one a name for errors and its text.
    ///
    /// # Errors
    /// A document that is not one, is of another kind, or has a field that makes no sense, with the
    /// field's path; or a target that names a policy which no document has.
    pub fn from_documents<N, T>(documents: impl IntoIterator<Item = (N, T)>) -> Result<Self, ResourceError>
    where
        N: Into<String>,
        T: AsRef<str>,
    {
        document::read_all(documents)
    }

    /// The names of the documents, in the order in which they were read.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.documents.iter().map(|document| document.name.as_str())
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// The policy that would stand between the app `app_id` and the state store `component`.
    ///
    /// # Errors
    /// A target names a policy that no document in the app's scope has.
    pub fn store_policy(&self, app_id: &str, component: &str) -> Result<Policy, ResourceError> {
        Ok(self.compile(app_id)?.store_settings(component))
    }

    fn push(&mut self, document: document::Document) {
        self.documents.push(document);
    }

    /// Checks that every target's policies exist, whatever the scopes.
    pub(crate) fn check(&self) -> Result<(), ResourceError> {
        Policies::new(&self.documents).map(drop)
    }

    /// What of it is meant for this app, with its references resolved.
    pub(crate) fn compile(&self, app_id: &str) -> Result<Policies, ResourceError> {
        let meant = |document: &&document::Document| {
            document.scopes.is_empty() || document.scopes.iter().any(|scope| scope == app_id)
        };
        let documents: Vec<_> = self.documents.iter().filter(meant).cloned().collect();
        Policies::new(&documents)
    }
}

/// The policies of a running sidecar. Clones share them.
#[derive(Clone)]
pub struct Resiliency {
    shared: Arc<Shared>,
}

struct Shared {
    app_id: String,
    /// The components that there are, to warn of a target that is none of them.
    components: Vec<String>,
    observation: Observation,
    current: Mutex<Arc<InForce>>,
}

/// One set of policies and the end of its time.
struct InForce {
    policies: Policies,
    replaced: CancellationToken,
}

impl std::fmt::Debug for Resiliency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resiliency").field("names", &self.names()).finish_non_exhaustive()
    }
}

impl Resiliency {
    pub(crate) fn new(app_id: String, components: Vec<String>, policies: Policies, observation: Observation) -> Self {
        policies.announce(&components);
        let in_force = InForce { policies, replaced: CancellationToken::new() };
        let current = Mutex::new(Arc::new(in_force));
        Self { shared: Arc::new(Shared { app_id, components, observation, current }) }
    }

    /// Puts other policies in force, or none. It never waits. An attempt that is under way goes on
    /// as it began; an operation that fails under the old policies is not tried again, and one that
    /// is waiting to be tried again ends at once with its last error. Circuit breakers begin closed.
    ///
    /// # Errors
    /// A target names a policy that no document in this app's scope has. The old policies stay in
    /// force then.
    pub fn set(&self, set: Option<ResiliencySet>) -> Result<(), ResourceError> {
        let policies = set.unwrap_or_default().compile(&self.shared.app_id)?;
        policies.announce(&self.shared.components);
        let new = Arc::new(InForce { policies, replaced: CancellationToken::new() });
        let old = {
            let mut current = self.shared.current.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, new)
        };
        old.replaced.cancel();
        Ok(())
    }

    /// The names of the documents in force, as the metadata API lists them.
    pub fn names(&self) -> Vec<String> {
        self.in_force().policies.names.clone()
    }

    /// The policy in force around the state store `component`.
    pub fn store_policy(&self, component: &str) -> Policy {
        self.in_force().policies.store_settings(component)
    }

    fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.shared.current.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn observation(&self) -> Observation {
        self.shared.observation.clone()
    }
}

#[cfg(test)]
mod tests;
