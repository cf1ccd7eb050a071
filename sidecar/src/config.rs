//! What a sidecar is started with.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::resiliency::RetryObserver;
use crate::resources::Resources;

/// Dapr's default limit of one request: 4 MiB.
pub const DEFAULT_MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// What a sidecar is started with. [`Config::new`] fills in Dapr's defaults.
#[derive(Debug, Clone)]
pub struct Config {
    /// The Dapr app id. It is part of every state key, so it must stay the same between runs.
    pub app_id: String,
    /// Where the app channel listens, or will. Port 0 means that there is no app: nothing is
    /// hosted and nothing is delivered.
    pub app_addr: SocketAddr,
    /// Where the HTTP API listens (Dapr: `127.0.0.1:3500`). Port 0 means any free port.
    pub http_addr: SocketAddr,
    /// Where the gRPC API listens (Dapr: `127.0.0.1:50001`). Port 0 means any free port.
    pub grpc_addr: SocketAddr,
    /// Whether a taken port is answered with a free one instead of a
    /// [`StartError`](crate::StartError).
    pub free_port_if_taken: bool,
    /// `DAPR_API_TOKEN`: what callers of the APIs must show.
    pub dapr_api_token: Option<String>,
    /// `APP_API_TOKEN`: what the sidecar shows to the app.
    pub app_api_token: Option<String>,
    /// The component, subscription and resiliency files.
    pub resources: Resources,
    /// The folder that relative paths in component files (the SQLite file) start from.
    pub base_dir: PathBuf,
    /// The largest request, and the largest reply, in bytes.
    pub max_body_bytes: usize,
    /// What may stand in front of the state store, and what may watch it.
    pub ports: Ports,
}

impl Config {
    /// A configuration with Dapr's own defaults: ports 3500 and 50001 on loopback, no tokens,
    /// 4 MiB, paths relative to the working directory.
    pub fn new(app_id: impl Into<String>, app_addr: SocketAddr, resources: Resources) -> Self {
        Self {
            app_id: app_id.into(),
            app_addr,
            http_addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 3500)),
            grpc_addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 50001)),
            free_port_if_taken: false,
            dapr_api_token: None,
            app_api_token: None,
            resources,
            base_dir: PathBuf::from("."),
            max_body_bytes: DEFAULT_MAX_BODY_BYTES,
            ports: Ports::default(),
        }
    }
}

/// General openings for whoever starts the sidecar.
#[derive(Clone, Default)]
pub struct Ports {
    /// Asked before every call to the actor state store; may hold it up or fail it.
    pub fault: Option<Arc<dyn StoreFault>>,
    /// Told about every call to the actor state store after it ended.
    pub observer: Option<Arc<dyn StoreObserver>>,
    /// Told about every step of an operation that a resiliency policy stands around.
    pub retries: Option<Arc<dyn RetryObserver>>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports")
            .field("fault", &self.fault.is_some())
            .field("observer", &self.observer.is_some())
            .field("retries", &self.retries.is_some())
            .finish()
    }
}

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
