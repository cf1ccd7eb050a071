//! The ways it ends.

use std::time::{Duration, Instant};

use axum::response::IntoResponse;

use crate::program::{Program, Setup, client};
use crate::support::{App, TYPE, invoke};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_though_a_turn_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = App::answering(|seen| async move {
        if seen.method == http::Method::PUT {
            std::future::pending::<()>().await;
        }
        seen.body.into_response()
    });
    app.config = format!(r#"{{"entities":["{TYPE}"],"drainOngoingCallTimeout":"1h"}}"#);
    let setup = Setup::new(app.listen().await).await;
    let program = Program::start(folder.path(), &setup);
    let client = client(setup.grpc).await;
    let turn = tokio::spawn(invoke(client, TYPE, "a", "Do", ""));
    app.wait(1, |seen| seen.method == http::Method::PUT).await;
    program.ask_to_end();
    program.wait_for_log(1, "shutting down").await;
    let asked = Instant::now();
    program.ask_to_end();
    let (success, log) = program.ended();
    assert!(!success && log.contains("a second time"), "{log}");
    assert!(asked.elapsed() < Duration::from_secs(5));
    assert!(turn.await.unwrap().is_err());
}
