//! A stop waits for turns, and for no client that does nothing.

use std::{net::SocketAddr, time::Duration};

use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{Instant, timeout},
};

use crate::support::Lab;

/// The longest that a stop may take where no turn runs.
const END: Duration = Duration::from_secs(5);

/// A connection on which `request` was sent, with room for little of an answer.
async fn asked(lab: &Lab, request: &str) -> TcpStream {
    let addr: SocketAddr = lab.origin.trim_start_matches("http://").parse().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// How long the lab takes to stop.
async fn stops(lab: Lab) -> Duration {
    let began = Instant::now();
    lab.stop().await;
    began.elapsed()
}

#[tokio::test]
async fn a_reader_of_a_stream_that_never_reads_is_not_waited_for() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    lab.switch_off("user1").await;
    for n in 0..20 {
        lab.say("user1", &format!("{n}{}", "x".repeat(15_000))).await;
    }
    // Everything that is known, which is far more than there is room for on the way.
    let mut stalled = Vec::new();
    for _ in 0..8 {
        let request = "GET /events/user1?after=1-1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let mut stream = asked(&lab, request).await;
        let mut first = [0; 15];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        stalled.push(stream);
    }
    assert_eq!(lab.say("user1", "They hold up nobody").await.0, StatusCode::OK);
    let took = stops(lab).await;
    assert!(took < END, "{took:?}");
}

#[tokio::test]
async fn half_a_request_is_not_waited_for() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let head = "POST /chat/user1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let form = "POST /api/send_message HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 60\r\n\r\nactor=user1&cont";
    let mut halves = Vec::new();
    for half in [
        "P",
        head,
        &format!("{head}Content-Length: 60\r\n\r\n{{\"role\""),
        &format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\n{{\"rol"),
        form,
    ] {
        halves.push(asked(&lab, half).await);
    }
    // Taken in, as a later one is answered.
    assert_eq!(lab.get("/healthz").await.status(), StatusCode::OK);
    let took = stops(lab).await;
    assert!(took < END, "{took:?}");
}

#[tokio::test]
async fn a_body_that_ends_too_early_is_not_called_too_large() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let request = "POST /chat/user1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                   Transfer-Encoding: chunked\r\n\r\nnot a size\r\n";
    let mut stream = asked(&lab, request).await;
    let mut answer = String::new();
    timeout(END, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("did not come whole"), "{answer}");
    lab.stop().await;
}

#[tokio::test]
async fn a_scenario_that_runs_is_answered_and_not_waited_for() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let mut stream = lab.follow("/events/user1", None).await;
    // It waits until the actor leaves memory, which takes a minute.
    let post = lab.client.post(format!("{}/api/lab/user1/scenario", lab.origin));
    let run = tokio::spawn(post.json(&json!({"name": "after-idling"})).send());
    stream.until("turn_completed").await;
    let took = stops(lab).await;
    assert!(took < END, "{took:?}");
    let answer = run.await.unwrap().unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text().await.unwrap().contains("run it again"));
}
