//! What both APIs share: the parts of one running sidecar.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::actors::{Actors, AppConfig};
use crate::components::ComponentInfo;
use crate::config::{AppHealthCheck, AppProtocol};
use crate::error::ApiError;
use crate::hooks::Hooks;
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
    /// How many calls of the app there may be at once; `None` means as many as there are.
    pub(crate) app_max_concurrency: Option<usize>,
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
    pub(crate) hooks: Hooks,
    pub(crate) extended: Extended,
}

impl Runtime {
    /// Claims types besides those that are hosted. Returns those that another sidecar hosts, each with its app's id.
    ///
    /// # Errors
    /// It cannot be known who else hosts them, or this sidecar ends.
    pub(crate) async fn claim_too(&self, types: &AppConfig) -> io::Result<Vec<(String, String)>> {
        let hosted = self.actors.counts().into_iter().map(|(kind, _)| kind);
        let types: Vec<String> = hosted.chain(types.types.iter().map(|(kind, _)| kind.clone())).collect();
        self.neighbours.claim(&types).await
    }
}

/// What callers have noted down with SetMetadata.
pub(crate) struct Extended(Mutex<BTreeMap<String, String>>);

impl Default for Extended {
    fn default() -> Self {
        Self(Mutex::new(BTreeMap::from([("daprRuntimeVersion".to_owned(), VERSION.to_owned())])))
    }
}

impl Extended {
    /// All of it.
    pub(crate) fn all(&self) -> BTreeMap<String, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// # Errors
    /// There is no room for it: the names are whatever callers invent.
    pub(crate) fn set(&self, key: String, value: String) -> Result<(), ApiError> {
        let mut extended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let others: usize = extended.iter().filter(|(name, _)| **name != key).map(|(k, v)| k.len() + v.len()).sum();
        if others + key.len() + value.len() > MOST_EXTENDED {
            return Err(ApiError::metadata_full(MOST_EXTENDED));
        }
        extended.insert(key, value);
        Ok(())
    }
}
