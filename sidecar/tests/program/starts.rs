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
    assert!(log.contains("--mode belongs to a part"), "{log}");
    assert!(!log.contains("--placement-host-address"), "it says which sidecars find each other: {log}");
    assert!(!log.contains("--enable-metrics"), "what it is to do without anyway: {log}");
    assert!(log.contains("Using 'statestore' as actor state store"), "{log}");
    app.wait_deactivated("a", 1).await;

    let program = Program::start(folder.path(), &setup);
    client(setup.grpc).await.shutdown(ShutdownRequest {}).await.unwrap();
    assert!(program.ended().0, "Shutdown ends it too");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_starts_as_the_dapr_cli_starts_daprd_and_a_body_of_5_mb_passes_where_16_are_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::echo();
    let setup = Setup::new(app.listen().await).await;
    let more = folder.path().join("more");
    std::fs::create_dir(&more).unwrap();
    std::fs::write(more.join("bus.yaml"), crate::support::PUBSUB).unwrap();
    std::fs::write(
        folder.path().join("config.yaml"),
        "kind: Configuration\nspec: {features: [{name: X, enabled: true}]}",
    )
    .unwrap();
    let program = Program::with(folder.path(), &setup, |command| {
        command.args([
            "--app-max-concurrency",
            "-1",
            "--profile-port",
            "-1",
            "--enable-profiling",
            "--log-level",
            "info",
        ]);
        command.args(["--resources-path", "more", "--config", "config.yaml", "--app-channel-address", "localhost"]);
        command.args(["--dapr-http-max-request-size", "16", "--metrics-port", "0", "--enable-metrics=true"]);
    });
    invoke(client(setup.grpc).await, TYPE, "a", "Do", "").await.unwrap();
    let http = reqwest::Client::new();
    let url = |path: &str| format!("http://{}/v1.0/{path}", setup.http);
    let large = http.put(url("actors/Counter/a/method/Do")).body("x".repeat(5_000_000)).send().await.unwrap();
    assert_eq!((large.status(), large.bytes().await.unwrap().len()), (http::StatusCode::OK, 5_000_000));
    let metadata = http.get(url("metadata")).send().await.unwrap().text().await.unwrap();
    assert!(metadata.contains("statestore") && metadata.contains("pubsub.in-memory"), "both folders: {metadata}");
    program.ask_to_end();
    let (success, log) = program.ended();
    assert!(success, "{log}");
    for part in ["--profile-port belongs", "metrics on http://127.0.0.1:", "has not the feature X"] {
        assert!(log.contains(part), "{part}: {log}");
    }
}

#[test]
fn the_version_is_daprds_and_its_own() {
    let output = Command::new(env!("CARGO_BIN_EXE_sidecar")).arg("--version").output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), sidecar::VERSION);
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

#[cfg(unix)]
#[test]
fn an_argument_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStrExt as _;
    let odd = std::ffi::OsStr::from_bytes(b"--app-id=\xff");
    let output = Command::new(env!("CARGO_BIN_EXE_sidecar")).arg(odd).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.starts_with("error: the argument") && said.contains("--app-id="), "{said}");
}
