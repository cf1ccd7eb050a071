//! A sidecar for somebody else's test.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use crate::config::Config;
use crate::faults::FaultPlan;
use crate::observation::Observer;
use crate::resources::Resources;
use crate::start::Sidecar;
use crate::start_error::StartError;

/// The name that documents have in errors that were given as text.
const GIVEN: &str = "a document given to the builder";

const MEMORY: &str = r#"{"apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": {"name": "statestore"},
"spec": {"type": "state.in-memory", "version": "v1", "metadata": [{"name": "actorStateStore", "value": "true"}]}}"#;

const FILE: &str = r#"{"apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": {"name": "statestore"},
"spec": {"type": "state.sqlite", "version": "v1", "metadata": [{"name": "connectionString", "value": "state.db"},
{"name": "actorStateStore", "value": "true"}]}}"#;

const PUBSUB: &str = r#"{"apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": {"name": "pubsub"},
"spec": {"type": "pubsub.in-memory", "version": "v1"}}"#;

/// What is changed last.
type Change = Box<dyn FnOnce(&mut Config) + Send>;

/// Builds a [`Sidecar`] that is alone in the world: on free ports, with a store and a broker of its own, which nobody
/// else on the machine finds, and which is gone when it is dropped.
///
/// What it starts with, until something else is said:
/// - the app id `app`, and no app ([`SidecarBuilder::app`] names one);
/// - the component `statestore`, which keeps actors and other state in memory;
/// - the component `pubsub`, in memory;
/// - `ttlInSeconds` of actor state allowed, no tokens, no metrics.
///
/// An app in axum that hosts one actor type, and a test of it:
///
/// ```
/// use axum::extract::{Path, State};
/// use axum::http::StatusCode;
/// use axum::routing::{delete, get, put};
/// use axum::{Json, Router};
/// use serde_json::{Value, json};
/// use sidecar::Sidecar;
/// use sidecar::faults::{Fault, FaultRule, Faults};
/// use sidecar::observation::{EventKind, channel};
///
/// /// What the app knows: where its sidecar's state API of an actor is.
/// #[derive(Clone)]
/// struct App {
///     http: reqwest::Client,
///     sidecar: String,
/// }
///
/// /// `Counter/{id}/method/Increment`: adds one to the number that is stored, and answers with it.
/// async fn increment(State(app): State<App>, Path(id): Path<String>) -> Result<Json<u64>, (StatusCode, String)> {
///     let failed = |error: reqwest::Error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
///     let state = format!("{}/v1.0/actors/Counter/{id}/state", app.sidecar);
///     let stored = app.http.get(format!("{state}/count")).send().await.map_err(failed)?;
///     let count = stored.json::<u64>().await.unwrap_or(0) + 1;
///     let change = json!([{"operation": "upsert", "request": {"key": "count", "value": count}}]);
///     let saved = app.http.put(&state).json(&change).send().await.map_err(failed)?;
///     saved.error_for_status().map_err(failed)?;
///     Ok(Json(count))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // The app's port is known before it serves, and the sidecar waits for it.
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// let (faults, (sender, mut events)) = (Faults::new(), channel(1_000));
/// let sidecar =
///     Sidecar::builder().app(listener.local_addr()?).faults(faults.plan()).observer(sender).start().await?;
///
/// let app = App { http: reqwest::Client::new(), sidecar: sidecar.http_url() };
/// let routes = Router::new()
///     .route("/dapr/config", get(|| async { Json(json!({"entities": ["Counter"]})) }))
///     .route("/actors/Counter/{id}", delete(|| async {}))
///     .route("/actors/Counter/{id}/method/Increment", put(increment))
///     .with_state(app.clone());
/// tokio::spawn(async { axum::serve(listener, routes).await });
/// sidecar.ready().await;
///
/// let url = format!("{}/v1.0/actors/Counter/a/method/Increment", sidecar.http_url());
/// assert_eq!(app.http.put(&url).send().await?.json::<u64>().await?, 1);
///
/// // The next save fails: the caller is told, and nothing is counted.
/// faults.add(FaultRule::writes().of_actor("Counter", "a").times(1), Fault::fail("the disk is full"));
/// assert_eq!(app.http.put(&url).send().await?.status(), 500);
/// assert_eq!(app.http.put(&url).send().await?.json::<u64>().await?, 2);
///
/// // Each of the three calls had a turn of its own.
/// sidecar.shutdown().await;
/// let mut turns = Vec::new();
/// while let Some(event) = events.try_recv() {
///     if let EventKind::CallStarted { turn, .. } = event.kind {
///         turns.push(turn);
///     }
/// }
/// assert_eq!(turns.len(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
#[must_use = "a builder does nothing until it is started"]
pub struct SidecarBuilder {
    app: Option<SocketAddr>,
    app_id: Option<String>,
    in_file: bool,
    documents: Vec<String>,
    observers: Vec<Arc<dyn Observer>>,
    faults: Option<Arc<dyn FaultPlan>>,
    configure: Vec<Change>,
}

impl Sidecar {
    /// Begins with a sidecar for a test.
    pub fn builder() -> SidecarBuilder {
        SidecarBuilder::default()
    }
}

impl fmt::Debug for SidecarBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SidecarBuilder").field("app", &self.app).field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

impl SidecarBuilder {
    /// The app listens there, or will: bind its listener first, and serve when the sidecar has started.
    pub fn app(self, addr: SocketAddr) -> Self {
        Self { app: Some(addr), ..self }
    }

    /// The app's id.
    pub fn app_id(self, id: impl Into<String>) -> Self {
        Self { app_id: Some(id.into()), ..self }
    }

    /// State is kept in a SQLite file in a folder of its own, which is removed when the sidecar is dropped; see
    /// [`Sidecar::store_path`].
    pub fn in_temporary_file(self) -> Self {
        Self { in_file: true, ..self }
    }

    /// Adds a Dapr resource as YAML or JSON: a subscription, a resiliency policy, another component. A component of the
    /// name `statestore` or `pubsub` takes the place of the one that there would be, and one that keeps actors
    /// (`actorStateStore`) that of `statestore`.
    pub fn document(mut self, text: impl Into<String>) -> Self {
        self.documents.push(text.into());
        self
    }

    /// Is told of everything that happens: see [`observation`](crate::observation).
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Says which calls to stores and brokers are to fail: see [`faults`](crate::faults).
    pub fn faults(self, plan: Arc<dyn FaultPlan>) -> Self {
        Self { faults: Some(plan), ..self }
    }

    /// Changes whatever else there is to be said. It is called last.
    pub fn configure(mut self, change: impl FnOnce(&mut Config) + Send + 'static) -> Self {
        self.configure.push(Box::new(change));
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// See [`StartError`]; a document that is not what its `kind` says is one.
    pub async fn start(self) -> Result<Sidecar, StartError> {
        let given = Resources::from_documents(self.documents.iter().map(|text| (GIVEN, text)))?;
        let own = if self.in_file { FILE } else { MEMORY };
        let resources = given.with_defaults(Resources::from_documents([("statestore", own), ("pubsub", PUBSUB)])?);
        let folder =
            tempfile::Builder::new().prefix("sidecar-").tempdir().map_err(|problem| StartError::Folder { problem })?;
        let app = self.app.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let mut config = Config {
            http_addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            grpc_addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            base_dir: folder.path().to_owned(),
            actor_state_ttl: true,
            ..Config::new(self.app_id.unwrap_or_else(|| "app".to_owned()), app, resources)
        };
        config.ports.observers = self.observers;
        config.ports.faults = self.faults;
        self.configure.into_iter().for_each(|change| change(&mut config));
        Ok(Sidecar::start(config).await?.with_folder(folder))
    }
}
