//! Real daprd, with a placement service and a Redis of its own, and a Scheduler where it is asked for.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use dapr::dapr::proto::runtime::v1::ShutdownRequest;
use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;
use tonic::transport::Channel;

use super::Setup;
use super::process::{Process, Programs, free_port};
use crate::support;

/// The programs; their output is in files in the folder, and is shown when a test fails.
pub struct Daprd {
    daprd: Process,
    // Not read, but ended with the rest.
    _placement: Option<Process>,
    _scheduler: Option<Process>,
    redis: Process,
    programs: Programs,
    ports: Ports,
    // Last: the folder goes when the programs are gone.
    folder: TempDir,
}

const CONFIGURATION: &str = "apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata: {name: features}
spec:
  features: [{name: ActorStateTTL, enabled: true}]
";

struct Ports {
    redis: u16,
    placement: u16,
    scheduler: u16,
    http: u16,
    grpc: u16,
}

impl Daprd {
    pub async fn start(app: SocketAddr, setup: &Setup) -> Self {
        let programs = Programs::find().unwrap();
        let folder = TempDir::new().unwrap();
        let [redis, placement, scheduler, http, grpc] = std::array::from_fn(|_| free_port());
        let ports = Ports { redis, placement, scheduler, http, grpc };
        let redis = start_redis(&programs, &ports, &folder);
        let placement = setup.placement.then(|| start_placement(&programs, &ports, &folder));
        let mut scheduler = None;
        if setup.scheduler {
            scheduler = Some(start_scheduler(&programs, &ports, &folder).await);
        }
        await_port(ports.redis).await;
        if placement.is_some() {
            await_port(ports.placement).await;
        }
        write_resources(setup, &ports, &folder);
        let daprd = start_daprd(&programs, &ports, &folder, app, setup);
        let mut daprd = Self { daprd, _placement: placement, _scheduler: scheduler, redis, programs, ports, folder };
        daprd.await_api().await;
        daprd
    }

    /// Starts daprd again, beside the same Redis.
    pub async fn go(&mut self, app: SocketAddr, setup: &Setup) {
        self.daprd = start_daprd(&self.programs, &self.ports, &self.folder, app, setup);
        self.await_api().await;
    }

    pub fn redis_host(&self) -> String {
        local(self.ports.redis).to_string()
    }

    pub fn resources(&self) -> PathBuf {
        self.folder.path().join("resources")
    }

    pub fn http_addr(&self) -> SocketAddr {
        local(self.ports.http)
    }

    pub fn grpc_addr(&self) -> SocketAddr {
        local(self.ports.grpc)
    }

    /// Asks daprd to end, and waits until it has.
    pub async fn stop(&mut self, mut client: DaprClient<Channel>, setup: &Setup) {
        let mut request = tonic::Request::new(ShutdownRequest {});
        if let Some(token) = setup.dapr_api_token {
            request.metadata_mut().insert("dapr-api-token", token.parse().unwrap());
        }
        client.shutdown(request).await.unwrap();
        self.daprd.ended().await;
    }

    /// Ends Redis; what it holds stays in a file.
    pub async fn stop_redis(&mut self) {
        self.redis_cli(&["SHUTDOWN", "SAVE"]).await;
        self.redis.ended().await;
    }

    pub async fn start_redis(&mut self) {
        self.redis = start_redis(&self.programs, &self.ports, &self.folder);
        support::until("Redis answers", || async { self.redis_cli(&["PING"]).await == "PONG" }).await;
    }

    /// The hashes, which are what the state store keeps.
    pub async fn stored_keys(&self) -> Vec<String> {
        let keys = self.redis_cli(&["--scan", "--pattern", "app||*"]).await;
        keys.lines().map(str::to_owned).collect()
    }

    /// Waits until every message of a topic has been dealt with, which is when the component acknowledges it.
    pub async fn dealt_with(&self, topic: &str) {
        support::until("every message has been dealt with", || async {
            let groups = self.redis_cli(&["XINFO", "GROUPS", topic]).await;
            let fields: Vec<_> = groups.lines().collect();
            ["pending", "lag"].iter().all(|name| fields.windows(2).any(|pair| pair == [name, "0"]))
        })
        .await;
    }

    async fn redis_cli(&self, words: &[&str]) -> String {
        let mut command = Command::new(&self.programs.redis_cli);
        command.args(["-p", &self.ports.redis.to_string()]).args(words);
        String::from_utf8(command.output().await.unwrap().stdout).unwrap().trim_end().to_owned()
    }

    async fn await_api(&mut self) {
        let url = format!("http://{}/v1.0/healthz/outbound", self.http_addr());
        let client = reqwest::Client::new();
        let process = std::sync::Mutex::new(&mut self.daprd);
        support::until("daprd's APIs answer", || async {
            let answers = client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success());
            process.lock().unwrap().check();
            answers
        })
        .await;
    }
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

pub async fn await_port(port: u16) {
    support::until("a port is open", || async { TcpStream::connect(local(port)).await.is_ok() }).await;
}

fn start_redis(programs: &Programs, ports: &Ports, folder: &TempDir) -> Process {
    redis_server(programs, ports.redis, folder)
}

/// A Redis of the test's own.
pub fn redis_server(programs: &Programs, port: u16, folder: &TempDir) -> Process {
    let mut command = Command::new(&programs.redis_server);
    command.args(["--bind", "127.0.0.1", "--save", "", "--port", &port.to_string(), "--dir"]);
    Process::start("redis", folder.path(), command.arg(folder.path()))
}

fn start_placement(programs: &Programs, ports: &Ports, folder: &TempDir) -> Process {
    let mut command = Command::new(&programs.placement);
    command.args(["--listen-address", "127.0.0.1", "--healthz-listen-address", "127.0.0.1"]);
    command.args(["--enable-metrics=false", "--healthz-port", &free_port().to_string()]);
    command.args(["--port", &ports.placement.to_string(), "--id", "p0"]);
    command.args(["--initial-cluster", &format!("p0=127.0.0.1:{}", free_port())]);
    Process::start("placement", folder.path(), &mut command)
}

/// A Scheduler that is ready: daprd asks for it once, and not again for a while.
async fn start_scheduler(programs: &Programs, ports: &Ports, folder: &TempDir) -> Process {
    let health = free_port();
    let mut command = Command::new(programs.scheduler.as_ref().expect("daprd's reminders need a Scheduler"));
    command.args(["--listen-address", "127.0.0.1", "--healthz-listen-address", "127.0.0.1", "--enable-metrics=false"]);
    command.args(["--port", &ports.scheduler.to_string(), "--healthz-port", &health.to_string(), "--id", "s0"]);
    command.args(["--etcd-client-port", &free_port().to_string(), "--etcd-backend-batch-interval", "10ms"]);
    command.args(["--etcd-initial-cluster", &format!("s0=http://127.0.0.1:{}", free_port())]);
    command.arg("--etcd-data-dir").arg(folder.path().join("scheduler"));
    let mut process = Process::start("scheduler", folder.path(), &mut command);
    let (client, url) = (reqwest::Client::new(), format!("http://127.0.0.1:{health}/healthz"));
    let watched = std::sync::Mutex::new(&mut process);
    support::until("the Scheduler is ready", || async {
        watched.lock().unwrap().check();
        client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success())
    })
    .await;
    process
}

fn start_daprd(programs: &Programs, ports: &Ports, folder: &TempDir, app: SocketAddr, setup: &Setup) -> Process {
    let mut command = Command::new(&programs.daprd);
    // A relative path of a SQLite file is relative to here.
    command.current_dir(folder.path());
    let protocol = if setup.app_stream { "grpc" } else { "http" };
    command.args(["--mode", "standalone", "--app-id", "app", "--app-protocol", protocol, "--enable-metrics=false"]);
    command.args(["--app-channel-address", "127.0.0.1", "--dapr-listen-addresses", "127.0.0.1"]);
    command.args(["--dapr-internal-grpc-listen-address", "127.0.0.1", "--log-level", "debug"]);
    command.args(["--app-port", &app.port().to_string(), "--dapr-http-port", &ports.http.to_string()]);
    command.args(["--dapr-grpc-port", &ports.grpc.to_string()]);
    command.args(["--dapr-internal-grpc-port", &free_port().to_string()]);
    command.arg("--resources-path").arg(folder.path().join("resources"));
    if setup.actor_state_ttl {
        let file = folder.path().join("config.yaml");
        fs::write(&file, CONFIGURATION).unwrap();
        command.arg("--config").arg(file);
    }
    if setup.app_health {
        command.args(["--enable-app-health-check", "--app-health-probe-interval", "1", "--app-health-threshold", "1"]);
    }
    if setup.placement {
        command.args(["--placement-host-address", &local(ports.placement).to_string()]);
    }
    if setup.scheduler {
        command.args(["--scheduler-host-address", &local(ports.scheduler).to_string()]);
    }
    if let Some(bytes) = setup.max_body_bytes {
        command.args(["--max-body-size", &bytes.to_string()]);
    }
    for (name, value) in [("DAPR_API_TOKEN", setup.dapr_api_token), ("APP_API_TOKEN", setup.app_api_token)] {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Process::start("daprd", folder.path(), &mut command)
}

fn write_resources(setup: &Setup, ports: &Ports, folder: &TempDir) {
    let host = local(ports.redis);
    let mut documents = Vec::from_iter(setup.store_document(&format!("state.redis {host}")));
    if setup.pubsub {
        documents.push(format!(
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: bus}}\nspec:\n  type: pubsub.redis\n  \
             version: v1\n  metadata:\n  - {{name: redisHost, value: {:?}}}\n",
            host.to_string()
        ));
    }
    documents.extend(setup.documents.iter().map(|text| text.replace("{redis}", &host.to_string())));
    let resources = folder.path().join("resources");
    fs::create_dir_all(&resources).unwrap();
    for (number, document) in documents.iter().enumerate() {
        // daprd reads a file as one document.
        fs::write(resources.join(format!("{number}.yaml")), document).unwrap();
    }
}
