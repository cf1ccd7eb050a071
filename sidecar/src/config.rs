//! What a sidecar is started with.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::faults::FaultPlan;
use crate::observation::Observer;
use crate::resources::{Resources, SecretScope};

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
    /// How the app is called.
    pub app_protocol: AppProtocol,
    /// Where the HTTP API listens (Dapr: `127.0.0.1:3500`). Port 0 means any free port.
    pub http_addr: SocketAddr,
    /// Where the gRPC API listens (Dapr: `127.0.0.1:50001`). Port 0 means any free port.
    pub grpc_addr: SocketAddr,
    /// The addresses that both APIs listen on besides, at the same ports.
    pub more_addresses: Vec<IpAddr>,
    /// Whether a taken port is answered with a free one instead of a
    /// [`StartError`](crate::StartError).
    pub free_port_if_taken: bool,
    /// `DAPR_API_TOKEN`: what callers of the APIs must show.
    pub dapr_api_token: Option<String>,
    /// `APP_API_TOKEN`: what the sidecar shows to the app.
    pub app_api_token: Option<String>,
    /// The component, subscription and resiliency files.
    pub resources: Resources,
    /// The folders that [`Config::resources`] come from, to be looked at while the sidecar runs: subscriptions that come
    /// and go there begin and end. Empty means that nothing is looked at.
    pub watched: Vec<PathBuf>,
    /// The folder that relative paths in component files (the SQLite file) start from.
    pub base_dir: PathBuf,
    /// The largest request, and the largest reply, in bytes.
    pub max_body_bytes: usize,
    /// How many calls of the app there may be at once; `None` means as many as there are.
    pub app_max_concurrency: Option<usize>,
    /// Whether the app is asked for `/dapr/config`; one that is not hosts no actors.
    pub ask_config: bool,
    /// Whether the app is asked for `/dapr/subscribe`.
    pub ask_subscriptions: bool,
    /// `NAMESPACE`: resources of another namespace are left out.
    pub namespace: Option<String>,
    /// `POD_NAME`: what `{podName}` in component files stands for.
    pub pod_name: Option<String>,
    /// How long the app has to answer when an actor is deactivated, before the actor may be called again.
    pub deactivation_limit: Duration,
    /// Whether the app is asked for its health again and again, and how: its actors and deliveries go and come with it.
    pub app_health: Option<AppHealthCheck>,
    /// The web pages that may call the HTTP API, as `scheme://host[:port]` or `*`. None may unless it is named.
    pub allowed_origins: Vec<String>,
    /// Dapr's feature `ActorStateTTL`: whether an actor's state may have a `ttlInSeconds`.
    pub actor_state_ttl: bool,
    /// The folder in which sidecars of this user find each other, to call each other's apps and actors. `None` for one that
    /// keeps to itself.
    pub neighbours: Option<PathBuf>,
    /// What the app may have of secret stores; a store that is not named it may have all of.
    pub secret_scopes: Vec<SecretScope>,
    /// Where Prometheus may read metrics (`GET /metrics`); nowhere unless it is said. Port 0 means any free port.
    pub metrics_addr: Option<SocketAddr>,
    /// Whether the metrics count the APIs' errors by their codes (a Configuration's `recordErrorCodes`).
    pub record_error_codes: bool,
    /// Who watches it, and what stands in front of its stores and brokers.
    pub ports: Ports,
}

impl Config {
    /// A configuration with Dapr's own defaults: ports 3500 and 50001 on loopback, no tokens,
    /// 4 MiB, paths relative to the working directory.
    pub fn new(app_id: impl Into<String>, app_addr: SocketAddr, resources: Resources) -> Self {
        Self {
            app_id: app_id.into(),
            app_addr,
            app_protocol: AppProtocol::Http,
            http_addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 3500)),
            grpc_addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 50001)),
            more_addresses: Vec::new(),
            free_port_if_taken: false,
            dapr_api_token: None,
            app_api_token: None,
            resources,
            watched: Vec::new(),
            base_dir: PathBuf::from("."),
            max_body_bytes: DEFAULT_MAX_BODY_BYTES,
            app_max_concurrency: None,
            ask_config: true,
            ask_subscriptions: true,
            namespace: None,
            pod_name: None,
            deactivation_limit: Duration::from_secs(10),
            app_health: None,
            allowed_origins: Vec::new(),
            actor_state_ttl: false,
            neighbours: None,
            secret_scopes: Vec::new(),
            metrics_addr: None,
            record_error_codes: false,
            ports: Ports::default(),
        }
    }
}

/// How the app is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppProtocol {
    /// Over HTTP/1.1, without encryption.
    Http,
    /// It is not: it hosts its actors over a stream that it opens itself (`SubscribeActorEventsAlpha1`), and has no
    /// subscriptions and no methods besides.
    Grpc,
}

/// How the app is asked for its health. The default is Dapr's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppHealthCheck {
    /// Where it is asked (`GET`); 200 to 299 means that it is well.
    pub path: String,
    /// How often.
    pub interval: Duration,
    /// How long it may take to answer.
    pub timeout: Duration,
    /// After how many answers in a row that say otherwise, or do not come, it counts as unwell.
    pub threshold: u32,
}

impl AppHealthCheck {
    /// As Dapr's settings have it: an interval in seconds, a time-out in milliseconds, a number of failures, of each Dapr's
    /// default where it is 0 or less. `None` if it may take longer to answer than until it is asked again.
    #[must_use]
    pub fn of(path: String, interval: i64, timeout: i64, threshold: i64) -> Option<Self> {
        let usual = Self::default();
        let positive = |number: i64| u64::try_from(number).ok().filter(|number| *number > 0);
        let interval = positive(interval).map_or(usual.interval, Duration::from_secs);
        let timeout = positive(timeout).map_or(usual.timeout, Duration::from_millis);
        let threshold = positive(threshold).and_then(|number| number.try_into().ok());
        let threshold = threshold.unwrap_or(usual.threshold);
        (timeout <= interval).then_some(Self { path, interval, timeout, threshold })
    }
}

impl Default for AppHealthCheck {
    fn default() -> Self {
        Self {
            path: "/healthz".to_owned(),
            interval: Duration::from_secs(5),
            timeout: Duration::from_millis(500),
            threshold: 3,
        }
    }
}

/// General openings for whoever starts the sidecar.
#[derive(Clone, Default)]
pub struct Ports {
    /// Told of everything that happens: see [`observation`](crate::observation).
    pub observers: Vec<Arc<dyn Observer>>,
    /// Says which calls to stores and brokers are to fail, to be slow or to hang: see [`faults`](crate::faults).
    pub faults: Option<Arc<dyn FaultPlan>>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports")
            .field("observers", &self.observers.len())
            .field("faults", &self.faults.is_some())
            .finish()
    }
}
