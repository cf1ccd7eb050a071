//! An app whose actors keep a list each, which can be killed and started again.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, put};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use sidecar::Sidecar;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinHandle;

use crate::load::{ACTORS, Act};

const TYPE: &str = "List";
const CHAIN: &str = "dapr-reentrancy-id";
const CONFIG: &str = r#"{"entities":["List"],"actorIdleTimeout":"10ms","drainOngoingCallTimeout":"5s",
"reentrancy":{"enabled":true,"maxStackDepth":10}}"#;

/// What a caller was told is kept, or will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    pub actor: usize,
    pub number: usize,
    /// Whether it was asked for with a timer, which does not outlive its actor.
    for_later: bool,
}

pub struct App {
    addr: SocketAddr,
    http: reqwest::Client,
    sidecar: Mutex<String>,
    listener: Mutex<Option<TcpListener>>,
    process: AsyncMutex<Option<JoinHandle<()>>>,
    met: Arc<Mutex<Vec<String>>>,
}

/// The app's process: what it holds goes with it.
#[derive(Clone)]
struct Process {
    http: reqwest::Client,
    sidecar: String,
    /// Which chain is in an actor, and how many of its calls.
    inside: Arc<Mutex<HashMap<String, (String, usize)>>>,
    met: Arc<Mutex<Vec<String>>>,
}

fn name(actor: usize) -> String {
    format!("actor-{actor}")
}

impl App {
    pub async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            addr: listener.local_addr().unwrap(),
            http: reqwest::Client::new(),
            sidecar: Mutex::default(),
            listener: Mutex::new(Some(listener)),
            process: AsyncMutex::default(),
            met: Arc::default(),
        }
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn serve(&self, sidecar: &Sidecar) {
        *self.sidecar.lock().unwrap() = sidecar.http_url();
        let listener = self.listener.lock().unwrap().take().unwrap();
        *self.process.try_lock().unwrap() = Some(self.process(listener));
    }

    /// A process of its own runtime: it dies with all that it does, and its connections with it.
    fn process(&self, listener: TcpListener) -> JoinHandle<()> {
        let process = Process {
            http: reqwest::Client::new(),
            sidecar: self.sidecar.lock().unwrap().clone(),
            inside: Arc::default(),
            met: Arc::clone(&self.met),
        };
        let routes = Router::new()
            .route("/dapr/config", get(|| async { CONFIG }))
            .route("/actors/List/{id}", delete(|| async {}))
            .route("/actors/List/{id}/method/{*method}", put(method))
            .with_state(process);
        tokio::spawn(async move {
            // Its connections are tasks of this one: they are dropped with it.
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = tokio::select! {
                    accepted = listener.accept() => accepted.unwrap(),
                    Some(_) = connections.join_next() => continue,
                };
                let service = hyper_util::service::TowerToHyperService::new(routes.clone());
                connections.spawn(async move {
                    let stream = hyper_util::rt::TokioIo::new(stream);
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await;
                });
            }
        })
    }

    pub async fn kill(&self) {
        let mut process = self.process.lock().await;
        if let Some(running) = process.take() {
            running.abort();
            let _ = running.await;
        }
        // What it had sent has come to where it goes by then: nothing of it is done while the next one runs.
        for _ in 0..3 {
            let sidecar = self.sidecar.lock().unwrap().clone();
            self.http.get(format!("{sidecar}/v1.0/metadata")).send().await.unwrap();
        }
    }

    pub async fn restart(&self) {
        let mut process = self.process.lock().await;
        if process.is_none() {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            socket.bind(self.addr).unwrap();
            *process = Some(self.process(socket.listen(1024).unwrap()));
        }
    }

    fn url(&self, actor: usize, rest: &str) -> String {
        format!("{}/v1.0/actors/{TYPE}/{}/{rest}", self.sidecar.lock().unwrap(), name(actor))
    }

    async fn call(&self, actor: usize, method: &str, body: serde_json::Value) -> bool {
        let sent = self.http.put(self.url(actor, &format!("method/{method}"))).json(&body).send().await;
        sent.unwrap().status() == StatusCode::OK
    }

    /// Does one thing; what was acknowledged.
    pub async fn do_it(&self, number: usize, act: &Act) -> Option<Acknowledged> {
        let at = |actor: usize, for_later: bool| Acknowledged { actor, number, for_later };
        match *act {
            Act::Call { actor, slow } => {
                self.call(actor, "add", json!({"n": number, "slow": slow})).await.then(|| at(actor, false))
            }
            Act::Leave { actor, slow, after } => {
                let call = self.call(actor, "add", json!({"n": number, "slow": slow, "left": true}));
                let answered = tokio::time::timeout(Duration::from_millis(after), call).await;
                answered.unwrap_or(false).then(|| at(actor, false))
            }
            Act::Reenter { actor, depth } => {
                let body = json!({"n": number, "depth": depth});
                self.call(actor, "reenter", body).await.then(|| at(actor, false))
            }
            Act::Across { from, to } => {
                self.call(from, "across", json!({"n": number, "to": name(to)})).await.then(|| at(to, false))
            }
            Act::Timer { actor, due } => {
                let body = json!({"n": number, "due": format!("{due}ms")});
                self.call(actor, "timer", body).await;
                // It goes with its actor, so nothing is promised.
                None
            }
            Act::Remind { actor, due } => {
                let body = json!({"dueTime": format!("{due}ms"), "data": number});
                let url = self.url(actor, &format!("reminders/r{number}"));
                let answer = self.http.post(url).json(&body).send().await.unwrap();
                answer.status().is_success().then(|| at(actor, true))
            }
            Act::Kill { .. } => None,
        }
    }

    /// The lists, when what was promised for later has come.
    pub async fn settled(&self, acknowledged: &[Acknowledged]) -> Vec<Vec<usize>> {
        loop {
            let mut lists = Vec::new();
            for actor in 0..ACTORS {
                // A turn of its own: what was begun before is over. A connection to an app that died may fail one.
                while !self.call(actor, "look", json!(null)).await {}
                lists.push(read(&self.http, &self.url(actor, "state/list")).await.unwrap());
            }
            let is_kept = |entry: &Acknowledged| !entry.for_later || lists[entry.actor].contains(&entry.number);
            if acknowledged.iter().all(is_kept) {
                return lists;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Where two chains were in one actor at once.
    pub fn met(&self) -> Vec<String> {
        self.met.lock().unwrap().clone()
    }
}

async fn read(http: &reqwest::Client, url: &str) -> Option<Vec<usize>> {
    let answer = http.get(url).send().await.ok()?;
    match answer.status() {
        StatusCode::NO_CONTENT => Some(Vec::new()),
        StatusCode::OK => answer.json().await.ok(),
        _ => None,
    }
}

/// A call inside an actor: noted down for as long as it lasts.
struct Inside<'a>(&'a Process, String);

impl Process {
    /// A call whose caller leaves is not counted in: the sidecar closes its connection before it lets the next one
    /// in, but when the app looks at that is the app's to say.
    fn enter(&self, actor: &str, chain: &str, is_left: bool) -> Option<Inside<'_>> {
        let mut inside = self.inside.lock().unwrap();
        let (whose, calls) = inside.entry(actor.to_owned()).or_insert_with(|| (chain.to_owned(), 0));
        if *calls > 0 && whose != chain {
            self.met.lock().unwrap().push(format!("{chain} came into {actor} while {whose} was there"));
        }
        if is_left {
            return None;
        }
        *whose = chain.to_owned();
        *calls += 1;
        Some(Inside(self, actor.to_owned()))
    }

    async fn add(&self, actor: &str, n: u64, slow: u64) -> Option<()> {
        let state = format!("{}/v1.0/actors/{TYPE}/{actor}/state", self.sidecar);
        let mut list = read(&self.http, &format!("{state}/list")).await?;
        tokio::time::sleep(Duration::from_millis(slow)).await;
        let n = usize::try_from(n).unwrap();
        // A reminder's call that failed is made again: it may have been here.
        if !list.contains(&n) {
            list.push(n);
        }
        let change = json!([{"operation": "upsert", "request": {"key": "list", "value": list}}]);
        let saved = self.http.put(&state).json(&change).send().await.ok()?;
        saved.status().is_success().then_some(())
    }

    /// Calls a method of an actor within a chain.
    async fn onward(&self, actor: &str, method: &str, chain: &str, body: serde_json::Value) -> Option<()> {
        let url = format!("{}/v1.0/actors/{TYPE}/{actor}/method/{method}", self.sidecar);
        let answer = self.http.put(url).header(CHAIN, chain).json(&body).send().await.ok()?;
        (answer.status() == StatusCode::OK).then_some(())
    }

    async fn timer(&self, actor: &str, n: u64, due: &serde_json::Value) -> Option<()> {
        let url = format!("{}/v1.0/actors/{TYPE}/{actor}/timers/t{n}", self.sidecar);
        let answer = self.http.post(url).json(&json!({"dueTime": due, "data": n})).send().await.ok()?;
        answer.status().is_success().then_some(())
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        if let Some((_, calls)) = self.0.inside.lock().unwrap().get_mut(&self.1) {
            *calls -= 1;
        }
    }
}

async fn method(
    State(process): State<Process>,
    Path((actor, method)): Path<(String, String)>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    let chain = headers.get(CHAIN).map(|id| id.to_str().unwrap().to_owned()).unwrap_or_default();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let _inside = process.enter(&actor, &chain, body["left"] == true);
    let number = |name: &str| body[name].as_u64().unwrap_or_default();
    let done = match method.as_str() {
        "look" => Some(()),
        "add" => process.add(&actor, number("n"), number("slow")).await,
        "reenter" if number("depth") > 0 => {
            let inner = json!({"n": number("n"), "depth": number("depth") - 1});
            process.onward(&actor, "reenter", &chain, inner).await
        }
        "reenter" => process.add(&actor, number("n"), 0).await,
        "across" => process.onward(body["to"].as_str().unwrap(), "add", &chain, json!({"n": number("n")})).await,
        "timer" => process.timer(&actor, number("n"), &body["due"]).await,
        called_back => {
            assert!(called_back.starts_with("timer/") || called_back.starts_with("remind/"), "{called_back}");
            process.add(&actor, number("data"), 0).await
        }
    };
    match done {
        Some(()) => StatusCode::OK.into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
