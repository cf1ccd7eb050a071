//! The two runtimes behind one door.

mod daprd;
mod embedded;
#[allow(dead_code)]
#[path = "../../../../server/tests/dapr/process.rs"]
pub mod process;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use dapr::dapr::proto::runtime::v1::{
    ExecuteActorStateTransactionRequest, GetActorStateRequest, GetMetadataRequest, PublishEventRequest,
    TransactionalActorStateOperation,
};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinHandle;
use tonic::transport::Channel;

use crate::support::{self, App, TYPE};
use daprd::Daprd;
use embedded::Embedded;

/// A daprd with placement and Redis is three processes: few run at once.
static PLACES: Semaphore = Semaphore::const_new(2);

/// Which sidecar a behaviour is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    Embedded,
    Daprd,
}

/// What stands behind the actors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// The runtime's own: SQLite, or Redis.
    Usual,
    /// The same, without `actorStateStore`.
    NotForActors,
    /// A SQLite file, on either runtime.
    File(PathBuf),
    /// No component at all, but what is among the documents.
    None,
}

/// What a runtime is started with besides its app.
#[derive(Debug, Clone)]
pub struct Setup {
    pub store: Store,
    /// Whether there is a pub/sub component, `bus`.
    pub pubsub: bool,
    /// Whether daprd is told of a placement service.
    pub placement: bool,
    /// Whether daprd is told of a Scheduler, which keeps its reminders.
    pub scheduler: bool,
    /// Whether the documents refer to a Redis, as `{redis}`.
    pub redis: bool,
    /// More resource files.
    pub documents: Vec<String>,
    pub dapr_api_token: Option<&'static str>,
    pub app_api_token: Option<&'static str>,
    pub max_body_bytes: Option<usize>,
    /// Whether the feature `ActorStateTTL` is on.
    pub actor_state_ttl: bool,
    /// Whether the app is asked for its health, each second; the first answer counts.
    pub app_health: bool,
    /// Whether the app hosts its actors over a stream, and listens nowhere.
    pub app_stream: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            store: Store::Usual,
            pubsub: true,
            placement: true,
            scheduler: false,
            redis: false,
            documents: Vec::new(),
            dapr_api_token: None,
            app_api_token: None,
            max_body_bytes: None,
            actor_state_ttl: false,
            app_health: false,
            app_stream: false,
        }
    }
}

impl Setup {
    pub fn documents(documents: &[&str]) -> Self {
        let documents = documents.iter().map(|&text| text.to_owned()).collect();
        Self { documents, ..Self::default() }
    }

    /// The component `statestore`.
    fn store_document(&self, usual: &str) -> Option<String> {
        let (kind, place) = match &self.store {
            Store::File(path) => ("state.sqlite", format!("{{name: connectionString, value: {path:?}}}")),
            Store::None => return None,
            Store::Usual | Store::NotForActors => match usual.split_once(' ') {
                Some((kind, host)) => (kind, format!("{{name: redisHost, value: {host:?}}}")),
                None => (usual, "{name: connectionString, value: state.db}".to_owned()),
            },
        };
        let actors = match self.store {
            Store::NotForActors => "",
            _ => "  - {name: actorStateStore, value: \"true\"}\n",
        };
        Some(format!(
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: statestore}}\nspec:\n  type: {kind}\n  \
             version: v1\n  metadata:\n  - {place}\n{actors}"
        ))
    }
}

impl Runtime {
    /// Real Dapr, and a place to run it; `None` where it is missing.
    pub async fn daprd() -> Option<(Self, SemaphorePermit<'static>)> {
        process::Programs::find()?;
        Some((Self::Daprd, PLACES.acquire().await.unwrap()))
    }

    /// The same with a Scheduler.
    ///
    /// # Panics
    /// If there is none with `CI=true`: a test that was skipped would look like one that passed.
    pub async fn daprd_with_scheduler() -> Option<(Self, SemaphorePermit<'static>)> {
        if process::Programs::find()?.scheduler.is_none() {
            let words = "daprd's reminders are not tested: there is no scheduler (cargo xtask test gets it)";
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{words}");
            eprintln!("skipped: {words}");
            return None;
        }
        Self::daprd().await
    }

    /// Whether a Redis can be started.
    pub fn has_redis() -> bool {
        process::Programs::find().is_some()
    }

    /// Starts with what is usual, and waits until the app's actors are hosted.
    pub async fn start(self, app: App) -> Lab {
        self.with(app, Setup::default()).await
    }

    /// Starts, and waits until the app's actors are hosted.
    pub async fn with(self, app: App, setup: Setup) -> Lab {
        let addr = app.listen().await;
        let lab = self.launch(app, addr, setup).await;
        lab.ready().await;
        lab
    }

    /// Starts, and waits until the APIs answer. Nobody need listen at `addr` yet.
    pub async fn launch(self, app: App, addr: SocketAddr, setup: Setup) -> Lab {
        let part = match self {
            Self::Embedded => Part::Embedded(Box::new(Embedded::start(addr, &setup).await)),
            Self::Daprd => Part::Daprd(Box::new(Daprd::start(addr, &setup).await)),
        };
        Lab::on(part, app, addr, setup).await
    }
}

enum Part {
    Embedded(Box<Embedded>),
    Daprd(Box<Daprd>),
}

/// An app with its sidecar.
pub struct Lab {
    pub app: App,
    pub app_addr: SocketAddr,
    pub grpc: DaprClient<Channel>,
    pub http: reqwest::Client,
    http_addr: SocketAddr,
    grpc_addr: SocketAddr,
    part: Part,
    setup: Setup,
}

impl Lab {
    async fn on(part: Part, app: App, app_addr: SocketAddr, setup: Setup) -> Self {
        let (http_addr, grpc_addr) = match &part {
            Part::Embedded(embedded) => (embedded.sidecar().http_addr(), embedded.sidecar().grpc_addr()),
            Part::Daprd(daprd) => (daprd.http_addr(), daprd.grpc_addr()),
        };
        let grpc = DaprClient::connect(format!("http://{grpc_addr}")).await.unwrap();
        Self { app, app_addr, grpc, http: reqwest::Client::new(), http_addr, grpc_addr, part, setup }
    }

    /// Waits until the app's actors are hosted.
    pub async fn ready(&self) {
        let url = self.url("/v1.0/healthz");
        support::until("the sidecar is ready", || async {
            self.http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
    }

    /// Ends in order and returns the app, when everything that belongs to the end has been done.
    pub async fn shutdown(self) -> App {
        match self.part {
            Part::Embedded(mut embedded) => embedded.stop().await,
            Part::Daprd(mut daprd) => daprd.stop(self.grpc, &self.setup).await,
        }
        self.app
    }

    /// Ends in order and starts again, on the same store.
    pub async fn restart(self) -> Self {
        let part = match self.part {
            Part::Embedded(mut embedded) => {
                embedded.stop().await;
                embedded.go(self.app_addr, &self.setup).await;
                Part::Embedded(embedded)
            }
            Part::Daprd(mut daprd) => {
                daprd.stop(self.grpc, &self.setup).await;
                daprd.go(self.app_addr, &self.setup).await;
                Part::Daprd(daprd)
            }
        };
        let lab = Self::on(part, self.app, self.app_addr, self.setup).await;
        lab.ready().await;
        lab
    }

    /// Takes the state store away from under the sidecar.
    pub async fn break_store(&mut self) {
        match &mut self.part {
            Part::Embedded(embedded) => embedded.break_store(),
            Part::Daprd(daprd) => daprd.stop_redis().await,
        }
    }

    /// Gives it back, with what was in it.
    pub async fn mend_store(&mut self) {
        match &mut self.part {
            Part::Embedded(embedded) => embedded.mend_store(),
            Part::Daprd(daprd) => daprd.start_redis().await,
        }
    }

    /// The keys in the store itself, read past the sidecar.
    pub async fn stored_keys(&self) -> Vec<String> {
        let mut keys = match &self.part {
            Part::Embedded(embedded) => embedded.stored_keys(),
            Part::Daprd(daprd) => daprd.stored_keys().await,
        };
        keys.sort();
        keys
    }

    /// Where the Redis is that the documents refer to.
    pub fn redis_host(&self) -> String {
        match &self.part {
            Part::Embedded(embedded) => embedded.redis_host(),
            Part::Daprd(daprd) => daprd.redis_host(),
        }
    }

    /// Says something to that Redis, past the sidecar.
    pub async fn redis(&self, words: &[&str]) -> String {
        let programs = process::Programs::find().unwrap();
        let port = self.redis_host().rsplit_once(':').unwrap().1.to_owned();
        let mut command = tokio::process::Command::new(programs.redis_cli);
        command.args(["-p", &port]).args(words);
        String::from_utf8(command.output().await.unwrap().stdout).unwrap().trim_end().to_owned()
    }

    /// Puts a file into the resources folder while the sidecar runs.
    pub fn write_resource(&self, name: &str, text: &str) {
        std::fs::write(self.resources().join(name), text).unwrap();
    }

    pub fn remove_resource(&self, name: &str) {
        std::fs::remove_file(self.resources().join(name)).unwrap();
    }

    fn resources(&self) -> PathBuf {
        match &self.part {
            Part::Embedded(embedded) => embedded.resources(),
            Part::Daprd(daprd) => daprd.resources(),
        }
    }

    /// Waits until everything has been dealt with that was published before the last message that the app has seen.
    pub async fn dealt_with(&self, topic: &str) {
        match &self.part {
            // It serves a topic in order.
            Part::Embedded(_) => {}
            Part::Daprd(daprd) => daprd.dealt_with(topic).await,
        }
    }

    /// A connection of its own to the gRPC API.
    pub async fn channel(&self) -> Channel {
        Channel::from_shared(format!("http://{}", self.grpc_addr)).unwrap().connect().await.unwrap()
    }

    /// The ports of the HTTP and the gRPC API.
    pub fn ports(&self) -> (u16, u16) {
        (self.http_addr.port(), self.grpc_addr.port())
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http_addr)
    }

    pub async fn invoke(&self, id: &str, method: &str, body: &str) -> Result<Vec<u8>, tonic::Status> {
        support::invoke(self.grpc.clone(), TYPE, id, method, body).await
    }

    /// Calls the method `Do`, in a task of its own.
    pub fn spawn(&self, id: &str, body: &str) -> JoinHandle<Result<Vec<u8>, tonic::Status>> {
        let (client, id, body) = (self.grpc.clone(), id.to_owned(), body.to_owned());
        tokio::spawn(async move { support::invoke(client, TYPE, &id, "Do", &body).await })
    }

    pub async fn get_state(&self, id: &str, key: &str) -> Result<Vec<u8>, tonic::Status> {
        let request = GetActorStateRequest { actor_type: TYPE.into(), actor_id: id.into(), key: key.into() };
        Ok(self.grpc.clone().get_actor_state(request).await?.into_inner().data)
    }

    pub async fn change_state(
        &self,
        id: &str,
        operations: Vec<TransactionalActorStateOperation>,
    ) -> Result<(), tonic::Status> {
        let request = ExecuteActorStateTransactionRequest { actor_type: TYPE.into(), actor_id: id.into(), operations };
        self.grpc.clone().execute_actor_state_transaction(request).await.map(|_| ())
    }

    /// How many actors of the type are active, as the metadata tell.
    pub async fn active(&self) -> i32 {
        let answer = self.grpc.clone().get_metadata(GetMetadataRequest {}).await.unwrap();
        let actors = answer.into_inner().actor_runtime.unwrap().active_actors;
        actors.iter().find(|actor| actor.r#type == TYPE).unwrap().count
    }

    pub async fn publish(
        &self,
        topic: &str,
        content_type: &str,
        data: &[u8],
        metadata: &[(&str, &str)],
    ) -> Result<(), tonic::Status> {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        let request = PublishEventRequest {
            pubsub_name: "bus".into(),
            topic: topic.into(),
            data: data.to_vec(),
            data_content_type: content_type.into(),
            metadata: metadata.iter().map(owned).collect::<HashMap<_, _>>(),
        };
        self.grpc.clone().publish_event(request).await.map(|_| ())
    }
}
