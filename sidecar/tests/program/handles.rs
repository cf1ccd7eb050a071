//! Few file handles.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use dapr::dapr::proto::runtime::v1::{ExecuteActorStateTransactionRequest, GetActorStateRequest, PublishEventRequest};
use http::Method;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::program::{Program, Setup, client};
use crate::support::{App, Gate, STORE, TYPE, gated, invoke, until, upsert};

/// Takes the handles that are left: a call of actor `a`, which waits at the app's gate, has the one connection to the app,
/// and connections that say nothing have the others.
async fn with_no_handle_left(
    program: &Program,
    setup: &Setup<'_>,
    client: &DaprClient<Channel>,
    app: &App,
) -> (JoinHandle<Result<Vec<u8>, Status>>, Vec<TcpStream>) {
    let held = tokio::spawn(invoke(client.clone(), TYPE, "a", "Do", "held"));
    app.wait(1, |seen| seen.method == Method::PUT).await;
    let connections = connections(setup.http, 80).await;
    program.wait_for_log(1, "the HTTP API cannot take another connection").await;
    (held, connections)
}

async fn connections(addr: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut connections = Vec::new();
    for _ in 0..count {
        connections.push(TcpStream::connect(addr).await.unwrap());
    }
    connections
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_for_which_no_file_handle_is_left_is_told_that_it_may_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let gate = Gate::closed();
    let app = gated(&gate);
    let setup = Setup { handles: 48, ..Setup::new(app.listen().await).await };
    let program = Program::start(folder.path(), &setup);
    let client = client(setup.grpc).await;
    let (held, connections) = with_no_handle_left(&program, &setup, &client, &app).await;
    let refused = invoke(client.clone(), TYPE, "b", "Do", "").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused}");
    assert!(refused.message().ends_with("socket: too many open files"), "{refused}");
    drop(connections);
    gate.open(2);
    assert_eq!(held.await.unwrap().unwrap(), b"held");
    until("it is called again", || async { invoke(client.clone(), TYPE, "b", "Do", "").await.is_ok() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_file_handle_left_it_says_so_waits_serves_whom_it_has_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::echo();
    let setup = Setup { handles: 48, ..Setup::new(app.listen().await).await };
    let program = Program::start(folder.path(), &setup);
    let mut client = client(setup.grpc).await;
    invoke(client.clone(), TYPE, "a", "Do", "").await.unwrap();

    let mut taken = Vec::new();
    for addr in [setup.grpc, setup.http] {
        taken.extend(connections(addr, 40).await);
    }
    for api in ["gRPC", "HTTP"] {
        program.wait_for_log(1, &format!("the {api} API cannot take another connection")).await;
    }
    let save = ExecuteActorStateTransactionRequest {
        actor_type: TYPE.into(),
        actor_id: "a".into(),
        operations: vec![upsert("k", "v")],
    };
    client.execute_actor_state_transaction(save).await.unwrap();
    let busy = program.processor_seconds();
    program.wait_for_log(2, "the gRPC API cannot take another connection").await;
    let spent = program.processor_seconds() - busy;
    assert!(spent < 2.0, "it waits: {spent} s of a processor in ten");

    drop(taken);
    let http = reqwest::Client::new();
    let url = format!("http://{}/v1.0/healthz", setup.http);
    until("it serves again", || async { http.get(&url).send().await.is_ok() }).await;
    let read = GetActorStateRequest { actor_type: TYPE.into(), actor_id: "a".into(), key: "k".into() };
    assert_eq!(client.get_actor_state(read).await.unwrap().into_inner().data, b"v");
    let asked = Instant::now();
    program.ask_to_end();
    let (success, log) = program.ended();
    assert!(success, "{log}");
    assert!(asked.elapsed() < Duration::from_secs(5), "{log}");
    app.wait_deactivated("a", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_for_which_no_file_handle_is_left_is_delivered_when_there_is_one_again() {
    let folder = tempfile::tempdir().unwrap();
    let gate = Gate::closed();
    let app = gated(&gate);
    let pubsub = "
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: bus}
spec: {type: pubsub.in-memory, version: v1}
---
apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: {name: one}
spec: {pubsubname: bus, topic: one, routes: {default: /one}}
---
apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: {name: many}
spec: {pubsubname: bus, topic: many, routes: {default: /many}, bulkSubscribe: {enabled: true, maxAwaitDurationMs: 1}}
";
    let resources = format!("{STORE}{pubsub}");
    let setup = Setup { handles: 48, store: &resources, ..Setup::new(app.listen().await).await };
    let program = Program::start(folder.path(), &setup);
    let mut client = client(setup.grpc).await;
    let (held, connections) = with_no_handle_left(&program, &setup, &client, &app).await;
    for topic in ["one", "many"] {
        let data = b"message".to_vec();
        let event = PublishEventRequest {
            pubsub_name: "bus".into(),
            topic: topic.into(),
            data,
            data_content_type: "text/plain".into(),
            ..Default::default()
        };
        client.publish_event(event).await.unwrap();
        program.wait_for_log(1, &format!("a message to topic {topic} waits until there is a file handle")).await;
    }
    drop(connections);
    gate.open(1);
    held.await.unwrap().unwrap();
    for path in ["/one", "/many"] {
        app.wait(1, |seen| seen.path == path).await;
    }
}
