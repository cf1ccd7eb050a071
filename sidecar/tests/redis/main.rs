//! State and messages in a Redis that goes and comes back, and a sidecar that does.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod breaking;
#[allow(dead_code)]
#[path = "../../../server/tests/dapr/process.rs"]
mod process;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;

use axum::response::IntoResponse;
use http::StatusCode;
use process::{Process, Programs, free_port};
use serde_json::json;
use sidecar::Sidecar;
use support::{App, Gate, Lab, config, until, upsert};
use tempfile::TempDir;
use tokio::process::Command;

/// A Redis that keeps what it holds in a file between its end and the next start.
struct Redis {
    process: Process,
    programs: Programs,
    port: u16,
    folder: Arc<TempDir>,
}

impl Redis {
    /// `None` where there is none to start.
    async fn start() -> Option<Self> {
        let programs = Programs::find()?;
        let (port, folder) = (free_port(), Arc::new(TempDir::new().unwrap()));
        let process = Self::process(&programs, port, &folder);
        let redis = Self { process, programs, port, folder };
        redis.answers().await;
        Some(redis)
    }

    fn process(programs: &Programs, port: u16, folder: &TempDir) -> Process {
        let mut command = Command::new(&programs.redis_server);
        command.args(["--bind", "127.0.0.1", "--save", "", "--port", &port.to_string(), "--dir"]);
        Process::start("redis", folder.path(), command.arg(folder.path()))
    }

    async fn say(&self, words: &[&str]) -> String {
        let mut command = Command::new(&self.programs.redis_cli);
        command.args(["-p", &self.port.to_string()]).args(words);
        String::from_utf8(command.output().await.unwrap().stdout).unwrap().trim_end().to_owned()
    }

    async fn answers(&self) {
        until("Redis answers", || async { self.say(&["PING"]).await == "PONG" }).await;
    }

    async fn stop(&mut self) {
        self.say(&["SHUTDOWN", "SAVE"]).await;
        self.process.ended().await;
    }

    async fn go(&mut self) {
        self.process = Self::process(&self.programs, self.port, &self.folder);
        self.answers().await;
    }

    fn documents(&self, more: &str) -> Vec<String> {
        documents(self.port, more)
    }
}

/// Claims soon what nobody deals with.
const QUICK: &str = "  - {name: processingTimeout, value: 300ms}\n  - {name: redeliverInterval, value: 100ms}\n";

/// The lesson's component files with a Redis' port, and a subscription.
fn documents(port: u16, more: &str) -> Vec<String> {
    let address = format!("localhost:{port}");
    let lesson = [
        include_str!("../../../components/redis/statestore.yaml"),
        include_str!("../../../components/redis/daca-pubsub.yaml"),
    ];
    let mut documents: Vec<String> = lesson.iter().map(|text| text.replace("localhost:6379", &address)).collect();
    documents[1].push_str(more);
    let subscription = "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: {name: s}\nspec: {pubsubname: \
                        daca-pubsub, topic: t, routes: {default: /in}}\n";
    documents.push(subscription.to_owned());
    documents
}

async fn lab(redis: &Redis, app: App, more: &str) -> Lab {
    lab_at(redis.port, app, more).await
}

async fn lab_at(port: u16, app: App, more: &str) -> Lab {
    let documents = documents(port, more);
    Lab::with(app, &documents.iter().map(String::as_str).collect::<Vec<_>>(), |_| {}).await
}

async fn publish(lab: &Lab, n: u32) -> StatusCode {
    let url = lab.url("/v1.0/publish/daca-pubsub/t");
    lab.http.post(url).json(&json!({"n": n})).send().await.unwrap().status()
}

#[tokio::test]
async fn an_outage_of_redis_is_told_and_gets_over() {
    let Some(mut redis) = Redis::start().await else { return };
    let lab = lab(&redis, App::echo(), "").await;
    lab.invoke("a", "Do", "").await.unwrap();
    lab.change_state("a", vec![upsert("k", "1")]).await.unwrap();
    assert_eq!(publish(&lab, 1).await, StatusCode::NO_CONTENT);
    lab.app.wait(1, |seen| seen.is("POST", "/in")).await;

    redis.stop().await;
    let error = lab.get_state("a", "k").await.unwrap_err();
    assert!(error.message().starts_with("error getting actor state: "), "{error}");
    let error = lab.change_state("a", vec![upsert("k", "2")]).await.unwrap_err();
    assert!(error.message().starts_with("error saving actor transaction state: "), "{error}");
    assert_eq!(publish(&lab, 2).await, StatusCode::INTERNAL_SERVER_ERROR);

    redis.go().await;
    until("it is read again", || async { lab.get_state("a", "k").await.is_ok_and(|value| value == b"1") }).await;
    lab.change_state("a", vec![upsert("k", "3")]).await.unwrap();
    assert_eq!(redis.say(&["HGET", "app||Counter||a||k", "data"]).await, "3");
    until("it is published again", || async { publish(&lab, 3).await == StatusCode::NO_CONTENT }).await;
    lab.app.wait(1, |seen| seen.is("POST", "/in") && seen.json()["data"]["n"] == 3).await;
}

#[tokio::test]
async fn reminders_and_state_are_there_after_a_restart() {
    let Some(redis) = Redis::start().await else { return };
    let documents = redis.documents("");
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    let first = Lab::with(App::echo(), &documents, |_| {}).await;
    first.invoke("a", "Do", "").await.unwrap();
    first.change_state("a", vec![upsert("k", "kept")]).await.unwrap();
    let url = first.url("/v1.0/actors/Counter/a/reminders/r");
    let reminder = first.http.put(url).json(&json!({"dueTime": "1s", "period": "1h"})).send().await.unwrap();
    assert_eq!(reminder.status(), StatusCode::NO_CONTENT);
    first.sidecar.shutdown().await;
    let second = Lab::with(App::echo(), &documents, |_| {}).await;
    assert_eq!(second.get_state("a", "k").await.unwrap(), b"kept");
    second.app.wait(1, |seen| seen.is("PUT", "/actors/Counter/a/method/remind/r")).await;
}

/// An app that has the messages of `/in` wait at a gate.
fn holding(gate: &Gate) -> App {
    let gate = gate.clone();
    App::answering(move |seen| {
        let gate = gate.clone();
        async move {
            if seen.path == "/in" {
                gate.pass().await;
            }
            StatusCode::OK.into_response()
        }
    })
}

#[tokio::test]
async fn a_message_that_was_under_way_at_the_end_comes_again() {
    let Some(redis) = Redis::start().await else { return };
    let gate = Gate::closed();
    let first = lab(&redis, holding(&gate), QUICK).await;
    assert_eq!(publish(&first, 1).await, StatusCode::NO_CONTENT);
    first.app.wait(1, |seen| seen.path == "/in").await;
    drop(first);
    let second = lab(&redis, App::echo(), QUICK).await;
    second.app.wait(1, |seen| seen.is("POST", "/in") && seen.json()["data"]["n"] == 1).await;
    until("it is acknowledged", || async { redis.say(&["XPENDING", "t", "app"]).await.starts_with('0') }).await;
    assert_eq!(second.app.matching(|seen| seen.path == "/in").len(), 1, "once");
    gate.open(1);
}

#[tokio::test]
async fn a_message_that_is_out_for_longer_than_its_time_is_not_handed_out_a_second_time() {
    let Some(redis) = Redis::start().await else { return };
    let gate = Gate::closed();
    let lab = lab(&redis, holding(&gate), QUICK).await;
    assert_eq!(publish(&lab, 1).await, StatusCode::NO_CONTENT);
    lab.app.wait(1, |seen| seen.path == "/in").await;
    until("it could have been claimed ten times", || async {
        let pending = redis.say(&["XPENDING", "t", "app", "-", "+", "1"]).await;
        pending.lines().nth(2).is_some_and(|idle| idle.parse::<u64>().unwrap() > 1_300)
    })
    .await;
    gate.open(10);
    until("it is acknowledged", || async { redis.say(&["XPENDING", "t", "app"]).await.starts_with('0') }).await;
    assert_eq!(lab.app.matching(|seen| seen.path == "/in").len(), 1, "once");
}

#[tokio::test]
async fn a_redis_that_is_not_there_ends_the_start_with_its_address() {
    let folder = TempDir::new().unwrap();
    let port = process::free_port();
    let component = format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: kv}}\nspec: {{type: state.redis, version: v1, \
         metadata: [{{name: redisHost, value: 'localhost:{port}'}}, {{name: dialTimeout, value: 1s}}]}}\n"
    );
    let instead = |other: &str| component.replace("dialTimeout, value: 1s", other);
    let (tls, sentinel) = (instead("enableTLS, value: true"), instead("failover, value: true"));
    for (document, text) in [
        (&component, format!("redis at localhost:{port}")),
        (&tls, format!("redis at localhost:{port}")),
        (&sentinel, "without Sentinel".to_owned()),
    ] {
        let error = Sidecar::start(config(([127, 0, 0, 1], 0).into(), &[document], folder.path())).await.unwrap_err();
        assert!(error.to_string().contains(&text), "{error}");
    }
    let optional = component.replace("spec: {", "spec: {ignoreErrors: true, ");
    Sidecar::start(config(([127, 0, 0, 1], 0).into(), &[&optional], folder.path())).await.unwrap();
}

#[tokio::test]
async fn what_there_is_no_place_for_stays_in_redis_but_one() {
    let Some(redis) = Redis::start().await else { return };
    redis.say(&["XGROUP", "CREATE", "t", "app", "0", "MKSTREAM"]).await;
    let add = async |n: u32| {
        let event = json!({"specversion": "1.0", "id": n.to_string(), "type": "t", "source": "s", "data": {"n": n}});
        redis.say(&["XADD", "t", "*", "data", &event.to_string(), "metadata", "{}"]).await;
    };
    for n in 0..20 {
        add(n).await;
    }
    // Left by a consumer that is gone, and claimed as soon as there are places.
    redis.say(&["XREADGROUP", "GROUP", "app", "gone", "COUNT", "10", "STREAMS", "t", ">"]).await;
    let gate = Gate::closed();
    let lab = lab(&redis, holding(&gate), &format!("{QUICK}  - {{name: concurrency, value: \"2\"}}\n")).await;
    lab.app.wait(2, |seen| seen.path == "/in").await;
    let own = redis.say(&["XPENDING", "t", "app", "-", "+", "100", "app"]).await;
    assert!(own.lines().count() / 4 <= 3, "{own}");
    gate.open(20);
    let all = |lab: &Lab| {
        let seen = lab.app.matching(|seen| seen.path == "/in");
        let mut all: Vec<_> = seen.iter().map(|seen| seen.json()["data"]["n"].as_u64().unwrap()).collect();
        all.sort_unstable();
        all
    };
    until("all have come", || async { all(&lab).len() == 20 }).await;
    assert_eq!(all(&lab), Vec::from_iter(0..20));
    until("all are acknowledged", || async { redis.say(&["XPENDING", "t", "app"]).await.starts_with('0') }).await;
}
