//! The application behind the sidecar, put together: the actors, the labs around them, and the two ways in.

use std::{sync::Arc, time::Duration};

use app::backend::SharedBackend;
use axum::Router;
use model::{lab::Runtime, operation::Layer, policy::RetryPolicy};
use tokio_util::sync::CancellationToken;

use crate::{
    actor::{Agents, Environment, TURN_LIMIT, config::ActorConfig, state::SidecarState},
    app_channel::{self, Parts},
    backend::LabBackend,
    checks::PassBook,
    controls::Controls,
    dapr::{Dapr, DaprError},
    guard::AllowedHosts,
    http::{self, Operations, Public, site::Site},
    labs::{Labs, Timelines},
    recordings::Recordings,
    runtime::RuntimeInfo,
    sidecar_retries::SidecarRetrySwitch,
    store::StoreReader,
    stored::StoredState,
    wire::WireSwitch,
};

/// How long an actor stays in memory after the start of its last turn. A learner can wait for that.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// What an application is made of.
#[derive(Clone)]
pub struct Settings {
    /// The sidecar's gRPC endpoint, `http://HOST:PORT`. It need not answer yet.
    pub dapr_endpoint: String,
    /// `DAPR_API_TOKEN`: what the sidecar asks of its callers.
    pub dapr_api_token: Option<String>,
    /// `APP_API_TOKEN`: what the app channel asks of the sidecar.
    pub app_api_token: Option<String>,
    /// The names by which the sidecar may reach the app channel, beside `localhost` and plain addresses.
    pub allow_hosts: Vec<String>,
    /// The state store itself; without one it cannot be read past Dapr.
    pub store: Option<StoreReader>,
    /// What the lab runs on, for people to read. A sidecar of another process tells the rest when it is asked.
    pub runtime: Runtime,
    /// The switch of the wire to Redis, where there is one.
    pub wire: Option<WireSwitch>,
    /// Whether the sidecar's store does on purpose what a call asks for: the embedded one's does, see
    /// [`StoreHits`](crate::store_hit::StoreHits).
    pub store_hits: bool,
    /// The switch of the embedded sidecar's own retries; none for a daprd.
    pub sidecar_retries: Option<SidecarRetrySwitch>,
    /// The labs: where everything is recorded, and what is set.
    pub labs: Labs,
    /// The retry policy with which a lab begins.
    pub policy: RetryPolicy,
    /// The longest that a turn may last.
    pub turn_limit: Duration,
    /// How long an actor stays in memory after the start of its last turn.
    pub idle_timeout: Duration,
}

impl Default for Settings {
    /// The lesson's policy, and a sidecar at Dapr's own port.
    fn default() -> Self {
        Self {
            dapr_endpoint: "http://127.0.0.1:50001".to_owned(),
            dapr_api_token: None,
            app_api_token: None,
            allow_hosts: Vec::new(),
            store: None,
            runtime: Runtime {
                sidecar: Runtime::UNKNOWN_SIDECAR.to_owned(),
                store: "state store".to_owned(),
                sidecar_http: None,
                origin: "http://127.0.0.1:8000".to_owned(),
            },
            wire: None,
            store_hits: false,
            sidecar_retries: None,
            labs: Labs::new(),
            policy: RetryPolicy::LESSON,
            turn_limit: TURN_LIMIT,
            idle_timeout: IDLE_TIMEOUT,
        }
    }
}

/// An application that is ready to be served.
pub struct Application {
    backend: Arc<LabBackend>,
    agents: Agents,
    timelines: Timelines,
    controls: Controls,
    actor_config: ActorConfig,
    app_api_token: Option<String>,
    allowed: AllowedHosts,
}

impl Application {
    /// Puts an application together. Reaches for nothing: the sidecar is called with the first message. Needs a Tokio runtime.
    ///
    /// # Errors
    /// An endpoint or token that cannot be used.
    pub fn new(settings: Settings) -> Result<Self, DaprError> {
        let Settings {
            dapr_endpoint,
            dapr_api_token,
            app_api_token,
            allow_hosts,
            store,
            runtime,
            wire,
            store_hits,
            sidecar_retries,
            labs,
            policy,
            turn_limit,
            idle_timeout,
        } = settings;
        let dapr = Dapr::new(&dapr_endpoint, dapr_api_token.as_deref())?;
        let mut layers = vec![Layer::Actor];
        layers.extend(store_hits.then_some(Layer::Store));
        let timelines = Timelines::of(&labs);
        let controls = Controls::new(labs.clone(), policy, layers, wire.clone(), sidecar_retries);
        let passes = PassBook::new(labs.clone());
        let agents = Agents::new(Environment {
            state: Arc::new(SidecarState::new(dapr.clone())),
            events: Arc::new(dapr.clone()),
            labs: labs.clone(),
            timelines: timelines.clone(),
            controls: controls.clone(),
            passes: passes.clone(),
            wire,
            turn_limit,
        });
        let backend = LabBackend {
            runtime: RuntimeInfo::new(dapr.clone(), runtime),
            state: StoredState::new(dapr.clone()),
            dapr,
            store,
            labs,
            timelines: timelines.clone(),
            controls: controls.clone(),
            passes,
            recordings: Recordings::default(),
            first_policy: policy,
            idle_timeout,
            stopping: CancellationToken::new(),
        };
        let actor_config = ActorConfig::new(idle_timeout);
        let (backend, allowed) = (Arc::new(backend), AllowedHosts::new(&allow_hosts));
        Ok(Self { backend, agents, timelines, controls, actor_config, app_api_token, allowed })
    }

    /// The door for the page and the REST routes.
    #[must_use]
    pub fn backend(&self) -> SharedBackend {
        self.backend.clone()
    }

    /// The door for the sidecar.
    pub fn app_channel(&self) -> Router {
        app_channel::router(Parts {
            agents: self.agents.clone(),
            timelines: self.timelines.clone(),
            config: self.actor_config.clone(),
            token: self.app_api_token.clone(),
            allowed: self.allowed.clone(),
        })
    }

    /// What people and programs reach: the pages, the server functions, the REST routes and the event streams, which end
    /// at the shutdown.
    pub(crate) fn public(&self, site: &Site, shutdown: CancellationToken) -> Router {
        http::router(Public {
            backend: self.backend(),
            timelines: self.timelines.clone(),
            actors: self.actor_config.clone(),
            site,
            allowed: self.allowed.clone(),
            operations: Operations {
                dapr: self.backend.dapr.clone(),
                labs: self.timelines.labs().clone(),
                stopping: self.backend.stopping.clone(),
            },
            shutdown,
        })
    }

    /// What every actor did.
    #[must_use]
    pub fn timelines(&self) -> Timelines {
        self.timelines.clone()
    }

    /// Ends what waits for people, before a stop: scenarios that are waited for are answered, the attempts go that are held,
    /// and none is held from now on, unless somebody asks for it once more.
    pub fn end_waits(&self) {
        self.backend.stopping.cancel();
        self.controls.end_holds();
    }

    /// Waits until no turn is running or waiting in the actors. The caller sets the limit.
    pub async fn turns_finished(&self) {
        self.agents.turns_finished().await;
    }
}
