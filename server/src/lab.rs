//! The lab, put together: the actors, what watches them, and the two ways in.

use std::{sync::Arc, time::Duration};

use app::{backend::SharedBackend, lab::Runtime, policy::RetryPolicy};
use axum::Router;

use crate::{
    actor::{Agents, Shared, TimeLimits},
    app_channel::{self, ActorConfig, Parts},
    backend::LabBackend,
    checks::PassBook,
    dapr::{Dapr, DaprError},
    faults::Faults,
    runtime::RuntimeInfo,
    store::StoreReader,
    timeline::Timelines,
    wire::WireSwitch,
};

/// How long an actor stays in memory after the start of its last turn. A learner can wait for that.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// What a lab is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The sidecar's gRPC endpoint, `http://HOST:PORT`. It need not answer yet.
    pub dapr_endpoint: String,
    /// `DAPR_API_TOKEN`: what the sidecar asks of its callers.
    pub dapr_api_token: Option<String>,
    /// `APP_API_TOKEN`: what the app channel asks of the sidecar.
    pub app_api_token: Option<String>,
    /// The state store itself; without one it cannot be read past Dapr.
    pub store: Option<StoreReader>,
    /// What the lab runs on, for people to read. A sidecar of another process tells the rest when it is asked.
    pub runtime: Runtime,
    /// The switch of the wire to Redis, where there is one.
    pub wire: Option<WireSwitch>,
    /// How often state operations are tried.
    pub policy: RetryPolicy,
    /// How long turns and attempts may last.
    pub limits: TimeLimits,
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
            store: None,
            runtime: Runtime {
                sidecar: Runtime::UNKNOWN_SIDECAR.to_owned(),
                store: "state store".to_owned(),
                sidecar_http: None,
                origin: "http://127.0.0.1:8000".to_owned(),
            },
            wire: None,
            policy: RetryPolicy::LESSON,
            limits: TimeLimits::default(),
            idle_timeout: IDLE_TIMEOUT,
        }
    }
}

/// A lab that is ready to be served.
pub struct Lab {
    backend: Arc<LabBackend>,
    agents: Agents,
    timelines: Timelines,
    actor_config: ActorConfig,
    app_api_token: Option<String>,
}

impl Lab {
    /// Puts a lab together. Reaches for nothing: the sidecar is called with the first message. Needs a Tokio runtime.
    ///
    /// # Errors
    /// An endpoint or token that cannot be used.
    pub fn new(settings: Settings) -> Result<Self, DaprError> {
        let Settings {
            dapr_endpoint,
            dapr_api_token,
            app_api_token,
            store,
            runtime,
            wire,
            policy,
            limits,
            idle_timeout,
        } = settings;
        let dapr = Dapr::new(&dapr_endpoint, dapr_api_token.as_deref())?;
        let timelines = Timelines::new();
        let faults = Faults::new(timelines.clone());
        let passes = PassBook::new(timelines.clone());
        let agents = Agents::new(Shared {
            state: Arc::new(dapr.clone()),
            events: Arc::new(dapr.clone()),
            timelines: timelines.clone(),
            faults: faults.clone(),
            passes: passes.clone(),
            wire: wire.clone(),
            policy,
            limits,
        });
        let backend = LabBackend {
            runtime: RuntimeInfo::new(dapr.clone(), runtime),
            dapr,
            store,
            wire,
            policy,
            timelines: timelines.clone(),
            faults,
            passes,
        };
        let actor_config = ActorConfig::new(idle_timeout);
        Ok(Self { backend: Arc::new(backend), agents, timelines, actor_config, app_api_token })
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
        })
    }

    /// What every actor did.
    #[must_use]
    pub fn timelines(&self) -> Timelines {
        self.timelines.clone()
    }

    /// What the sidecar is told about the actors.
    #[must_use]
    pub fn actor_config(&self) -> ActorConfig {
        self.actor_config.clone()
    }

    /// Waits until no turn is running or waiting in the actors. The caller sets the limit.
    pub async fn turns_finished(&self) {
        self.agents.turns_finished().await;
    }
}
