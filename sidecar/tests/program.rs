//! The `sidecar` program: flags, signals, and what survives its sudden end.
#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use dapr::dapr::proto::runtime::v1::{ExecuteActorStateTransactionRequest, ShutdownRequest};
use rustix::process::{Pid, Signal, kill_process};
use support::{App, STORE, TYPE, invoke, upsert};
use tonic::transport::Channel;

/// The program with daprd's flags, running in a folder.
struct Program(Child);

impl Program {
    fn start(folder: &Path, app: SocketAddr, grpc: SocketAddr) -> Self {
        let resources = folder.join("resources");
        std::fs::create_dir_all(&resources).unwrap();
        std::fs::write(resources.join("store.yaml"), STORE).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_sidecar"))
            .current_dir(folder)
            .args(["--app-id", "app", "-app-port", &app.port().to_string()])
            .args(["--dapr-grpc-port", &grpc.port().to_string(), "--dapr-http-port=0"])
            .args(["--resources-path", "resources", "--mode", "standalone"])
            .args(["--placement-host-address", "127.0.0.1:50005", "--enable-metrics=false"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn ask_to_end(&self) {
        kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
    }

    fn log(self) -> (bool, String) {
        let output = self.0.wait_with_output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), log)
    }
}

async fn free_addr() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

async fn client(grpc: SocketAddr) -> DaprClient<Channel> {
    support::until("the program listens", || async { tokio::net::TcpStream::connect(grpc).await.is_ok() }).await;
    DaprClient::connect(format!("http://{grpc}")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_daprds_flags_warns_of_those_it_ignores_and_ends_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::echo();
    let (app_addr, grpc) = (app.listen().await, free_addr().await);
    let program = Program::start(folder.path(), app_addr, grpc);
    invoke(client(grpc).await, TYPE, "a", "Do", "").await.unwrap();
    program.ask_to_end();
    let (success, log) = program.log();
    assert!(success, "{log}");
    for flag in ["--mode", "--placement-host-address", "--enable-metrics"] {
        assert!(log.contains(&format!("{flag} belongs to a part")), "{flag}: {log}");
    }
    assert!(log.contains("Using 'statestore' as actor state store"), "{log}");
    app.wait_deactivated("a", 1).await;

    let program = Program::start(folder.path(), app_addr, grpc);
    client(grpc).await.shutdown(ShutdownRequest {}).await.unwrap();
    assert!(program.log().0, "Shutdown ends it too");
}

#[test]
fn a_flag_that_daprd_does_not_know_is_refused() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_sidecar")).args(["--app-id", "a", "--no-such-flag"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--no-such-flag"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_says_why_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("state.db"), "not a database, by any means").unwrap();
    let app = App::echo().listen().await;
    let program = Program::start(folder.path(), app, free_addr().await);
    let (success, log) = program.log();
    assert!(!success);
    assert!(log.contains("state.db cannot be used"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (app, grpc) = (App::echo().listen().await, free_addr().await);
    let mut program = Program::start(folder.path(), app, grpc);
    let client = client(grpc).await;

    let written = Arc::new(AtomicUsize::new(0));
    // Each actor saves the same number under two keys, again and again.
    let writers: Vec<_> = (0..8)
        .map(|actor| {
            let mut client = client.clone();
            let written = Arc::clone(&written);
            tokio::spawn(async move {
                let id = format!("a{actor}");
                invoke(client.clone(), TYPE, &id, "Do", "").await.unwrap();
                let mut acknowledged = 0;
                loop {
                    let next = (acknowledged + 1).to_string();
                    let request = ExecuteActorStateTransactionRequest {
                        actor_type: TYPE.into(),
                        actor_id: id.clone(),
                        operations: vec![upsert("x", &next), upsert("y", &next)],
                    };
                    match client.execute_actor_state_transaction(request).await {
                        Ok(_) => {
                            acknowledged += 1;
                            written.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(_) => return (id, acknowledged),
                    }
                }
            })
        })
        .collect();
    support::until("two hundred writes", || async { written.load(Ordering::Relaxed) >= 200 }).await;
    program.0.kill().unwrap();
    program.0.wait().unwrap();
    let mut results = Vec::new();
    for writer in writers {
        results.push(writer.await.unwrap());
    }

    let grpc = free_addr().await;
    let _restarted = Restarted(Program::start(folder.path(), app, grpc));
    let mut client = self::client(grpc).await;
    for (id, acknowledged) in results {
        let mut values = Vec::new();
        for key in ["x", "y"] {
            let request = dapr::dapr::proto::runtime::v1::GetActorStateRequest {
                actor_type: TYPE.into(),
                actor_id: id.clone(),
                key: key.into(),
            };
            let data = client.get_actor_state(request).await.unwrap().into_inner().data;
            values.push(String::from_utf8(data).unwrap().parse::<u64>().unwrap());
        }
        assert_eq!(values[0], values[1], "{id}: no half transaction");
        assert!(acknowledged > 0, "{id} wrote");
        // The last one may have been committed without its answer getting out.
        assert!((acknowledged..=acknowledged + 1).contains(&values[0]), "{id}: {values:?}");
    }
}

/// Ends the program with the test.
struct Restarted(Program);

impl Drop for Restarted {
    fn drop(&mut self) {
        let _ = self.0.0.kill();
        let _ = self.0.0.wait();
    }
}
