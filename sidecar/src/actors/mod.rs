//! Actors: who is hosted, whose turn it is, and what they keep.

mod host;
mod idle;
mod invoke;
mod state;
mod turn_lock;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::app_channel::AppChannel;
use crate::config::{Config, Ports};
use crate::error::ApiError;
use crate::resiliency::Resiliency;
use crate::state::StateStore;

pub(crate) use host::AppConfig;
use idle::LEAVING_AT_ONCE;
pub(crate) use invoke::InvokeCall;
pub(crate) use state::Change;
use turn_lock::Table;

/// How far the app has told what it hosts.
#[derive(Debug, Clone)]
pub(crate) enum Hosting {
    /// The app has not answered `/dapr/config` yet: calls wait.
    Starting,
    /// It has.
    Hosted(Arc<Hosted>),
}

/// What the app hosts.
#[derive(Debug, Default)]
pub(crate) struct Hosted {
    /// In the app's order.
    pub(crate) types: Vec<String>,
    pub(crate) idle_timeout: Duration,
    pub(crate) drain_timeout: Duration,
}

/// The actor runtime.
pub(crate) struct Actors {
    app_id: String,
    app: Option<AppChannel>,
    /// The actor state store, by its component's name.
    store: Option<(String, Arc<dyn StateStore>)>,
    ports: Ports,
    resiliency: Resiliency,
    table: Arc<Table>,
    hosting: watch::Sender<Hosting>,
    /// How long the app has to answer a deactivation.
    deactivation_limit: Duration,
    /// Deactivations that are under way at the app.
    leaving: Semaphore,
    /// New calls are refused.
    closing: CancellationToken,
    /// Running calls are given up.
    aborting: CancellationToken,
}

impl Actors {
    pub(crate) fn new(
        app: Option<AppChannel>,
        store: Option<(String, Arc<dyn StateStore>)>,
        config: &Config,
        resiliency: Resiliency,
    ) -> Self {
        Self {
            app_id: config.app_id.clone(),
            app,
            store,
            ports: config.ports.clone(),
            resiliency,
            table: Arc::default(),
            hosting: watch::Sender::new(Hosting::Starting),
            deactivation_limit: config.deactivation_limit,
            leaving: Semaphore::new(LEAVING_AT_ONCE),
            closing: CancellationToken::new(),
            aborting: CancellationToken::new(),
        }
    }

    /// Begins to host what the app said. Without an actor state store nothing is hosted, as in
    /// daprd.
    pub(crate) fn host(&self, config: AppConfig) {
        let mut seen = HashSet::new();
        let mut types = config.entities;
        types.retain(|kind| seen.insert(kind.clone()));
        if self.store.is_none() && !types.is_empty() {
            tracing::warn!("No actor state store is configured: the actor types {} are not hosted", types.join(", "));
            types.clear();
        }
        self.hosting.send_replace(Hosting::Hosted(Arc::new(Hosted {
            types,
            idle_timeout: config.idle_timeout,
            drain_timeout: config.drain_timeout,
        })));
    }

    /// What is hosted; `None` while the app has not said.
    pub(crate) fn hosted(&self) -> Option<Arc<Hosted>> {
        match &*self.hosting.borrow() {
            Hosting::Starting => None,
            Hosting::Hosted(hosted) => Some(Arc::clone(hosted)),
        }
    }

    /// The hosted types with how many actors of each are active.
    pub(crate) fn counts(&self) -> Vec<(String, usize)> {
        let counts = self.table.counts();
        let hosted = self.hosted();
        let types = hosted.iter().flat_map(|hosted| &hosted.types);
        types.map(|kind| (kind.clone(), counts.get(kind).copied().unwrap_or(0))).collect()
    }

    /// Waits until the app has said what it hosts.
    async fn wait_hosted(&self) -> Result<Arc<Hosted>, ApiError> {
        let mut hosting = self.hosting.subscribe();
        tokio::select! {
            // Biased, so that a call is refused once the shutdown has begun.
            biased;
            () = self.closing.cancelled() => Err(ApiError::runtime_closed()),
            state = hosting.wait_for(|state| matches!(state, Hosting::Hosted(_))) => match state {
                Ok(state) => match &*state {
                    Hosting::Hosted(hosted) => Ok(Arc::clone(hosted)),
                    Hosting::Starting => Err(ApiError::runtime_closed()),
                },
                Err(_) => Err(ApiError::runtime_closed()),
            },
        }
    }
}
