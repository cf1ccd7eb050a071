//! The policies in force and the targets that they are for.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;

use super::backoff::Backoff;
use super::breaker::{Breaker, CircuitBreaker};
use super::document::{ActorTarget, ComponentTarget, Document, PolicyNames};
use super::guard::Guard;
use super::retry::{Policy, Retry};
use super::{InForce, Resiliency};
use crate::document::ResourceError;
use crate::expression::Expression;
use crate::names::ActorRef;

/// The built-in retries of a call of another app.
pub(crate) const SERVICE_RETRIES: &str = "DaprBuiltInServiceRetries";
/// What asks the app for its subscriptions again.
pub(crate) const INITIALIZATION_RETRIES: &str = "DaprBuiltInInitializationRetries";
/// What looks again for a type that nobody hosts. A file cannot change it.
pub(crate) const ACTOR_NOT_FOUND_RETRIES: &str = "DaprBuiltInActorNotFoundRetries";

/// How many actors' circuit breakers are remembered where the file does not say.
const ACTOR_CACHE: NonZeroUsize = NonZeroUsize::new(5000).expect("not zero");

/// The policies of all documents together. Circuit breakers live here, so each set has its own.
pub(crate) struct Policies {
    pub(super) names: Vec<String>,
    timeouts: HashMap<String, Duration>,
    retries: HashMap<String, Arc<Retry>>,
    breakers: HashMap<String, (CircuitBreaker, Option<Arc<Expression>>)>,
    actors: HashMap<String, ActorTarget>,
    components: HashMap<String, ComponentTarget>,
    /// What is told when they come into force.
    warnings: Vec<String>,
    /// One for a component, in both directions.
    component_breakers: Mutex<HashMap<String, Arc<Breaker>>>,
    /// Of the types that a file names: by type; in it by type or by type and id.
    actor_breakers: Mutex<HashMap<String, LruCache<String, Arc<Breaker>>>>,
    /// Of the types that none names, under a default policy.
    other_breakers: Mutex<LruCache<String, Arc<Breaker>>>,
}

/// The policies around one target.
#[derive(Default)]
struct Found {
    timeout: Option<Duration>,
    retry: Option<Arc<Retry>>,
    breaker: Option<(CircuitBreaker, Option<Arc<Expression>>)>,
}

impl Policies {
    /// Puts documents together; a later one replaces what has the same name in an earlier one.
    ///
    /// # Errors
    /// A target that names a policy which none of them has.
    pub(super) fn new(documents: &[Document]) -> Result<Self, ResourceError> {
        let mut policies = Self {
            names: Vec::new(),
            timeouts: HashMap::new(),
            retries: built_in(),
            breakers: HashMap::new(),
            actors: HashMap::new(),
            components: HashMap::new(),
            warnings: Vec::new(),
            component_breakers: Mutex::default(),
            actor_breakers: Mutex::default(),
            other_breakers: Mutex::new(bounded(ACTOR_CACHE)),
        };
        for document in documents {
            policies.names.push(document.name.clone());
            policies.timeouts.extend(document.timeouts.clone());
            policies.breakers.extend(document.breakers.clone());
            for (name, retry) in &document.retries {
                policies.add_retry(name, retry.clone());
            }
        }
        for document in documents {
            for app in &document.apps {
                policies.warnings.push(format!(
                    "{}: spec.targets.apps.{app} has no effect: calls of other apps have Dapr's built-in retries alone here",
                    document.file
                ));
            }
            for (name, target) in &document.actors {
                policies.check(document, &format!("actors.{name}"), &target.names)?;
                policies.actors.insert(name.clone(), target.clone());
            }
            for (name, target) in &document.components {
                policies.check(document, &format!("components.{name}.inbound"), &target.inbound)?;
                policies.check(document, &format!("components.{name}.outbound"), &target.outbound)?;
                policies.components.insert(name.clone(), target.clone());
            }
        }
        Ok(policies)
    }

    fn add_retry(&mut self, name: &str, mut retry: Retry) {
        if name == ACTOR_NOT_FOUND_RETRIES {
            self.warnings.push(format!(
                "Attempted to override protected policy {name} which is not allowed. Ignoring provided policy and \
                 using default."
            ));
            return;
        }
        if BUILT_IN.contains(&name) && retry.max_retries.is_none_or(|retries| retries < 3) {
            self.warnings
                .push(format!("Attempted override of {name} did not meet minimum retry count, resetting to 3."));
            retry.max_retries = Some(3);
        }
        self.retries.insert(name.to_owned(), Arc::new(retry));
    }

    fn check(&self, document: &Document, target: &str, names: &PolicyNames) -> Result<(), ResourceError> {
        let PolicyNames { timeout, retry, circuit_breaker } = names;
        for (field, group, name, known) in [
            ("timeout", "timeouts", timeout, self.timeouts.contains_key(timeout)),
            ("retry", "retries", retry, self.retries.contains_key(retry)),
            ("circuitBreaker", "circuitBreakers", circuit_breaker, self.breakers.contains_key(circuit_breaker)),
        ] {
            if !name.is_empty() && !known {
                return Err(ResourceError {
                    file: document.file.clone(),
                    line: Some(document.line),
                    problem: format!("spec.targets.{target}.{field}: there is no policy {name:?}"),
                    remedy: format!("define it in spec.policies.{group}, or correct the name"),
                });
            }
        }
        Ok(())
    }

    /// Says what comes into force.
    pub(super) fn announce(&self, components: &[String]) {
        for name in &self.names {
            tracing::info!("Loading Resiliency configuration: {name}");
        }
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
        for name in self.components.keys().filter(|name| !components.contains(name)) {
            tracing::warn!("spec.targets.components.{name} has no effect: there is no component of that name");
        }
    }

    /// The policies that a target names, or else those whose names make them defaults at one of
    /// these levels, the closest first.
    fn find(&self, explicit: Option<&PolicyNames>, levels: &[&str]) -> Found {
        match explicit {
            Some(names) => Found {
                timeout: self.timeouts.get(&names.timeout).copied(),
                retry: self.retries.get(&names.retry).cloned(),
                breaker: self.breakers.get(&names.circuit_breaker).cloned(),
            },
            None if self.names.is_empty() => Found::default(),
            None => Found {
                timeout: default("Timeout", levels, &self.timeouts),
                retry: default("Retry", levels, &self.retries),
                breaker: default("CircuitBreaker", levels, &self.breakers),
            },
        }
    }

    fn store(&self, component: &str) -> Found {
        let explicit = self.components.get(component).map(|target| &target.outbound);
        self.find(explicit, &["StatestoreComponentOutbound", "ComponentOutbound", "Component", ""])
    }

    /// How many circuit breakers of actors are remembered.
    #[cfg(test)]
    pub(super) fn remembered_breakers(&self) -> usize {
        let named = self.actor_breakers.lock().unwrap_or_else(PoisonError::into_inner);
        let others = self.other_breakers.lock().unwrap_or_else(PoisonError::into_inner);
        named.values().map(LruCache::len).sum::<usize>() + others.len()
    }

    pub(super) fn store_settings(&self, component: &str) -> Policy {
        let found = self.store(component);
        Policy {
            timeout: found.timeout.filter(|timeout| !timeout.is_zero()),
            retry: found.retry.map(|retry| (*retry).clone()),
            circuit_breaker: found.breaker.map(|(settings, _)| settings),
        }
    }
}

impl Resiliency {
    /// What stands between the sidecar and the state store `component`.
    pub(crate) fn store(&self, component: &str) -> Guard {
        let in_force = self.in_force();
        let found = in_force.policies.store(component);
        self.component_guard(&in_force, format_args!("component[{component}] output"), component, found)
    }

    /// What stands between the sidecar and the pub/sub component `component`.
    pub(crate) fn publishing(&self, component: &str) -> Guard {
        let in_force = self.in_force();
        let explicit = in_force.policies.components.get(component).map(|target| &target.outbound);
        let levels = ["PubsubComponentOutbound", "ComponentOutbound", "Component", ""];
        let found = in_force.policies.find(explicit, &levels);
        self.component_guard(&in_force, format_args!("component[{component}] output"), component, found)
    }

    /// What stands around the delivery of a message of the pub/sub component `component`.
    pub(crate) fn delivery(&self, component: &str) -> Guard {
        let in_force = self.in_force();
        let explicit = in_force.policies.components.get(component).map(|target| &target.inbound);
        let levels = ["PubsubComponentInbound", "ComponentInbound", "Component", ""];
        let found = in_force.policies.find(explicit, &levels);
        self.component_guard(&in_force, format_args!("component[{component}] input"), component, found)
    }

    fn component_guard(
        &self,
        in_force: &InForce,
        operation: std::fmt::Arguments<'_>,
        component: &str,
        found: Found,
    ) -> Guard {
        let breaker = found.breaker.map(|(settings, trip)| {
            let breakers = &in_force.policies.component_breakers;
            let mut breakers = breakers.lock().unwrap_or_else(PoisonError::into_inner);
            let breaker = breakers.entry(component.to_owned()).or_insert_with(|| {
                let name = format!("{}-{component}", settings.policy);
                Arc::new(Breaker::new(name, settings, trip, self.observation()))
            });
            Arc::clone(breaker)
        });
        self.guard(in_force, operation, found.timeout, found.retry, breaker)
    }

    /// What stands around a call of an actor, and whether the file names its type: then, as in
    /// daprd, the built-in wait for a type that nobody hosts is not applied. A type that is not hosted has no breaker
    /// of its own: there is nothing behind it, and its name is whatever a caller invents.
    pub(crate) fn actor(&self, actor: &ActorRef, hosted: bool) -> (Guard, bool) {
        let in_force = self.in_force();
        let explicit = in_force.policies.actors.get(&actor.kind);
        let found = in_force.policies.find(explicit.map(|target| &target.names), &["Actor", ""]);
        let breaker = found.breaker.filter(|_| hosted || explicit.is_some());
        let breaker = breaker.map(|(settings, trip)| {
            let new = |name: &str| Arc::new(Breaker::new(name.to_owned(), settings, trip, self.observation()));
            actor_breaker(&in_force.policies, explicit, actor, new)
        });
        let operation = format_args!("actor[{}, {}]", actor.kind, actor.id);
        (self.guard(&in_force, operation, found.timeout, found.retry, breaker), explicit.is_some())
    }

    /// One of Dapr's built-in retries. Nobody but the log is told of them.
    pub(crate) fn built_in(&self, name: &str) -> Guard {
        let retry = self.in_force().policies.retries.get(name).cloned();
        Guard { operation: name.to_owned(), retry, ..Guard::default() }
    }

    fn guard(
        &self,
        in_force: &InForce,
        operation: std::fmt::Arguments<'_>,
        timeout: Option<Duration>,
        retry: Option<Arc<Retry>>,
        breaker: Option<Arc<Breaker>>,
    ) -> Guard {
        let timeout = timeout.filter(|timeout| !timeout.is_zero());
        if timeout.is_none() && retry.is_none() && breaker.is_none() {
            return Guard::default();
        }
        Guard {
            operation: operation.to_string(),
            timeout,
            retry,
            breaker,
            replaced: in_force.replaced.clone(),
            observation: self.observation(),
        }
    }
}

fn actor_breaker(
    policies: &Policies,
    explicit: Option<&ActorTarget>,
    actor: &ActorRef,
    new: impl FnOnce(&str) -> Arc<Breaker>,
) -> Arc<Breaker> {
    let Some(target) = explicit else {
        let mut breakers = policies.other_breakers.lock().unwrap_or_else(PoisonError::into_inner);
        return Arc::clone(breakers.get_or_insert(actor.kind.clone(), || new(&actor.kind)));
    };
    let key = match target.breaker_per_id {
        true => format!("{}-{}", actor.kind, actor.id),
        false => actor.kind.clone(),
    };
    let mut types = policies.actor_breakers.lock().unwrap_or_else(PoisonError::into_inner);
    let size = NonZeroUsize::new(target.breaker_cache_size).unwrap_or(ACTOR_CACHE);
    let breakers = types.entry(actor.kind.clone()).or_insert_with(|| bounded(size));
    Arc::clone(breakers.get_or_insert(key.clone(), || new(&key)))
}

/// A cache that is bounded only afterwards: `new` would take all its room at once, and the size is whatever a file says.
fn bounded(size: NonZeroUsize) -> LruCache<String, Arc<Breaker>> {
    let mut cache = LruCache::unbounded();
    cache.resize(size);
    cache
}

fn default<T: Clone>(what: &str, levels: &[&str], policies: &HashMap<String, T>) -> Option<T> {
    levels.iter().find_map(|level| policies.get(&format!("Default{level}{what}Policy")).cloned())
}

const BUILT_IN: [&str; 4] =
    [SERVICE_RETRIES, "DaprBuiltInActorRetries", "DaprBuiltInActorReminderRetries", INITIALIZATION_RETRIES];

/// daprd's own retries. Only two of them have a user here; a target may name any of them.
fn built_in() -> HashMap<String, Arc<Retry>> {
    let constant = Backoff::Constant { delay: Duration::from_secs(1) };
    let exponential = |seconds| Backoff::Exponential { max_interval: Duration::from_secs(seconds) };
    let retries = [
        (SERVICE_RETRIES, constant, 3),
        ("DaprBuiltInActorRetries", constant, 3),
        // Its `MaxRetries` is left at Go's zero.
        ("DaprBuiltInActorReminderRetries", exponential(60), 0),
        (INITIALIZATION_RETRIES, exponential(1), 3),
        (ACTOR_NOT_FOUND_RETRIES, constant, 5),
    ];
    let retry = |backoff, retries| Retry { backoff, max_retries: Some(retries), http_status_codes: None };
    retries.into_iter().map(|(name, backoff, retries)| (name.to_owned(), Arc::new(retry(backoff, retries)))).collect()
}
