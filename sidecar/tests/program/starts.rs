//! What it takes, and what it refuses to start with.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

use dapr::dapr::proto::runtime::v1::ShutdownRequest;

use crate::program::{Program, Setup, client};
use crate::support::{App, TYPE, invoke};

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_daprds_flags_warns_of_those_it_ignores_and_ends_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::echo();
    let setup = Setup::new(app.listen().await).await;
    let program = Program::start(folder.path(), &setup);
    invoke(client(setup.grpc).await, TYPE, "a", "Do", "").await.unwrap();
    program.ask_to_end();
    let (success, log) = program.ended();
    assert!(success, "{log}");
    for flag in ["--mode", "--placement-host-address", "--enable-metrics"] {
        assert!(log.contains(&format!("{flag} belongs to a part")), "{flag}: {log}");
    }
    assert!(log.contains("Using 'statestore' as actor state store"), "{log}");
    app.wait_deactivated("a", 1).await;

    let program = Program::start(folder.path(), &setup);
    client(setup.grpc).await.shutdown(ShutdownRequest {}).await.unwrap();
    assert!(program.ended().0, "Shutdown ends it too");
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
    let setup = Setup::new(App::echo().listen().await).await;
    let (success, log) = Program::start(folder.path(), &setup).ended();
    assert!(!success);
    assert!(log.contains("state.db cannot be used"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_nobody_can_show_does_not_count_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(App::echo().listen().await).await;
    for name in ["DAPR_API_TOKEN", "APP_API_TOKEN"] {
        for token in [&b"\xff\xfe"[..], b"two\nlines"] {
            let program = Program::with(folder.path(), &setup, |command| {
                command.env(name, OsStr::from_bytes(token));
            });
            let (success, log) = program.ended();
            assert!(!success && log.contains(name), "{log}");
        }
    }
    let others = setup.store.replace("value: state.db", "envRef: STORE_FILE");
    let program = Program::with(folder.path(), &Setup { store: &others, ..setup }, |command| {
        command.env("STORE_FILE", OsStr::from_bytes(b"\xff.db"));
    });
    let (success, log) = program.ended();
    assert!(!success && log.contains("STORE_FILE"), "{log}");
}
