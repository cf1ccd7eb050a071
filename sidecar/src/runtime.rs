//! What both APIs share: the parts of one running sidecar.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::actors::Actors;
use crate::components::ComponentInfo;
use crate::config::{AppHealthCheck, AppProtocol};
use crate::error::ApiError;
use crate::invocation::Invocation;
use crate::metrics::Metrics;
use crate::neighbours::Neighbours;
use crate::pubsub::PubSub;
use crate::resiliency::Resiliency;
use crate::secrets::Secrets;
use crate::states::States;

/// The release whose behaviour this sidecar has, marked as not being it.
pub const VERSION: &str = concat!("1.18.3+sidecar.", env!("CARGO_PKG_VERSION"));

/// How many bytes of extended metadata there may be, names and values together.
const MOST_EXTENDED: usize = 64 << 10;

/// A running sidecar.
pub(crate) struct Runtime {
    pub(crate) app_id: String,
    pub(crate) app_addr: SocketAddr,
    pub(crate) app_protocol: AppProtocol,
    pub(crate) app_health: Option<AppHealthCheck>,
    pub(crate) components: Vec<ComponentInfo>,
    pub(crate) actors: Arc<Actors>,
    pub(crate) pubsub: Arc<PubSub>,
    pub(crate) states: States,
    pub(crate) secrets: Secrets,
    pub(crate) invocation: Invocation,
    pub(crate) neighbours: Arc<Neighbours>,
    pub(crate) resiliency: Resiliency,
    /// Whether the start-up has come to its end.
    pub(crate) ready: watch::Sender<bool>,
    /// Cancelled when a caller asks for the shutdown.
    pub(crate) shutdown_asked: CancellationToken,
    pub(crate) api_token: Option<String>,
    pub(crate) max_body_bytes: usize,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) metrics: Arc<Metrics>,
    extended: Mutex<BTreeMap<String, String>>,
}

/// What a runtime is made of.
pub(crate) struct Parts {
    pub(crate) components: Vec<ComponentInfo>,
    pub(crate) actors: Arc<Actors>,
    pub(crate) pubsub: Arc<PubSub>,
    pub(crate) states: States,
    pub(crate) secrets: Secrets,
    pub(crate) invocation: Invocation,
    pub(crate) neighbours: Arc<Neighbours>,
    pub(crate) resiliency: Resiliency,
    pub(crate) metrics: Arc<Metrics>,
}

impl Runtime {
    pub(crate) fn new(config: &crate::Config, parts: Parts) -> Self {
        let Parts { components, actors, pubsub, states, secrets, invocation, neighbours, resiliency, metrics } = parts;
        let version = ("daprRuntimeVersion".to_owned(), VERSION.to_owned());
        Self {
            app_id: config.app_id.clone(),
            app_addr: config.app_addr,
            app_protocol: config.app_protocol,
            app_health: config.app_health.clone(),
            components,
            actors,
            pubsub,
            states,
            secrets,
            invocation,
            neighbours,
            resiliency,
            ready: watch::Sender::new(false),
            shutdown_asked: CancellationToken::new(),
            api_token: config.dapr_api_token.clone().filter(|token| !token.is_empty()),
            max_body_bytes: config.max_body_bytes,
            allowed_origins: config.allowed_origins.clone(),
            metrics,
            extended: Mutex::new(BTreeMap::from([version])),
        }
    }

    /// What callers have noted down with SetMetadata.
    pub(crate) fn extended(&self) -> BTreeMap<String, String> {
        self.extended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// # Errors
    /// There is no room for it: the names are whatever callers invent.
    pub(crate) fn set_extended(&self, key: String, value: String) -> Result<(), ApiError> {
        let mut extended = self.extended.lock().unwrap_or_else(PoisonError::into_inner);
        let others: usize = extended.iter().filter(|(name, _)| **name != key).map(|(k, v)| k.len() + v.len()).sum();
        if others + key.len() + value.len() > MOST_EXTENDED {
            return Err(ApiError::metadata_full(MOST_EXTENDED));
        }
        extended.insert(key, value);
        Ok(())
    }
}
