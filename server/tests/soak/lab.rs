//! The program `faultlab` as people start it, killed and started again on the same data.

use std::{
    io::{PipeReader, pipe},
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
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

/// How many file handles the process may have: several times what it needs, and few enough to be taken.
pub const HANDLES: usize = 256;

/// What the sidecar shows at the app channel; known here, so that a deactivation can come at any moment, as from daprd.
const TOKEN: &str = "soak";

/// Who reads the program's log.
#[derive(Clone, Copy)]
pub enum Reader {
    /// One that keeps up.
    Keeps,
    /// One that left.
    Left,
    /// One that stands still.
    Stalls,
}

pub struct Lab {
    pub client: Client,
    process: Process,
    /// A log that nobody reads.
    unread: Option<PipeReader>,
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
        let (process, unread) = start(&dir, public, app, Reader::Keeps);
        let client = Client::builder().timeout(PATIENCE).build().unwrap();
        let mut lab = Self { client, process, unread, public, app, dir };
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

    /// Starts it again on the same data, with a log that is read like this; it need not be ready yet.
    pub fn restart(&mut self, reader: Reader) {
        (self.process, self.unread) = start(&self.dir, self.public, self.app, reader);
    }

    /// The process's number, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.process.id()
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
        let addr = SocketAddr::from(([127, 0, 0, 1], self.public));
        Door { client: self.client.clone(), addr, public: self.url(""), app: format!("http://127.0.0.1:{}", self.app) }
    }

    pub fn output(&self) -> String {
        self.process.output()
    }
}

fn start(dir: &TempDir, public: u16, app: u16, reader: Reader) -> (Process, Option<PipeReader>) {
    let mut command = Command::new("sh");
    let limited = format!("ulimit -n {HANDLES} && exec \"$0\" \"$@\"");
    command.args(["-c", &limited, env!("CARGO_BIN_EXE_faultlab")]);
    command.args(["--addr", &format!("127.0.0.1:{public}"), "--app-addr", &format!("127.0.0.1:{app}")]);
    command.args(["--actor-idle", &IDLE.as_secs().to_string()]);
    command.arg("--data").arg(dir.path().join("data")).arg("--site").arg(dir.path().join("site"));
    for name in ["DAPR_GRPC_PORT", "DAPR_GRPC_ENDPOINT", "DAPR_API_TOKEN"] {
        command.env_remove(name);
    }
    command.env("APP_API_TOKEN", TOKEN);
    let (unread, log) = match reader {
        Reader::Keeps => (None, None),
        Reader::Left | Reader::Stalls => {
            let (read, write) = pipe().unwrap();
            (matches!(reader, Reader::Stalls).then_some(read), Some(Stdio::from(write)))
        }
    };
    (Process::start_with("faultlab", dir.path(), &mut command, log), unread)
}

/// The way into the lab.
#[derive(Clone)]
pub struct Door {
    client: Client,
    /// Where people reach the lab.
    pub addr: SocketAddr,
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
