//! A whole Faultlab for one test, and a reader of its event stream.

use std::{fs, path::Path, time::Duration};

use clap::Parser;
use futures::{Stream, StreamExt};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use server::{Config, Running, start};
use tempfile::TempDir;
use tokio::time::timeout;

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running Faultlab on free ports.
pub struct Lab {
    pub origin: String,
    pub app_channel: String,
    pub client: Client,
    running: Running,
    // Dropped last: the folder goes when the lab is gone.
    _site: TempDir,
}

/// A folder with browser files, as the build lays them: enough for pages to be rendered.
pub fn site() -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::create_dir_all(dir.path().join("site/pkg")).unwrap();
    fs::write(dir.path().join("hash.txt"), "js: j\nwasm: w\ncss: c\n").unwrap();
    fs::write(dir.path().join("site/pkg/app.c.css"), "body{}").unwrap();
    dir
}

/// The flags of a lab on free ports that keeps its data in `data`.
pub fn config(site: &Path, data: &Path) -> Config {
    let site = site.join("site");
    let flags = [
        "faultlab",
        "--addr",
        "127.0.0.1:0",
        "--app-addr",
        "127.0.0.1:0",
        "--site",
        site.to_str().unwrap(),
        "--data",
        data.to_str().unwrap(),
    ];
    Config::parse_from(flags)
}

impl Lab {
    pub async fn start(data: &Path) -> Self {
        Self::start_with(data, |_| {}).await
    }

    pub async fn start_with(data: &Path, change: impl FnOnce(&mut Config)) -> Self {
        let site = site();
        let mut config = config(site.path(), data);
        change(&mut config);
        let running = start(config).await.unwrap();
        let origin = format!("http://{}", running.addr);
        let app_channel = format!("http://{}", running.app_addr);
        Self { origin, app_channel, client: Client::new(), running, _site: site }
    }

    pub async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.origin)).send().await.unwrap()
    }

    pub async fn get_json(&self, path: &str) -> (StatusCode, Value) {
        answer(self.get(path).await).await
    }

    pub async fn post_json(&self, path: &str, body: Value) -> (StatusCode, Value) {
        answer(self.client.post(format!("{}{path}", self.origin)).json(&body).send().await.unwrap()).await
    }

    pub async fn put_json(&self, path: &str, body: Value) -> (StatusCode, Value) {
        answer(self.client.put(format!("{}{path}", self.origin)).json(&body).send().await.unwrap()).await
    }

    pub async fn say(&self, actor: &str, content: &str) -> (StatusCode, Value) {
        self.post_json(&format!("/chat/{actor}"), json!({"role": "user", "content": content})).await
    }

    pub async fn switch_off(&self, actor: &str) {
        let (status, _) = self.put_json(&format!("/api/lab/{actor}/fault"), json!({"on": false})).await;
        assert_eq!(status, StatusCode::OK);
    }

    /// The stream of an actor's events, from `query` or `last_event_id` on.
    pub async fn follow(&self, path: &str, last_event_id: Option<&str>) -> Frames {
        let mut request = self.client.get(format!("{}{path}", self.origin));
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(!response.headers().contains_key("content-encoding"), "a stream must not be compressed");
        Frames { bytes: Box::pin(response.bytes_stream()), text: String::new() }
    }

    pub async fn stop(self) {
        timeout(PATIENCE, self.running.stop()).await.expect("the lab stops");
    }
}

async fn answer(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// One message of an event stream.
#[derive(Clone, Debug)]
pub struct Frame {
    pub id: String,
    pub event: Option<String>,
    pub data: Value,
}

/// The messages of an event stream, comments left out.
pub struct Frames {
    bytes: std::pin::Pin<Box<dyn Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    text: String,
}

impl Frames {
    /// The next message; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Frame> {
        timeout(PATIENCE, self.read()).await.expect("the stream says something")
    }

    /// The messages up to and with the first of `kind`.
    pub async fn until(&mut self, kind: &str) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            let found = frame.data["type"] == kind;
            frames.push(frame);
            if found {
                return frames;
            }
        }
        panic!("the stream ended before {kind}: {frames:#?}");
    }

    async fn read(&mut self) -> Option<Frame> {
        loop {
            while let Some((message, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    line.map(str::to_owned)
                };
                let frame = field("data").map(|data| Frame {
                    id: field("id").unwrap_or_default(),
                    event: field("event"),
                    data: serde_json::from_str(&data).unwrap(),
                });
                self.text = rest.to_owned();
                if frame.is_some() {
                    return frame;
                }
            }
            let bytes = self.bytes.next().await?.ok()?;
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
}
