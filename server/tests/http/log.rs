//! The program's log and those who read it: what they do stops nothing, and what people send is no line of it.

use std::{process::Stdio, time::Duration};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    time::timeout,
};

use crate::{
    program::{spawn, terminate},
    support::{PATIENCE, site},
};

/// The longest that the program may take to end: its log's last lines may take a second of it.
const END: Duration = Duration::from_secs(5);

/// A message that is answered as it has to be.
async fn say(client: &Client, origin: &str, content: &str) {
    let message = json!({"role": "user", "content": content});
    let sent = client.post(format!("{origin}/chat/user1")).json(&message).timeout(PATIENCE).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK);
    let answer: Value = sent.json().await.unwrap();
    assert_eq!(answer["response"]["content"], format!("Got your message: {content}"));
}

#[tokio::test]
async fn a_reader_that_leaves_stops_nothing() {
    let (site, data, client) = (site(), TempDir::new().unwrap(), Client::new());
    // Its standard output is read up to the line that says its address, and then nobody has it any more.
    let (mut child, origin) = spawn(site.path(), data.path(), Stdio::piped()).await;
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    timeout(PATIENCE, log.next_line()).await.unwrap().unwrap().expect("a line");
    drop(log);
    for content in ["one", "two", "three"] {
        say(&client, &origin, content).await;
    }
    assert!(terminate(&mut child, END).await.success());
}

#[tokio::test]
async fn a_reader_that_stands_still_stops_nothing() {
    let (site, data, client) = (site(), TempDir::new().unwrap(), Client::new());
    let (mut child, origin) = spawn(site.path(), data.path(), Stdio::piped()).await;
    let _nobody_reads = child.stderr.take().unwrap();
    // Several times what a pipe holds.
    for n in 0..12 {
        say(&client, &origin, &format!("{n}{}", "x".repeat(15_000))).await;
    }
    assert!(terminate(&mut child, END).await.success());
}

#[tokio::test]
async fn what_people_send_is_no_line_of_the_log() {
    let (site, data, client) = (site(), TempDir::new().unwrap(), Client::new());
    let (mut child, origin) = spawn(site.path(), data.path(), Stdio::piped()).await;
    let mut pipe = child.stderr.take().unwrap();
    let log = tokio::spawn(async move {
        let mut log = String::new();
        pipe.read_to_string(&mut log).await.map(|_| log)
    });
    let forged = "Hi\n12:00:00.000  INFO Reset history-user1\r\u{1b}[1A\u{2028}12:00:00.001 ERROR all is lost";
    say(&client, &origin, forged).await;
    let timeline = client.get(format!("{origin}/api/lab/user1/timeline")).send().await.unwrap();
    let timeline: Value = timeline.json().await.unwrap();
    let told = timeline["events"].as_array().unwrap().iter().find(|event| event["type"] == "reply_ready").unwrap();
    assert_eq!(told["content"], forged, "what is told to a page is what was sent");
    assert!(terminate(&mut child, END).await.success());

    let log = log.await.unwrap().unwrap();
    let escaped = r"Hi\n12:00:00.000  INFO Reset history-user1\r\u{1b}[1A\u{2028}12:00:00.001 ERROR all is lost";
    assert!(log.contains(&format!("Processing message for history-user1: {escaped}\n")), "{log}");
    assert!(log.lines().all(|line| !line.starts_with("12:00:00.00")), "{log}");
    let controls = |char: char| char.is_control() && char != '\n';
    assert!(!log.contains(controls) && !log.contains('\u{2028}'), "{log:?}");
}
