//! Starting a sidecar, and ending it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::actors::Actors;
use crate::api;
use crate::app_channel::AppChannel;
use crate::config::{AppProtocol, Config};
use crate::document::ResourceError;
use crate::hooks::Hooks;
use crate::invocation::Invocation;
use crate::metrics::{self, Metrics};
use crate::names::ActorRef;
use crate::neighbours::Neighbours;
use crate::observation::Actor;
use crate::pubsub::PubSub;
use crate::resiliency::{Resiliency, ResiliencySet};
use crate::resources::Place;
use crate::runtime::{Extended, Runtime};
use crate::serve::{Api, SILENCE, Server};
use crate::start_error::StartError;
use crate::state::StateStore;
use crate::states::States;
use crate::watch::Watch;
use crate::{components, discovery};

/// How long connections may take to close at the end.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// A running sidecar. Dropping it stops it at once; [`Sidecar::shutdown`] ends it in order.
pub struct Sidecar {
    runtime: Arc<Runtime>,
    store: Option<Arc<dyn StateStore>>,
    http_addr: SocketAddr,
    grpc_addr: SocketAddr,
    /// None of them once it ends in order.
    servers: Vec<Server>,
    discovery: JoinHandle<()>,
    watch: Option<JoinHandle<()>>,
    /// A folder of its own: dropped last, when the store is closed.
    folder: Option<tempfile::TempDir>,
}

impl std::fmt::Debug for Sidecar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sidecar")
            .field("http_addr", &self.http_addr)
            .field("grpc_addr", &self.grpc_addr)
            .finish_non_exhaustive()
    }
}

impl Sidecar {
    /// Opens the store and both ports and returns; the app is waited for in the background, so it
    /// may begin to listen later. API calls that concern actors wait for that.
    ///
    /// # Errors
    /// See [`StartError`]. Nothing stays open then.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let (namespace, pod_name) = (config.namespace.as_deref(), config.pod_name.as_deref());
        let resources = config.resources.clone().meant_for(&Place { app_id: &config.app_id, namespace, pod_name })?;
        let policies = resources.resiliency.compile(&config.app_id)?;
        let hooks = Hooks::new(&config.ports);
        let app = AppChannel::new(&config, hooks.observation())
            .ok_or_else(|| StartError::AppIdentity(config.app_id.clone()))?;
        let has_app = config.app_addr.port() != 0 && config.app_protocol == AppProtocol::Http;
        let app = has_app.then_some(app);
        let http = listen_all(Api::Http, config.http_addr, &config).await?;
        let grpc = listen_all(Api::Grpc, config.grpc_addr, &config).await?;

        let metrics_listener = match config.metrics_addr {
            Some(addr) => Some(listen(Api::Metrics, addr, config.free_port_if_taken).await?),
            None => None,
        };
        let metrics = Metrics::new(&config.app_id, config.record_error_codes).map(Arc::new)?;

        let parts = components::start(&resources.components, &config).await?;
        let names = parts.info.iter().map(|component| component.name.clone()).collect();
        let resiliency = Resiliency::new(config.app_id.clone(), names, policies, hooks.observation().clone());
        let store = parts.actor_store.clone().map(|store| (parts.actor_store_name, store));
        let actors = Arc::new(Actors::new(app.clone(), store, &config, resiliency.clone(), hooks.clone()));
        let subscriptions = resources.into_subscriptions();
        let pubsub = PubSub::new(config.app_id.clone(), app.clone(), parts.buses, subscriptions, resiliency.clone());
        let pubsub = Arc::new(pubsub.told(hooks.clone()));
        let watch = Watch::new(&config, Arc::clone(&pubsub));
        let states = States::new(parts.stores, resiliency.clone(), config.app_id.clone(), config.namespace.clone());
        let states = states.told(hooks.clone());
        let namespace = config.namespace.as_deref();
        let neighbours = Neighbours::new(config.neighbours.clone(), &config.app_id, namespace, config.max_body_bytes);
        let neighbours = Arc::new(neighbours);
        let invocation =
            Invocation::new(&config, app.clone(), Arc::clone(&pubsub), Arc::clone(&neighbours), resiliency.clone());
        let runtime = Arc::new(Runtime {
            app_id: config.app_id.clone(),
            app_addr: config.app_addr,
            app_protocol: config.app_protocol,
            app_max_concurrency: config.app_max_concurrency,
            app_health: config.app_health.clone(),
            components: parts.info,
            actors,
            pubsub,
            states,
            secrets: parts.secrets,
            invocation,
            neighbours,
            resiliency,
            ready: watch::Sender::new(false),
            shutdown_asked: CancellationToken::new(),
            api_token: config.dapr_api_token.clone().filter(|token| !token.is_empty()),
            max_body_bytes: config.max_body_bytes,
            allowed_origins: config.allowed_origins.clone(),
            metrics: Arc::clone(&metrics),
            hooks,
            extended: Extended::default(),
        });
        let mut servers = serve(Api::Http, http, &api::router(Arc::clone(&runtime)))?;
        let http_addr = servers[0].addr();
        let grpc = serve(Api::Grpc, grpc, &api::grpc_router(Arc::clone(&runtime)))?;
        let grpc_addr = grpc[0].addr();
        servers.extend(grpc);
        if let Some(listener) = metrics_listener {
            let router = api::guarded(metrics::routes(metrics), &config.allowed_origins);
            let metrics = serve(Api::Metrics, vec![listener], &router)?;
            tracing::info!("metrics on http://{}/metrics", metrics[0].addr());
            servers.extend(metrics);
        }
        runtime.neighbours.appear(http_addr);
        tracing::info!("HTTP API listening on {http_addr}, gRPC API on {grpc_addr}");
        let asks = discovery::Asks { config: config.ask_config, subscriptions: config.ask_subscriptions };
        let found = Arc::clone(&runtime);
        let discovery = tokio::spawn(async move {
            tokio::join!(discovery::run(Arc::clone(&found), app, asks), found.neighbours.stay());
        });
        let watch = watch.map(|watch| tokio::spawn(watch.run()));
        Ok(Self { runtime, store: parts.actor_store, http_addr, grpc_addr, servers, discovery, watch, folder: None })
    }

    /// The same, with a folder that goes when it does.
    pub(crate) fn with_folder(mut self, folder: tempfile::TempDir) -> Self {
        self.folder = Some(folder);
        self
    }

    /// Where the HTTP API is: `http://127.0.0.1:PORT`.
    pub fn http_url(&self) -> String {
        format!("http://{}", self.http_addr)
    }

    /// Where the gRPC API is, as a client takes it: `http://127.0.0.1:PORT`.
    pub fn grpc_url(&self) -> String {
        format!("http://{}", self.grpc_addr)
    }

    /// Where the HTTP API listens.
    pub fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }

    /// Where the gRPC API listens.
    pub fn grpc_addr(&self) -> SocketAddr {
        self.grpc_addr
    }

    /// The SQLite file of the actor state store; `None` when there is no such store or it is no
    /// file.
    pub fn store_path(&self) -> Option<PathBuf> {
        let path = self.store.as_ref()?.path()?;
        Some(path.to_owned())
    }

    /// The resiliency policies, to look at and to replace while the sidecar runs. The handle may be
    /// cloned and kept.
    pub fn resiliency(&self) -> &Resiliency {
        &self.runtime.resiliency
    }

    /// The same as [`Resiliency::set`].
    ///
    /// # Errors
    /// See there.
    pub fn set_resiliency(&self, set: Option<ResiliencySet>) -> Result<(), ResourceError> {
        self.runtime.resiliency.set(set)
    }

    /// Puts an actor out of memory, as if it had been idle for its time, once it has no turn: the app is told, and the
    /// next call brings it back. Says whether it was in memory.
    pub async fn deactivate(&self, actor: &Actor) -> bool {
        self.runtime.actors.deactivate_now(&ActorRef::new(&actor.actor_type, &actor.actor_id)).await
    }

    /// Returns when the app has been found, is well, has told what it hosts, and that is hosted.
    pub async fn ready(&self) {
        let mut ready = self.runtime.ready.subscribe();
        // The sender lives in the runtime, which this handle keeps alive.
        let _ = ready.wait_for(|ready| *ready).await;
    }

    /// Returns when somebody asked for the shutdown through an API. Nothing has ended by then:
    /// call [`Sidecar::shutdown`].
    pub async fn shutdown_requested(&self) {
        self.runtime.shutdown_asked.cancelled().await;
    }

    /// Takes no more messages and delivers those that it has, for five seconds at most, with their dead letters: what is
    /// to come before one drops it, or before the app that it delivers to is stopped. From then on publishing is refused
    /// (503), and nothing comes of the subscriptions any more; all else goes on.
    pub async fn drain(&self) {
        self.runtime.pubsub.close().await;
    }

    /// Ends in order: no more messages are taken; accepted ones and their dead letters are delivered, for five seconds
    /// at most, and what their handlers call is still there; then new calls are refused, running turns end (within
    /// the app's `drainOngoingCallTimeout`), every actor is deactivated, the ports close, the store closes.
    pub async fn shutdown(mut self) {
        tracing::info!("dapr shutting down");
        self.look_no_more();
        self.runtime.neighbours.leave();
        self.runtime.invocation.close();
        self.runtime.pubsub.close().await;
        self.runtime.actors.close().await;
        // Not before: whoever hosted its types from then on would have turns beside those that were still running.
        self.runtime.neighbours.disappear();
        let closing = std::mem::take(&mut self.servers).into_iter().map(|server| server.stop(CLOSE_LIMIT));
        futures::future::join_all(closing).await;
        self.store = None;
        let runtime = Arc::clone(&self.runtime);
        // What was accepted is written first, and that is waited for.
        let closed = tokio::task::spawn_blocking(move || runtime.states.close());
        if let Err(error) = closed.await {
            tracing::error!("closing the state stores: {error}");
        }
    }
}

impl Sidecar {
    fn look_no_more(&self) {
        self.discovery.abort();
        if let Some(watch) = &self.watch {
            watch.abort();
        }
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        self.look_no_more();
        // Tasks that are still there hold the store and end on their own: it must be free when this returns.
        self.runtime.pubsub.abandon();
        self.runtime.actors.abandon();
        self.runtime.states.close();
        self.runtime.neighbours.disappear();
    }
}

/// Listens on the address and, at the same port, on the others.
async fn listen_all(api: Api, addr: SocketAddr, config: &Config) -> Result<Vec<TcpListener>, StartError> {
    let first = listen(api, addr, config.free_port_if_taken).await?;
    let port = first.local_addr().map_err(|source| StartError::Listen { api: api.name(), addr, source })?.port();
    let mut listeners = vec![first];
    for ip in config.more_addresses.iter().filter(|ip| **ip != addr.ip()) {
        listeners.push(listen(api, SocketAddr::new(*ip, port), false).await?);
    }
    Ok(listeners)
}

async fn listen(api: Api, addr: SocketAddr, free_port_if_taken: bool) -> Result<TcpListener, StartError> {
    let failed = |source| StartError::Listen { api: api.name(), addr, source };
    match TcpListener::bind(addr).await {
        Err(error) if free_port_if_taken && is_taken(&error) => {
            let listener = TcpListener::bind(SocketAddr::new(addr.ip(), 0)).await.map_err(failed)?;
            let chosen = listener.local_addr().map_err(failed)?;
            tracing::warn!("the {} port {addr} is taken ({error}): using {chosen}", api.name());
            Ok(listener)
        }
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(StartError::PortTaken { api: api.name(), addr }),
        bound => bound.map_err(failed),
    }
}

/// Whether another port might do: a port below 1024 is root's, and Windows keeps whole ranges for itself.
fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

/// One server for each listener; there is one at least.
fn serve(api: Api, listeners: Vec<TcpListener>, router: &axum::Router) -> Result<Vec<Server>, StartError> {
    let unknown = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let failed = |source| StartError::Listen { api: api.name(), addr: unknown, source };
    let serve = |listener| Server::start(api, listener, router.clone(), SILENCE).map_err(failed);
    listeners.into_iter().map(serve).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_only_others_may_have_counts_as_taken() {
        for (kind, taken) in [
            (io::ErrorKind::AddrInUse, true),
            (io::ErrorKind::PermissionDenied, true),
            (io::ErrorKind::AddrNotAvailable, false),
        ] {
            assert_eq!(is_taken(&kind.into()), taken, "{kind}");
        }
    }
}
