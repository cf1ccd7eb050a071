//! A scripted app, and a real sidecar beside it.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub)]

use std::collections::HashMap;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use dapr::dapr::proto::runtime::v1::{
    ExecuteActorStateTransactionRequest, GetActorStateRequest, InvokeActorRequest, TransactionalActorStateOperation,
};
use futures::future::BoxFuture;
use http::{HeaderMap, Method, StatusCode};
use sidecar::{Config, Resources, Sidecar, StartError};
use tokio::sync::{Notify, Semaphore};
use tonic::transport::Channel;

/// The longest a test waits for something that has to happen.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// The longest that a call of an actor takes in any test. Without it, one that is lost waits for the hour after
/// which Dapr deactivates an idle actor.
const CALL: Duration = Duration::from_secs(60);

pub const TYPE: &str = "Counter";

/// The actor whose calls are answered at once and not kept, whatever the app's script is: see [`pass_by`].
pub const PASSER_BY: &str = "passer-by";

/// One request that the app received.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == path
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Handler = Arc<dyn Fn(Seen) -> BoxFuture<'static, Response> + Send + Sync>;

/// The app's side: its answers are scripted, its requests are kept.
#[derive(Clone)]
pub struct App {
    pub config: String,
    pub config_status: StatusCode,
    pub subscribe: Option<String>,
    handler: Handler,
    seen: Arc<Mutex<Vec<Seen>>>,
    arrived: Arc<Notify>,
    connections: tokio_util::sync::CancellationToken,
}

impl App {
    /// Answers every method with its body and everything else with an empty 200.
    pub fn echo() -> Self {
        Self::answering(|seen| async move { seen.body.into_response() })
    }

    pub fn answering<F, Fut>(handler: F) -> Self
    where
        F: Fn(Seen) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        Self {
            config: format!(r#"{{"entities":["{TYPE}"]}}"#),
            config_status: StatusCode::OK,
            subscribe: None,
            handler: Arc::new(move |seen| Box::pin(handler(seen))),
            seen: Arc::default(),
            arrived: Arc::default(),
            connections: tokio_util::sync::CancellationToken::new(),
        }
    }

    /// Deactivates actors after `idle` (a Go duration) without a call.
    pub fn idle(mut self, idle: &str) -> Self {
        self.config =
            format!(r#"{{"entities":["{TYPE}"],"actorIdleTimeout":"{idle}","drainOngoingCallTimeout":"5s"}}"#);
        self
    }

    pub fn subscribing(mut self, answer: &str) -> Self {
        self.subscribe = Some(answer.to_owned());
        self
    }

    pub async fn listen(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        self.serve(listener);
        addr
    }

    pub fn serve(&self, listener: tokio::net::TcpListener) {
        let app = self.clone();
        let stop = self.connections.clone();
        let router = axum::Router::new().fallback(move |request: Request| {
            let app = app.clone();
            async move { app.answer(request).await }
        });
        tokio::spawn(async move {
            let _ = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
        });
    }

    /// Listens no more; what it has begun it answers.
    pub fn close(&self) {
        self.connections.cancel();
    }

    async fn answer(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let seen = Seen { method: parts.method, path: parts.uri.to_string(), headers: parts.headers, body };
        if seen.method == Method::PUT && seen.path.contains(PASSER_BY) {
            return StatusCode::OK.into_response();
        }
        self.seen.lock().unwrap().push(seen.clone());
        self.arrived.notify_waiters();
        match seen.path.as_str() {
            "/dapr/config" => (self.config_status, self.config.clone()).into_response(),
            "/dapr/subscribe" => match &self.subscribe {
                Some(answer) => answer.clone().into_response(),
                None => StatusCode::NOT_FOUND.into_response(),
            },
            _ => (self.handler)(seen).await,
        }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn matching(&self, wanted: impl Fn(&Seen) -> bool) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| wanted(seen)).collect()
    }

    /// Waits until `count` matching requests have arrived.
    pub async fn wait(&self, count: usize, wanted: impl Fn(&Seen) -> bool) -> Vec<Seen> {
        let waited = tokio::time::timeout(DEADLINE, async {
            loop {
                let arrived = self.arrived.notified();
                let found = self.matching(&wanted);
                if found.len() >= count {
                    return found;
                }
                arrived.await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("the app did not see {count} such requests: {:#?}", self.seen()))
    }

    /// Waits for the `DELETE` of an actor.
    pub async fn wait_deactivated(&self, id: &str, times: usize) {
        let path = format!("/actors/{TYPE}/{id}");
        self.wait(times, |seen| seen.is("DELETE", &path)).await;
    }
}

pub const STORE: &str = r#"
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: statestore}
spec:
  type: state.sqlite
  version: v1
  metadata:
  - {name: connectionString, value: state.db}
  - {name: actorStateStore, value: "true"}
"#;

pub const PUBSUB: &str = r#"
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: bus}
spec: {type: pubsub.in-memory, version: v1}
"#;

pub fn resources(documents: &[&str]) -> Resources {
    Resources::from_documents(documents.iter().map(|text| ("test.yaml", *text))).unwrap()
}

/// A configuration on free ports.
pub fn config(app: SocketAddr, documents: &[&str], base: &std::path::Path) -> Config {
    Config {
        http_addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        grpc_addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        base_dir: base.to_owned(),
        ..Config::new("app", app, resources(documents))
    }
}

/// A sidecar with its app.
pub struct Lab {
    pub app: App,
    pub sidecar: Sidecar,
    pub grpc: DaprClient<Channel>,
    pub http: reqwest::Client,
    pub folder: Arc<tempfile::TempDir>,
}

impl Lab {
    pub async fn start(app: App) -> Self {
        Self::with(app, &[STORE, PUBSUB], |_| {}).await
    }

    pub async fn with(app: App, documents: &[&str], adjust: impl FnOnce(&mut Config)) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let lab = Self::in_folder(app, documents, folder, adjust).await.unwrap();
        lab.sidecar.ready().await;
        lab
    }

    pub async fn in_folder(
        app: App,
        documents: &[&str],
        folder: Arc<tempfile::TempDir>,
        adjust: impl FnOnce(&mut Config),
    ) -> Result<Self, StartError> {
        let addr = app.listen().await;
        let mut config = config(addr, documents, folder.path());
        adjust(&mut config);
        let sidecar = Sidecar::start(config).await?;
        let grpc = connect(&sidecar).await;
        Ok(Self { app, sidecar, grpc, http: reqwest::Client::new(), folder })
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.sidecar.http_addr())
    }

    pub async fn invoke(&self, id: &str, method: &str, body: &str) -> Result<Vec<u8>, tonic::Status> {
        invoke(self.grpc.clone(), TYPE, id, method, body).await
    }

    pub async fn get_state(&self, id: &str, key: &str) -> Result<Vec<u8>, tonic::Status> {
        let request = GetActorStateRequest { actor_type: TYPE.into(), actor_id: id.into(), key: key.into() };
        let answer = self.grpc.clone().get_actor_state(request).await?;
        Ok(answer.into_inner().data)
    }

    pub async fn change_state(
        &self,
        id: &str,
        operations: Vec<TransactionalActorStateOperation>,
    ) -> Result<(), tonic::Status> {
        let request = ExecuteActorStateTransactionRequest { actor_type: TYPE.into(), actor_id: id.into(), operations };
        self.grpc.clone().execute_actor_state_transaction(request).await?;
        Ok(())
    }
}

pub async fn connect(sidecar: &Sidecar) -> DaprClient<Channel> {
    DaprClient::connect(format!("http://{}", sidecar.grpc_addr())).await.unwrap()
}

pub async fn invoke(
    mut client: DaprClient<Channel>,
    kind: &str,
    id: &str,
    method: &str,
    body: &str,
) -> Result<Vec<u8>, tonic::Status> {
    let request = InvokeActorRequest {
        actor_type: kind.into(),
        actor_id: id.into(),
        method: method.into(),
        data: body.as_bytes().to_vec(),
        metadata: HashMap::new(),
    };
    let answer = tokio::time::timeout(CALL, client.invoke_actor(request)).await;
    Ok(answer.expect("a call is answered")?.into_inner().data)
}

/// Waits until calls of another actor that were sent later have been to the app and back, one after the other: what was
/// sent before on the same connection has come to where it is stopped by then, if anything stops it.
pub async fn pass_by(client: &DaprClient<Channel>) {
    for _ in 0..3 {
        invoke(client.clone(), TYPE, PASSER_BY, "Do", "").await.unwrap();
    }
}

pub fn upsert(key: &str, value: &str) -> TransactionalActorStateOperation {
    TransactionalActorStateOperation {
        operation_type: "upsert".into(),
        key: key.into(),
        value: Some(prost_types::Any { type_url: String::new(), value: value.as_bytes().to_vec() }),
        metadata: HashMap::new(),
    }
}

pub fn delete(key: &str) -> TransactionalActorStateOperation {
    TransactionalActorStateOperation {
        operation_type: "delete".into(),
        key: key.into(),
        value: None,
        metadata: HashMap::new(),
    }
}

/// Holds requests in the app until the test lets them go, one permit each.
#[derive(Clone)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    pub fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    pub fn open(&self, requests: usize) {
        self.0.add_permits(requests);
    }

    pub async fn pass(&self) {
        self.0.acquire().await.unwrap().forget();
    }
}

/// An app whose actor methods wait at a gate and then echo.
pub fn gated(gate: &Gate) -> App {
    let gate = gate.clone();
    App::answering(move |seen| {
        let gate = gate.clone();
        async move {
            if seen.method == Method::PUT {
                gate.pass().await;
            }
            seen.body.into_response()
        }
    })
}

/// Waits until a condition holds.
pub async fn until<F, Fut>(what: &str, mut condition: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let waited = tokio::time::timeout(DEADLINE, async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(waited.await.is_ok(), "never happened: {what}");
}
