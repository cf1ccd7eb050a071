//! Redis, `faultlab` with its wire in front of Redis, placement and daprd, each a process of its own.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use model::{
    message::Message,
    timeline::{Event, Step, TimelineSnapshot},
};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    process::Command,
    sync::{Semaphore, SemaphorePermit},
    time::{interval, timeout},
};

use crate::process::{Process, Programs, free_port};

/// How long anything may take before a test gives up on it. daprd alone may wait for half a minute.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A rig is four programs: few run at once.
static RIGS: Semaphore = Semaphore::const_new(2);

struct Ports {
    redis: u16,
    wire: u16,
    public: u16,
    app: u16,
    placement: u16,
    placement_health: u16,
    placement_raft: u16,
    dapr_http: u16,
    dapr_grpc: u16,
    dapr_internal: u16,
}

pub struct Rig {
    pub client: Client,
    pub programs: Programs,
    pub redis: Process,
    pub faultlab: Process,
    pub placement: Process,
    pub daprd: Process,
    ports: Ports,
    flags: &'static [&'static str],
    // Last: the folder and the place go when the programs are gone.
    dir: TempDir,
    _place: SemaphorePermit<'static>,
}

/// What a caller got for a message.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
    pub took: Duration,
}

impl Answer {
    /// The text of the error, or of the reply.
    pub fn text(&self) -> &str {
        let text = self.body["error"]["message"].as_str().or_else(|| self.body["response"]["content"].as_str());
        text.unwrap_or_default()
    }
}

impl Rig {
    /// Starts everything, in the order that `cargo xtask run --dapr` uses; `None` where real Dapr is missing.
    pub async fn start() -> Option<Self> {
        Self::start_with(&[]).await
    }

    /// The same, with these flags for `faultlab` besides its own.
    pub async fn start_with(flags: &'static [&'static str]) -> Option<Self> {
        let programs = Programs::find()?;
        let place = RIGS.acquire().await.unwrap();
        let dir = TempDir::new().unwrap();
        let ports = Ports {
            redis: free_port(),
            wire: free_port(),
            public: free_port(),
            app: free_port(),
            placement: free_port(),
            placement_health: free_port(),
            placement_raft: free_port(),
            dapr_http: free_port(),
            dapr_grpc: free_port(),
            dapr_internal: free_port(),
        };
        write_site(dir.path());
        write_components(dir.path(), &ports);
        let redis = start_redis(&programs, dir.path(), &ports);
        let faultlab = start_faultlab(dir.path(), &ports, flags);
        let placement = start_placement(&programs, dir.path(), &ports);
        let client = Client::new();
        await_faultlab(&client, &ports).await;
        let daprd = start_daprd(&programs, dir.path(), &ports);
        let mut rig = Self { client, programs, redis, faultlab, placement, daprd, ports, flags, dir, _place: place };
        rig.await_daprd().await;
        Some(rig)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.ports.public)
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        let response = self.client.get(self.url(path)).send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    pub async fn post(&self, path: &str) -> (StatusCode, Value) {
        let response = self.client.post(self.url(path)).send().await.unwrap();
        (response.status(), response.json().await.unwrap_or_default())
    }

    /// Sends a message and waits for what comes of it.
    pub async fn say(&self, actor: &str, content: &str) -> Answer {
        self.saying(actor, content, &uuid::Uuid::new_v4().to_string()).await.unwrap()
    }

    /// The same as a task of its own; an answer that never comes is `None`.
    pub fn saying(&self, actor: &str, content: &str, id: &str) -> impl Future<Output = Option<Answer>> + use<> {
        let request = self.client.post(self.url(&format!("/chat/{actor}")));
        let request = request.header("idempotency-key", id).json(&json!({"role": "user", "content": content}));
        async move {
            let began = Instant::now();
            let response = timeout(PATIENCE * 3, request.send()).await.expect("an answer").ok()?;
            let status = response.status();
            let body = response.json().await.ok()?;
            Some(Answer { status, body, took: began.elapsed() })
        }
    }

    pub async fn history(&self, actor: &str) -> Vec<Message> {
        let (status, body) = self.get(&format!("/chat/{actor}/history")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_value(body["history"].clone()).unwrap()
    }

    /// Takes the lesson's simulated failure away: what fails now is real.
    pub async fn switch_off(&self, actor: &str) {
        let url = self.url(&format!("/api/lab/{actor}/fault"));
        let answer = self.client.put(url).json(&json!({"on": false})).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }

    /// Lets the next load fail as the lesson does, so that a turn waits a second before it goes on.
    pub async fn arm(&self, actor: &str) {
        self.set_fault(actor, "load").await;
    }

    /// Lets the next attempt of an operation fail.
    pub async fn set_fault(&self, actor: &str, operation: &str) {
        let plan = json!({"on": true, "plan": [{"operation": operation}]});
        let url = self.url(&format!("/api/lab/{actor}/fault"));
        assert_eq!(self.client.put(url).json(&plan).send().await.unwrap().status(), StatusCode::OK);
    }

    /// Sets the wire.
    pub async fn wire(&self, fault: Value) {
        let answer = self.client.put(self.url("/api/wire")).json(&json!({ "fault": fault })).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
    }

    pub async fn events(&self, actor: &str) -> Vec<Event> {
        let (_, body) = self.get(&format!("/api/lab/{actor}/timeline")).await;
        serde_json::from_value::<TimelineSnapshot>(body).unwrap().events
    }

    /// Waits until the timeline has a step that `wanted` picks.
    pub async fn until(&self, actor: &str, wanted: impl Fn(&Step) -> bool) -> Event {
        let mut looks = interval(LOOK);
        let found = async {
            loop {
                looks.tick().await;
                if let Some(event) = self.events(actor).await.into_iter().find(|event| wanted(&event.step)) {
                    return event;
                }
            }
        };
        if let Ok(event) = timeout(PATIENCE, found).await {
            return event;
        }
        panic!("waited in vain; the timeline: {:#?}", self.events(actor).await)
    }

    /// The lines that an actor's timeline has left in the log so far.
    pub async fn log(&self, actor: &str) -> Vec<String> {
        let id = actor.parse().unwrap();
        self.events(actor).await.iter().filter_map(|event| Some(event.log_line(&id)?.text)).collect()
    }

    /// Sends messages until one is answered; how long the lab took to come back by itself.
    pub async fn comes_back(&self, actor: &str, content: &str) -> Duration {
        let began = Instant::now();
        let id = uuid::Uuid::new_v4().to_string();
        loop {
            if let Some(answer) = self.saying(actor, content, &id).await
                && answer.status == StatusCode::OK
            {
                return began.elapsed();
            }
            assert!(began.elapsed() < PATIENCE, "the lab does not come back");
        }
    }

    pub async fn stop_redis(&mut self) {
        self.cli(&["SHUTDOWN", "SAVE"]).await;
        self.redis.ended().await;
    }

    pub async fn start_redis(&mut self) {
        self.redis = start_redis(&self.programs, self.dir.path(), &self.ports);
        let mut looks = interval(LOOK);
        let answers = async {
            while self.cli(&["PING"]).await != "PONG" {
                looks.tick().await;
            }
        };
        timeout(PATIENCE, answers).await.expect("Redis answers");
    }

    pub async fn restart_faultlab(&mut self) {
        self.faultlab = start_faultlab(self.dir.path(), &self.ports, self.flags);
        await_faultlab(&self.client, &self.ports).await;
    }

    pub fn restart_placement(&mut self) {
        self.placement = start_placement(&self.programs, self.dir.path(), &self.ports);
    }

    pub async fn restart_daprd(&mut self) {
        self.daprd = start_daprd(&self.programs, self.dir.path(), &self.ports);
        self.await_daprd().await;
    }

    /// What `redis-cli` prints for these words, past the wire.
    pub async fn cli(&self, words: &[&str]) -> String {
        let mut command = Command::new(&self.programs.redis_cli);
        command.args(["-p", &self.ports.redis.to_string()]).args(words);
        String::from_utf8(command.output().await.unwrap().stdout).unwrap().trim_end().to_owned()
    }

    async fn await_daprd(&mut self) {
        let url = format!("http://127.0.0.1:{}/v1.0/healthz", self.ports.dapr_http);
        let mut looks = interval(LOOK);
        let ready = async {
            while !self.client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                looks.tick().await;
                self.daprd.check();
            }
        };
        timeout(PATIENCE, ready).await.expect("daprd is ready");
        self.daprd.check();
    }
}

/// Waits until a URL answers well.
async fn await_ok(client: &Client, url: &str) {
    let mut looks = interval(LOOK);
    let answers = async {
        while !client.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            looks.tick().await;
        }
    };
    timeout(PATIENCE, answers).await.unwrap_or_else(|_| panic!("{url} does not answer"));
}

async fn await_faultlab(client: &Client, ports: &Ports) {
    await_ok(client, &format!("http://127.0.0.1:{}/healthz", ports.public)).await;
}

/// Browser files, as far as a page needs them to be rendered.
fn write_site(dir: &Path) {
    fs::create_dir_all(dir.join("site/pkg")).unwrap();
    fs::write(dir.join("hash.txt"), "js: j\nwasm: w\ncss: c\n").unwrap();
    fs::write(dir.join("site/pkg/app.c.css"), "body{}").unwrap();
}

/// The state store behind the wire; pub/sub past it.
fn write_components(dir: &Path, ports: &Ports) {
    let component = |name: &str, kind: &str, port: u16, more: &str| {
        format!(
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: {kind}\n  \
             version: v1\n  metadata:\n  - name: redisHost\n    value: 127.0.0.1:{port}\n{more}"
        )
    };
    let folder = dir.join("components");
    fs::create_dir_all(&folder).unwrap();
    let actors = "  - name: actorStateStore\n    value: \"true\"\n";
    fs::write(folder.join("statestore.yaml"), component("statestore", "state.redis", ports.wire, actors)).unwrap();
    fs::write(folder.join("pubsub.yaml"), component("daca-pubsub", "pubsub.redis", ports.redis, "")).unwrap();
    let subscription = include_str!("../../../components/local/message-subscription.yaml");
    fs::write(folder.join("message-subscription.yaml"), subscription).unwrap();
}

fn start_redis(programs: &Programs, dir: &Path, ports: &Ports) -> Process {
    let mut command = Command::new(&programs.redis_server);
    command.args(["--bind", "127.0.0.1", "--save", "", "--dir"]).arg(dir);
    command.args(["--port", &ports.redis.to_string()]);
    Process::start("redis", dir, &mut command)
}

fn start_faultlab(dir: &Path, ports: &Ports, flags: &[&str]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faultlab"));
    let local = |port: u16| format!("127.0.0.1:{port}");
    command.args(["--addr", &local(ports.public), "--app-addr", &local(ports.app), "--wire", &local(ports.wire)]);
    command.args(["--store", &format!("redis://{}", local(ports.redis)), "--site"]).arg(dir.join("site"));
    command
        .args(flags)
        .env("DAPR_GRPC_PORT", ports.dapr_grpc.to_string())
        .env("DAPR_HTTP_PORT", ports.dapr_http.to_string());
    Process::start("faultlab", dir, &mut command)
}

fn start_placement(programs: &Programs, dir: &Path, ports: &Ports) -> Process {
    let mut command = Command::new(&programs.placement);
    command.args(["--listen-address", "127.0.0.1", "--healthz-listen-address", "127.0.0.1", "--id", "p0"]);
    command.args(["--port", &ports.placement.to_string(), "--healthz-port", &ports.placement_health.to_string()]);
    command.args(["--metrics-port", &free_port().to_string()]);
    command.args(["--initial-cluster", &format!("p0=127.0.0.1:{}", ports.placement_raft)]);
    Process::start("placement", dir, &mut command)
}

fn start_daprd(programs: &Programs, dir: &Path, ports: &Ports) -> Process {
    let mut command = Command::new(&programs.daprd);
    command.args(["--mode", "standalone", "--app-id", "daca-ai-app", "--app-protocol", "http"]);
    command.args(["--app-channel-address", "127.0.0.1", "--dapr-listen-addresses", "127.0.0.1"]);
    command.args(["--dapr-internal-grpc-listen-address", "127.0.0.1", "--log-level", "debug"]);
    let ports = [
        ("--app-port", ports.app),
        ("--dapr-http-port", ports.dapr_http),
        ("--dapr-grpc-port", ports.dapr_grpc),
        ("--dapr-internal-grpc-port", ports.dapr_internal),
        ("--metrics-port", free_port()),
    ]
    .map(|(flag, port)| [flag.to_owned(), port.to_string()])
    .into_iter()
    .chain([["--placement-host-address".to_owned(), format!("127.0.0.1:{}", ports.placement)]]);
    command.args(ports.flatten()).arg("--resources-path").arg(dir.join("components"));
    Process::start("daprd", dir, &mut command)
}
