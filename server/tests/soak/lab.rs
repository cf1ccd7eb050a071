//! The program `faultlab` as people start it, killed and started again on the same data.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use model::{actor_id::ActorId, message::Message};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use server::store::StoreReader;
use tempfile::TempDir;
use tokio::{process::Command, time::interval};

use crate::process::{Process, free_port};

/// How long anything may take that does take an end.
pub const PATIENCE: Duration = Duration::from_secs(60);

const LOOK: Duration = Duration::from_millis(5);

/// How long an actor stays in memory: short enough to idle between two deaths of the process.
pub const IDLE: Duration = Duration::from_secs(1);

/// What the sidecar shows at the app channel; known here, so that a deactivation can come at any moment, as from daprd.
const TOKEN: &str = "soak";

pub struct Lab {
    pub client: Client,
    process: Process,
    public: u16,
    app: u16,
    // Last: the folder goes when the program is gone.
    dir: TempDir,
}

impl Lab {
    pub async fn start() -> Self {
        let dir = TempDir::new().unwrap();
        std::fs::create_dir_all(dir.path().join("site/pkg")).unwrap();
        std::fs::write(dir.path().join("hash.txt"), "js: j\nwasm: w\ncss: c\n").unwrap();
        let (public, app) = (free_port(), free_port());
        let process = start(&dir, public, app);
        let client = Client::builder().timeout(PATIENCE).build().unwrap();
        let mut lab = Self { client, process, public, app, dir };
        lab.ready().await;
        lab
    }

    /// Waits until it serves.
    pub async fn ready(&mut self) {
        let began = Instant::now();
        let mut looks = interval(LOOK);
        while !self.client.get(self.url("/healthz")).send().await.is_ok_and(|answer| answer.status().is_success()) {
            looks.tick().await;
            self.process.check();
            assert!(began.elapsed() < PATIENCE, "faultlab does not get ready");
        }
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// Asks it to end, as Ctrl-C does, and waits until it has.
    pub async fn stop(&mut self) {
        self.process.ask_to_end();
        tokio::time::timeout(PATIENCE, self.process.ended()).await.expect("faultlab ends when it is asked to");
    }

    /// Starts it again on the same data; it need not be ready yet.
    pub fn restart(&mut self) {
        self.process = start(&self.dir, self.public, self.app);
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.public)
    }

    /// What reads the store past Dapr.
    pub fn store(&self) -> StoreReader {
        StoreReader::sqlite(self.data().join("faultlab.db"))
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Where requests go, for tasks of their own.
    pub fn door(&self) -> Door {
        Door { client: self.client.clone(), public: self.url(""), app: format!("http://127.0.0.1:{}", self.app) }
    }

    pub fn output(&self) -> String {
        self.process.output()
    }
}

fn start(dir: &TempDir, public: u16, app: u16) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faultlab"));
    command.args(["--addr", &format!("127.0.0.1:{public}"), "--app-addr", &format!("127.0.0.1:{app}")]);
    command.args(["--actor-idle", &IDLE.as_secs().to_string()]);
    command.arg("--data").arg(dir.path().join("data")).arg("--site").arg(dir.path().join("site"));
    for name in ["DAPR_GRPC_PORT", "DAPR_GRPC_ENDPOINT", "DAPR_API_TOKEN"] {
        command.env_remove(name);
    }
    command.env("APP_API_TOKEN", TOKEN);
    Process::start("faultlab", dir.path(), &mut command)
}

/// The way into the lab.
#[derive(Clone)]
pub struct Door {
    client: Client,
    public: String,
    app: String,
}

impl Door {
    /// Sends a message under an id.
    pub async fn say(&self, actor: &ActorId, message: &str) -> reqwest::Result<(StatusCode, Value)> {
        let request = self.client.post(format!("{}/chat/{actor}", self.public)).header("idempotency-key", message);
        whole(request.json(&json!({"role": "user", "content": message})).send().await?).await
    }

    /// Sets the failure switch: the one place that knows how a plan is written. Whether it was taken: a plan may be
    /// refused because it could not end within a turn's time.
    pub async fn set_fault(&self, actor: &ActorId, plan: Option<Value>) -> reqwest::Result<bool> {
        let setting = match plan {
            Some(plan) => json!({"on": true, "plan": plan}),
            None => json!({"on": false}),
        };
        self.put(&format!("/api/lab/{actor}/fault"), setting).await
    }

    /// Sets the retry policy. Whether it was taken.
    pub async fn set_policy(&self, actor: &ActorId, policy: Value) -> reqwest::Result<bool> {
        self.put(&format!("/api/lab/{actor}/policy"), policy).await
    }

    pub async fn arm(&self, actor: &ActorId) -> reqwest::Result<()> {
        let url = format!("{}/api/lab/{actor}/fault/arm", self.public);
        whole(self.client.post(url).send().await?).await.map(drop)
    }

    /// Takes the actor out of memory, whether or not it has a turn, as daprd would after it has idled.
    pub async fn deactivate(&self, actor: &ActorId) -> reqwest::Result<()> {
        let url = format!("{}/actors/ChatAgent/{actor}", self.app);
        whole(self.client.delete(url).header("dapr-api-token", TOKEN).send().await?).await.map(drop)
    }

    /// The history that the actor returns.
    pub async fn history(&self, actor: &ActorId) -> Vec<Message> {
        let answer = self.client.get(format!("{}/chat/{actor}/history", self.public)).send().await.unwrap();
        let (status, mut body) = whole(answer).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_value(body["history"].take()).unwrap()
    }

    /// The kinds of the events of an actor that came after this one, and the last event's number.
    pub async fn since(&self, actor: &ActorId, seq: u64) -> reqwest::Result<(Vec<String>, u64)> {
        let url = format!("{}/api/lab/{actor}/timeline", self.public);
        let (_, timeline) = whole(self.client.get(url).send().await?).await?;
        let events = timeline["events"].as_array().into_iter().flatten();
        let later = events.filter(|event| event["seq"].as_u64() > Some(seq));
        let kinds: Vec<_> = later.filter_map(|event| event["type"].as_str().map(str::to_owned)).collect();
        let last = timeline["last"].as_str().and_then(|id| id.split_once('-')?.1.parse().ok());
        Ok((kinds, last.unwrap_or_default()))
    }

    async fn put(&self, path: &str, body: Value) -> reqwest::Result<bool> {
        let sent = self.client.put(format!("{}{path}", self.public)).json(&body).send().await?;
        let (status, answer) = whole(sent).await?;
        let known = status == StatusCode::OK || status == StatusCode::UNPROCESSABLE_ENTITY;
        assert!(known, "{path} answers {status} to {body}: {answer}");
        Ok(status == StatusCode::OK)
    }
}

/// The whole answer: a head alone acknowledges nothing.
async fn whole(answer: Response) -> reqwest::Result<(StatusCode, Value)> {
    let status = answer.status();
    let text = answer.text().await?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
}
