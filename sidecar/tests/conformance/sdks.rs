//! Apps with Dapr's SDKs, which are in the folder `sdks`: each is asked the same on both runtimes, and answers the same.

use std::env;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::runtime::process::{Process, free_port};
use crate::runtime::{Lab, Runtime, Setup, Store};
use crate::support::{App, DEADLINE, until};

const NEWS: &str = "apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: {name: news}
spec: {pubsubname: bus, topic: news, routes: {default: /news}}
";

/// What an app is written in, and what runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sdk {
    /// In the version that is unpacked in this folder.
    Python(&'static str),
    JavaScript,
    Go,
}

impl Sdk {
    /// The command that runs the app; `None` where the SDK is not there.
    ///
    /// # Panics
    /// If it is not there with `CI=true`: a test that was skipped would look like one that passed.
    fn command(self) -> Option<Command> {
        let place = env::var_os("FAULTLAB_DAPR_SDKS").map(PathBuf::from);
        let found = place.and_then(|place| self.command_in(&place));
        if found.is_none() {
            let words = format!("{self:?} is not tested: `cargo xtask test` gets Dapr's SDKs, into FAULTLAB_DAPR_SDKS");
            assert!(env::var("CI").as_deref() != Ok("true"), "{words}");
            eprintln!("skipped: {words}");
        }
        found
    }

    fn command_in(self, place: &Path) -> Option<Command> {
        let apps = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/sdks");
        let script = |program: &str, script: &str, variable: &str, packages: PathBuf| {
            packages.is_dir().then(|| {
                let mut command = Command::new(program);
                command.arg(apps.join(script)).env(variable, packages).env("PATH", path(place));
                command
            })
        };
        match self {
            Self::Python(version) => script("python3", "app.py", "PYTHONPATH", place.join(version)),
            Self::JavaScript => script("node", "app.js", "NODE_PATH", place.join("dapr-javascript/node_modules")),
            Self::Go => Some(place.join("dapr-go/app")).filter(|app| app.is_file()).map(Command::new),
        }
    }
}

/// The `PATH`, with the programs before it that were installed for the tests.
fn path(place: &Path) -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths([place.join("bin")].into_iter().chain(env::split_paths(&path))).unwrap()
}

/// An app that runs beside a sidecar.
struct Running {
    lab: Lab,
    // Only ended.
    _program: Process,
    // Last: the folder goes when the programs are gone.
    _folder: TempDir,
}

impl Running {
    async fn start(runtime: Runtime, mut command: Command) -> Self {
        let folder = TempDir::new().unwrap();
        let setup = Setup {
            // The same store for both: what an error says is its own.
            store: Store::File(folder.path().join("state.db")),
            scheduler: true,
            ..Setup::documents(&[NEWS])
        };
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let lab = runtime.launch(App::echo(), addr, setup).await;
        let (http, grpc) = lab.ports();
        command.current_dir(folder.path()).env("APP_PORT", addr.port().to_string());
        command.env("DAPR_HTTP_PORT", http.to_string()).env("DAPR_GRPC_PORT", grpc.to_string());
        let program = Process::start("app", folder.path(), &mut command);
        lab.ready().await;
        let running = Self { lab, _program: program, _folder: folder };
        until("the actor is hosted", || async { !running.metadata().await["actorRuntime"]["activeActors"].is_null() })
            .await;
        running
    }

    /// What the runtime tells of the app.
    async fn metadata(&self) -> Value {
        let answer = self.lab.http.get(self.lab.url("/v1.0/metadata")).send().await.unwrap();
        let metadata: Value = answer.json().await.unwrap();
        json!({"actorRuntime": metadata["actorRuntime"], "subscriptions": metadata["subscriptions"]})
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> (StatusCode, Option<String>, Value) {
        let request = self.lab.http.request(method, self.lab.url(path)).json(&body).timeout(DEADLINE);
        let answer = request.send().await.unwrap_or_else(|error| panic!("{path}: {error}"));
        let content_type = answer.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
        let (status, body) = (answer.status(), answer.bytes().await.unwrap());
        let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
        (status, content_type, serde_json::from_slice(&body).unwrap_or_else(|_| text()))
    }

    async fn actor(&self, method: &str, body: Value) -> (StatusCode, Option<String>, Value) {
        self.ask(Method::PUT, &format!("/v1.0/actors/Counter/a/method/{method}"), body).await
    }

    async fn app(&self, method: &str) -> (StatusCode, Option<String>, Value) {
        self.ask(Method::POST, &format!("/v1.0/invoke/app/method/{method}"), json!({})).await
    }

    /// Waits until the actor has seen as much.
    async fn seen(&self, what: &str, count: u64) {
        let arrived = || async { self.actor("Seen", json!({})).await.2[what] == count };
        until(what, arrived).await;
    }

    async fn events(&self) -> Vec<Value> {
        let mut events = self.app("events").await.2.as_array().cloned().unwrap_or_default();
        events.sort_by_key(Value::to_string);
        events
    }
}

/// Asks everything: what was asked, and the answers.
async fn answers(runtime: Runtime, sdk: Sdk) -> Vec<(&'static str, Value)> {
    let app = Running::start(runtime, sdk.command().unwrap()).await;
    let mut answers = Vec::new();
    let mut note = |what: &'static str, answer: (StatusCode, Option<String>, Value)| {
        answers.push((what, json!([answer.0.as_u16(), answer.1, answer.2])));
    };
    note("add", app.actor("Add", json!({"n": 2})).await);
    note("add again", app.actor("Add", json!({"n": 3})).await);
    note("by proxy", app.app("count").await);
    note("fail", app.actor("Fail", json!({})).await);
    note("no such method", app.actor("Nothing", json!({})).await);
    note("after a failure", app.actor("Get", json!({})).await);
    note("state", app.ask(Method::GET, "/v1.0/actors/Counter/a/state/total", Value::Null).await);
    note("timer", app.actor("StartTimer", json!({})).await);
    app.seen("ticks", 3).await;
    note("reminder", app.actor("Remind", json!({})).await);
    app.seen("reminders", 2).await;
    note("ticked and reminded", app.actor("Seen", json!({})).await);
    note("publish", app.app("publish").await);
    until("two events", || async { app.events().await.len() == 2 }).await;
    note("states", app.app("states").await);
    note("errors", app.app("errors").await);
    note("call", app.app("call").await);
    if let Sdk::Python(_) = sdk {
        note("back to itself", app.actor("Nested", json!({})).await);
        note("error of an actor", app.app("actor-errors").await);
    }
    answers.push(("events", app.events().await.into()));
    answers.push(("metadata", app.metadata().await));
    answers
}

/// Asks everything on both runtimes. What has to come is told here; all the rest has to be the same.
async fn same_on_both(sdk: Sdk) {
    if sdk.command().is_none() {
        return;
    }
    let on_daprd = async {
        let (runtime, _place) = Runtime::daprd_with_scheduler().await?;
        Some(answers(runtime, sdk).await)
    };
    let (embedded, daprd) = tokio::join!(answers(Runtime::Embedded, sdk), on_daprd);
    let said = |what: &str| &embedded.iter().find(|(name, _)| *name == what).unwrap().1;
    for (what, answer) in [("add", 2), ("add again", 5), ("by proxy", 5), ("after a failure", 5), ("state", 5)] {
        assert_eq!((&said(what)[0], &said(what)[2]), (&json!(200), &json!(answer)), "{what}");
    }
    assert_eq!(said("fail")[0], 500);
    assert_eq!(said("ticked and reminded")[2], json!({"ticks": 3, "reminders": 2}));
    assert_eq!(said("call")[0], 200);
    if let Sdk::Python(_) = sdk {
        assert_eq!(said("back to itself")[2], 5);
    }
    for ((what, embedded), (_, daprd)) in embedded.iter().zip(daprd.iter().flatten()) {
        assert_eq!(embedded, daprd, "{what}: left is the embedded sidecar, right is daprd");
    }
}

#[tokio::test]
async fn an_app_with_the_courses_sdk_for_python() {
    same_on_both(Sdk::Python("dapr-oldest")).await;
}

#[tokio::test]
async fn an_app_with_the_newest_sdk_for_python() {
    same_on_both(Sdk::Python("dapr-newest")).await;
}

#[tokio::test]
async fn an_app_with_the_sdk_for_javascript() {
    same_on_both(Sdk::JavaScript).await;
}

#[tokio::test]
async fn an_app_with_the_sdk_for_go() {
    same_on_both(Sdk::Go).await;
}
