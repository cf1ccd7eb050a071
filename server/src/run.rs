//! Starting and stopping the process: everything that listens, in the order in which it has to come and go.

use std::{
    fs,
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, anyhow};
use model::{actor_id::APP_ID, lab::Runtime};
use sidecar::{Resources, Sidecar};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    actor::TURN_LIMIT,
    application::{Application, Settings},
    config::Config,
    http::site::Site,
    labs::{Labs, Timelines},
    serving::{Limits, Serving},
    sidecar_retries::SidecarRetrySwitch,
    store::StoreReader,
    store_hit::StoreHits,
    wire::{Wire, WireSwitch},
};

/// How long a stop waits for running turns: one may last 45 s.
const TURNS_LIMIT: Duration = Duration::from_secs(50);

/// How long a stop waits for each listener after that.
const LISTENER_LIMIT: Duration = Duration::from_secs(5);

/// The copies of `components/local` that are used where the folder is not there.
pub(crate) const BUILT_IN: [(&str, &str); 3] = [
    ("statestore.yaml", include_str!("../../components/local/statestore.yaml")),
    ("daca-pubsub.yaml", include_str!("../../components/local/daca-pubsub.yaml")),
    ("message-subscription.yaml", include_str!("../../components/local/message-subscription.yaml")),
];

/// A process that serves.
pub struct Running {
    /// Where people reach the lab.
    pub addr: SocketAddr,
    /// Where the sidecar reaches the actor.
    pub app_addr: SocketAddr,
    application: Application,
    sidecar: Option<Sidecar>,
    public: Serving,
    app_channel: Serving,
    wire: Option<Wire>,
}

/// Starts everything: the wire to the store first, since a sidecar ends that cannot reach its store at its start; then
/// the store and the sidecar in front of it, the app channel behind it, and the public listener.
///
/// # Errors
/// A taken port, an unwritable folder, a file that is not a state store, missing browser files: one line that says what
/// it is and what to do.
pub async fn start(config: Config) -> anyhow::Result<Running> {
    let wire = open_wire(&config).await?;
    let site = Site::find(config.site.as_deref())?;
    let public = bind(config.addr, "--addr").await?;
    let app = bind(config.app_addr, "--app-addr").await?;
    let (addr, app_addr) = (public.local_addr()?, app.local_addr()?);
    if !addr.ip().is_loopback() {
        tracing::warn!(
            "{addr} can be reached from other machines: whoever reaches it can send messages, read every conversation \
             and switch failures on"
        );
    }

    let labs = Labs::new();
    let parts = match config.dapr.endpoint() {
        Some(endpoint) => around(&config, endpoint)?,
        None => embed(&config, app_addr, &labs).await?,
    };
    let SidecarParts { sidecar, sidecar_retries, endpoint, app_api_token, store, mut runtime } = parts;
    runtime.origin = format!("http://{addr}");
    let application = Application::new(Settings {
        dapr_endpoint: endpoint,
        dapr_api_token: config.dapr.tokens.dapr_api_token.clone(),
        app_api_token,
        allow_hosts: config.allow_hosts.clone(),
        store,
        runtime,
        wire: wire.as_ref().map(|(_, switch)| switch.clone()),
        store_hits: sidecar.is_some(),
        sidecar_retries,
        labs,
        idle_timeout: Duration::from_secs(config.actor_idle),
        ..Settings::default()
    })?;
    let wire = wire.map(|(listener, switch)| {
        let redis = switch.status().redis;
        Wire::serve(listener, redis, switch, application.timelines())
    });
    let wire = wire.transpose()?;

    let app_channel = Serving::start(app, application.app_channel(), Limits::sidecar(), CancellationToken::new());
    let stop = CancellationToken::new();
    let router = application.public(&site, stop.clone());
    let public = Serving::start(public, router, Limits::public(), stop);
    Ok(Running { addr, app_addr, application, sidecar, public, app_channel, wire })
}

impl Running {
    /// Stops in this order, each within a limit: holds and scenarios, public listener and streams, running turns, sidecar
    /// (it deactivates the actors through the app channel), app channel, store and the wire to it.
    pub async fn stop(self) {
        self.application.end_waits();
        self.public.stop(TURNS_LIMIT).await;
        if timeout(TURNS_LIMIT, self.application.turns_finished()).await.is_err() {
            tracing::error!("a turn is still running after {} s and is given up", TURNS_LIMIT.as_secs());
        }
        if let Some(sidecar) = self.sidecar {
            sidecar.shutdown().await;
        }
        self.app_channel.stop(LISTENER_LIMIT).await;
        if let Some(wire) = self.wire {
            wire.stop().await;
        }
    }
}

async fn bind(addr: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(addr).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            anyhow!("Port {} is taken: end what listens there, or choose another with {flag} HOST:PORT", addr.port())
        }
        _ => anyhow!("Cannot listen on {addr} ({error}): choose another address with {flag} HOST:PORT"),
    })
}

/// The wire's listener and switch, if one is asked for. Connections wait on the listener until it is served.
async fn open_wire(config: &Config) -> anyhow::Result<Option<(TcpListener, WireSwitch)>> {
    let Some(addr) = config.wire else { return Ok(None) };
    let store = config.store.as_deref().map(StoreReader::from_url).transpose()?;
    let redis = store
        .as_ref()
        .and_then(StoreReader::redis_address)
        .ok_or_else(|| anyhow!("--wire stands in front of Redis: say where that is with --store redis://HOST:PORT"))?;
    if config.dapr.endpoint().is_none() {
        return Err(anyhow!(
            "--wire is for a Dapr sidecar with a Redis state store, and the environment names no sidecar: set \
             DAPR_GRPC_PORT, or leave --wire away"
        ));
    }
    let listener = bind(addr, "--wire").await?;
    let addr = listener.local_addr()?;
    tracing::info!("The wire to the Redis at {redis} listens on {addr}: the state store's redisHost");
    Ok(Some((listener, WireSwitch::new(addr, &redis))))
}

/// The sidecar, and what the lab has to know of it.
struct SidecarParts {
    sidecar: Option<Sidecar>,
    sidecar_retries: Option<SidecarRetrySwitch>,
    endpoint: String,
    app_api_token: Option<String>,
    store: Option<StoreReader>,
    runtime: Runtime,
}

/// The sidecar that the environment names.
fn around(config: &Config, endpoint: String) -> anyhow::Result<SidecarParts> {
    let store = config.store.as_deref().map(StoreReader::from_url).transpose()?;
    tracing::info!("Using the Dapr sidecar at {endpoint}");
    let idle = Duration::from_secs(config.actor_idle);
    if idle <= TURN_LIMIT {
        tracing::warn!(
            "Actors idle for {} s: a daprd cancels turns that last longer, and one may last {} s",
            idle.as_secs(),
            TURN_LIMIT.as_secs()
        );
    }
    Ok(SidecarParts {
        sidecar: None,
        sidecar_retries: None,
        endpoint,
        app_api_token: config.dapr.tokens.app_api_token.clone(),
        runtime: Runtime {
            sidecar: Runtime::UNKNOWN_SIDECAR.into(),
            store: store.as_ref().map_or("state store", StoreReader::product).into(),
            sidecar_http: config.dapr.dapr_http_port.map(|port| format!("http://127.0.0.1:{port}")),
            origin: String::new(),
        },
        store,
    })
}

/// A sidecar of our own.
async fn embed(config: &Config, app_addr: SocketAddr, labs: &Labs) -> anyhow::Result<SidecarParts> {
    prepare_data(&config.data)?;
    // Nobody else on this machine may call the actor past the turn lock, so the door has a key of its own.
    let given = config.dapr.tokens.app_api_token.clone().filter(|token| !token.is_empty());
    let token = given.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let mut settings = sidecar::Config::new(APP_ID, app_addr, resources(config.components.as_deref())?);
    settings.free_port_if_taken = true;
    settings.dapr_api_token = config.dapr.tokens.dapr_api_token.clone();
    settings.app_api_token = Some(token.clone());
    settings.base_dir = config.data.clone();
    let sidecar_retries = SidecarRetrySwitch::new(Timelines::of(labs));
    settings.ports.faults = Some(Arc::new(StoreHits));
    settings.ports.observers.push(sidecar_retries.observer());
    let sidecar = Sidecar::start(settings).await?;
    sidecar_retries.attach(sidecar.resiliency());
    let (grpc, http) = (sidecar.grpc_addr(), sidecar.http_addr());
    tracing::info!("The embedded sidecar answers on {http} (HTTP) and {grpc} (gRPC)");
    let store = match (&config.store, sidecar.store_path()) {
        (Some(url), _) => Some(StoreReader::from_url(url)?),
        (None, Some(path)) => Some(StoreReader::sqlite(path)),
        (None, None) => None,
    };
    Ok(SidecarParts {
        runtime: Runtime {
            sidecar: "embedded sidecar".into(),
            store: store.as_ref().map_or("memory", StoreReader::product).into(),
            sidecar_http: Some(format!("http://{http}")),
            origin: String::new(),
        },
        sidecar: Some(sidecar),
        sidecar_retries: Some(sidecar_retries),
        endpoint: format!("http://{grpc}"),
        app_api_token: Some(token),
        store,
    })
}

/// Makes the data folder and sees that it can be written.
pub(crate) fn prepare_data(dir: &Path) -> anyhow::Result<()> {
    let say = || format!("Cannot write to the folder {}: choose another with --data DIR", dir.display());
    fs::create_dir_all(dir).with_context(say)?;
    let probe = dir.join(format!(".faultlab-{}", std::process::id()));
    fs::write(&probe, []).with_context(say)?;
    fs::remove_file(&probe).with_context(say)
}

/// The component files: from the folder that is named, else from `./components/local`, else the built-in copies.
fn resources(given: Option<&Path>) -> anyhow::Result<Resources> {
    let usual = PathBuf::from("components/local");
    match given.or_else(|| usual.is_dir().then_some(usual.as_path())) {
        Some(dir) => {
            tracing::info!("Dapr components from {}", dir.display());
            Ok(Resources::from_dir(dir)?)
        }
        None => Ok(Resources::from_documents(BUILT_IN)?),
    }
}
