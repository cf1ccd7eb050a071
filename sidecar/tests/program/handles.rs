//! Few file handles.

use std::time::{Duration, Instant};

use dapr::dapr::proto::runtime::v1::{ExecuteActorStateTransactionRequest, GetActorStateRequest};
use tokio::net::TcpStream;

use crate::program::{Program, Setup, client};
use crate::support::{App, TYPE, invoke, until, upsert};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_file_handle_left_it_says_so_waits_serves_whom_it_has_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::echo();
    let setup = Setup { handles: 48, ..Setup::new(app.listen().await).await };
    let program = Program::start(folder.path(), &setup);
    let mut client = client(setup.grpc).await;
    invoke(client.clone(), TYPE, "a", "Do", "").await.unwrap();

    let mut connections = Vec::new();
    for addr in [setup.grpc, setup.http] {
        for _ in 0..40 {
            connections.push(TcpStream::connect(addr).await.unwrap());
        }
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

    drop(connections);
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
