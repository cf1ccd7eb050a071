//! What both APIs share: the parts of one running sidecar.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::actors::Actors;
use crate::pubsub::PubSub;
use crate::resiliency::Resiliency;

/// The release whose behaviour this sidecar has, marked as not being it.
pub(crate) const VERSION: &str = concat!("1.18.3+sidecar.", env!("CARGO_PKG_VERSION"));

/// A running sidecar.
pub(crate) struct Runtime {
    pub(crate) app_id: String,
    pub(crate) app_addr: SocketAddr,
    pub(crate) components: Vec<ComponentInfo>,
    pub(crate) actors: Arc<Actors>,
    pub(crate) pubsub: Arc<PubSub>,
    pub(crate) resiliency: Resiliency,
    /// Whether the start-up has come to its end.
    pub(crate) ready: watch::Sender<bool>,
    /// Cancelled when a caller asks for the shutdown.
    pub(crate) shutdown_asked: CancellationToken,
    pub(crate) api_token: Option<String>,
    pub(crate) max_body_bytes: usize,
    extended: Mutex<BTreeMap<String, String>>,
}

/// A component, as the metadata API shows it.
#[derive(Debug, Clone)]
pub(crate) struct ComponentInfo {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) version: String,
    pub(crate) capabilities: &'static [&'static str],
}

impl Runtime {
    pub(crate) fn new(
        config: &crate::Config,
        components: Vec<ComponentInfo>,
        actors: Arc<Actors>,
        pubsub: Arc<PubSub>,
        resiliency: Resiliency,
    ) -> Self {
        let version = ("daprRuntimeVersion".to_owned(), VERSION.to_owned());
        Self {
            app_id: config.app_id.clone(),
            app_addr: config.app_addr,
            components,
            actors,
            pubsub,
            resiliency,
            ready: watch::Sender::new(false),
            shutdown_asked: CancellationToken::new(),
            api_token: config.dapr_api_token.clone().filter(|token| !token.is_empty()),
            max_body_bytes: config.max_body_bytes,
            extended: Mutex::new(BTreeMap::from([version])),
        }
    }

    /// What callers have noted down with SetMetadata.
    pub(crate) fn extended(&self) -> BTreeMap<String, String> {
        self.extended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_extended(&self, key: String, value: String) {
        self.extended.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value);
    }
}
