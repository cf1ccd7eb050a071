//! Starting a sidecar, and ending it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;

use crate::actors::Actors;
use crate::api::{self, DaprService};
use crate::app_channel::AppChannel;
use crate::config::Config;
use crate::pubsub::PubSub;
use crate::resiliency::{Resiliency, ResiliencySet};
use crate::resources::ResourceError;
use crate::runtime::Runtime;
use crate::state::StateStore;
use crate::{components, discovery};

/// How long connections may take to close at the end.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// Why a sidecar did not start. Each says in one line what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An API port belongs to somebody else.
    #[error("the {api} port {addr} is taken: stop what listens there or choose another port")]
    PortTaken {
        /// `HTTP` or `gRPC`.
        api: &'static str,
        /// The address that was asked for.
        addr: SocketAddr,
    },
    /// An API address cannot be listened on for another reason.
    #[error("cannot listen on {addr} for the {api} API: {source}")]
    Listen {
        /// `HTTP` or `gRPC`.
        api: &'static str,
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A resource file is not what it has to be.
    #[error(transparent)]
    Resource(#[from] ResourceError),
    /// A component of a type that this sidecar does not have.
    #[error(
        "{file}: component {name:?} is of the type {kind}, which this sidecar does not have: it has \
         {supported} (change the type, move the file away, or set spec.ignoreErrors)"
    )]
    UnknownComponent {
        /// The component's file.
        file: String,
        /// The component's name.
        name: String,
        /// Its type and version.
        kind: String,
        /// What there is instead.
        supported: &'static str,
    },
    /// Two components say `actorStateStore`.
    #[error("detected duplicate actor state store: {first} and {second}")]
    DuplicateActorStateStore {
        /// The first component's name.
        first: String,
        /// The second component's name.
        second: String,
    },
    /// The store's file is damaged or no SQLite file.
    #[error(
        "the state store {} cannot be used: {problem}; nothing was overwritten (move the file away, \
         or point connectionString elsewhere)", path.display()
    )]
    StoreCorrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The store's file is a database of something else.
    #[error(
        "the state store {} is not a Dapr state store: {problem}; nothing was overwritten (move the \
         file away, or point connectionString elsewhere)", path.display()
    )]
    StoreForeign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        problem: String,
    },
    /// Another process has the store.
    #[error(
        "the state store {} is in use: {problem} (stop the other one, or point connectionString \
         elsewhere)", path.display()
    )]
    StoreBusy {
        /// The file.
        path: PathBuf,
        /// What SQLite or the lock said.
        problem: String,
    },
    /// The store's file or folder cannot be written.
    #[error(
        "the state store {} cannot be written: {problem} (check the folder and its permissions, or \
         point connectionString elsewhere)", path.display()
    )]
    StoreUnwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// The app id or the app's token cannot stand in an HTTP header.
    #[error("the app id {0:?} or APP_API_TOKEN has characters that no HTTP header can carry")]
    AppIdentity(String),
}

/// A running sidecar. Dropping it stops it at once; [`Sidecar::shutdown`] ends it in order.
pub struct Sidecar {
    runtime: Arc<Runtime>,
    store: Option<Arc<dyn StateStore>>,
    http_addr: SocketAddr,
    grpc_addr: SocketAddr,
    /// Cancelled when the API servers have to end.
    stop: CancellationToken,
    servers: Vec<JoinHandle<()>>,
    discovery: JoinHandle<()>,
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
        let resources = config.resources.clone().in_scope(&config.app_id);
        let policies = resources.resiliency.compile(&config.app_id)?;
        let app = AppChannel::new(config.app_addr, &config.app_id, config.app_api_token.as_deref())
            .ok_or_else(|| StartError::AppIdentity(config.app_id.clone()))?;
        let app = (config.app_addr.port() != 0).then_some(app);
        let http = listen("HTTP", config.http_addr, config.free_port_if_taken).await?;
        let grpc = listen("gRPC", config.grpc_addr, config.free_port_if_taken).await?;
        let (http_addr, grpc_addr) = (local(&http, "HTTP")?, local(&grpc, "gRPC")?);

        let parts = components::start(&resources.components, &config.base_dir).await?;
        let names = parts.info.iter().map(|component| component.name.clone()).collect();
        let resiliency = Resiliency::new(config.app_id.clone(), names, policies, config.ports.retries.clone());
        let store = parts.actor_store.clone().map(|store| (parts.actor_store_name, store));
        let actors = Actors::new(config.app_id.clone(), app.clone(), store, config.ports.clone(), resiliency.clone());
        let pubsub =
            PubSub::new(config.app_id.clone(), app.clone(), parts.pubsubs, resources.subscriptions, resiliency.clone());
        let runtime = Arc::new(Runtime::new(&config, parts.info, Arc::new(actors), Arc::new(pubsub), resiliency));
        let stop = CancellationToken::new();
        let servers = vec![
            serve_http(http, Arc::clone(&runtime), stop.clone()),
            serve_grpc(grpc, Arc::clone(&runtime), stop.clone()),
        ];
        tracing::info!("HTTP API listening on {http_addr}, gRPC API on {grpc_addr}");
        let discovery = tokio::spawn(discovery::run(Arc::clone(&runtime), app));
        Ok(Self { runtime, store: parts.actor_store, http_addr, grpc_addr, stop, servers, discovery })
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

    /// Returns when the app has been found, has told what it hosts, and that is hosted.
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

    /// Ends in order: new calls are refused, running turns end (within the app's
    /// `drainOngoingCallTimeout`), every actor is deactivated, accepted messages are delivered,
    /// the ports close, the store closes.
    pub async fn shutdown(mut self) {
        tracing::info!("dapr shutting down");
        self.discovery.abort();
        self.runtime.actors.close().await;
        self.runtime.pubsub.close().await;
        self.stop.cancel();
        for mut server in std::mem::take(&mut self.servers) {
            if tokio::time::timeout(CLOSE_LIMIT, &mut server).await.is_err() {
                server.abort();
            }
        }
        if let Some(store) = self.store.take() {
            store.close().await;
        }
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        self.discovery.abort();
        self.stop.cancel();
        for server in &self.servers {
            server.abort();
        }
    }
}

async fn listen(api: &'static str, addr: SocketAddr, free_port_if_taken: bool) -> Result<TcpListener, StartError> {
    match TcpListener::bind(addr).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            if !free_port_if_taken {
                return Err(StartError::PortTaken { api, addr });
            }
            let free = SocketAddr::new(addr.ip(), 0);
            let listener = TcpListener::bind(free).await;
            let listener = listener.map_err(|source| StartError::Listen { api, addr, source })?;
            let chosen = local(&listener, api)?;
            tracing::warn!("the {api} port {addr} is taken: using {chosen}");
            Ok(listener)
        }
        Err(source) => Err(StartError::Listen { api, addr, source }),
    }
}

fn local(listener: &TcpListener, api: &'static str) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|source| StartError::Listen {
        api,
        addr: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        source,
    })
}

fn serve_http(listener: TcpListener, runtime: Arc<Runtime>, stop: CancellationToken) -> JoinHandle<()> {
    let listener = listener.tap_io(|stream| {
        // Answers are small; waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
    });
    tokio::spawn(async move {
        // Made once, and not anew for each connection.
        let service = api::router(runtime).into_make_service();
        let server = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = server.await {
            tracing::error!("the HTTP API ended: {error}");
        }
    })
}

fn serve_grpc(listener: TcpListener, runtime: Arc<Runtime>, stop: CancellationToken) -> JoinHandle<()> {
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    tokio::spawn(async move {
        let server = tonic::transport::Server::builder()
            .add_service(DaprService::new(runtime))
            .serve_with_incoming_shutdown(incoming, stop.cancelled_owned());
        if let Err(error) = server.await {
            tracing::error!("the gRPC API ended: {error}");
        }
    })
}
