//! The program's log and those who read it: what they do stops nothing, and what an app answers is no line of it.

use axum::response::IntoResponse;
use http::StatusCode;

use crate::program::{Program, Setup, client};
use crate::support::{App, PUBSUB, STORE, TYPE, invoke};

/// An app that fails what is delivered to it, in these words.
fn failing(words: &str) -> App {
    let words = words.to_owned();
    let app = App::answering(move |seen| {
        let words = words.clone();
        async move {
            match seen.path.as_str() {
                "/failing" => (StatusCode::INTERNAL_SERVER_ERROR, words).into_response(),
                _ => seen.body.into_response(),
            }
        }
    });
    app.subscribing(r#"[{"pubsubname":"bus","topic":"t","route":"/failing"}]"#)
}

/// Has the app called with messages, each of which it fails; then a turn, which is answered as ever.
async fn deliver(app: &App, setup: &Setup<'_>, messages: usize) {
    let client = client(setup.grpc).await;
    // Answered when the app has said what it subscribes to.
    invoke(client.clone(), TYPE, "a", "Do", "").await.unwrap();
    let http = reqwest::Client::new();
    let url = format!("http://{}/v1.0/publish/bus/t", setup.http);
    for message in 1..=messages {
        assert_eq!(http.post(&url).body("m").send().await.unwrap().status(), StatusCode::NO_CONTENT);
        app.wait(message, |seen| seen.path == "/failing").await;
    }
    assert_eq!(invoke(client, TYPE, "a", "Do", "x").await.unwrap(), b"x");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_leaves_stops_nothing() {
    let (folder, app, store) = (tempfile::tempdir().unwrap(), failing("no"), format!("{STORE}---{PUBSUB}"));
    let setup = Setup { store: &store, ..Setup::new(app.listen().await).await };
    let (program, log) = Program::unread(folder.path(), &setup, |_| {});
    drop(log);
    deliver(&app, &setup, 3).await;
    program.ask_to_end();
    assert!(program.ended().0);
    app.wait_deactivated("a", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stands_still_stops_nothing() {
    let (folder, store) = (tempfile::tempdir().unwrap(), format!("{STORE}---{PUBSUB}"));
    // Several times what a pipe holds.
    let app = failing(&"x".repeat(15_000));
    let setup = Setup { store: &store, ..Setup::new(app.listen().await).await };
    let (program, _nobody_reads) = Program::unread(folder.path(), &setup, |_| {});
    deliver(&app, &setup, 24).await;
    program.ask_to_end();
    assert!(program.ended().0);
    app.wait_deactivated("a", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_answers_is_no_line_of_the_log() {
    let (folder, store) = (tempfile::tempdir().unwrap(), format!("{STORE}---{PUBSUB}"));
    let app = failing("no\n12:00:00.000  INFO all is well\r\u{1b}[1A\u{2028}12:00:00.001 ERROR all is lost");
    let setup = Setup { store: &store, ..Setup::new(app.listen().await).await };
    let program = Program::start(folder.path(), &setup);
    deliver(&app, &setup, 1).await;
    program.wait_for_log(1, "all is lost").await;
    program.ask_to_end();
    let (success, log) = program.ended();
    assert!(success, "{log}");
    assert!(log.contains(r"no\n12:00:00.000  INFO all is well\r\u{1b}[1A\u{2028}12:00:00.001 ERROR"), "{log}");
    assert!(log.lines().all(|line| !line.starts_with("12:00:00.00")), "{log}");
    let controls = |char: char| char.is_control() && char != '\n';
    assert!(!log.contains(controls) && !log.contains('\u{2028}'), "{log:?}");
}
