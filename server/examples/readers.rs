//! Follows one actor with many readers while it is sent messages, and tells how long its events were on their way, as
//! one line of JSON.
//!
//! `cargo xtask bench` runs it, and looks at the server's memory in between: once every reader is connected a line with
//! their number is printed, and the messages begin when a line comes in.

use std::{
    io::{BufRead, stdin},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, bail, ensure};
use clap::Parser;
use futures::{StreamExt, future::try_join_all};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// The actor that is followed.
const ACTOR: &str = "bench-followed";

/// How many events a turn without failures has.
const EVENTS_OF_A_TURN: f64 = 11.0;

/// How long the last events may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whom to follow, and what happens meanwhile.
#[derive(Parser)]
struct Options {
    /// Where the lab is.
    #[arg(long)]
    url: String,
    /// How many readers follow the actor.
    #[arg(long, default_value_t = 1)]
    readers: usize,
    /// How many events the actor has in a second. They come in turns, as they do in the lab.
    #[arg(long, default_value_t = 20.0)]
    per_second: f64,
    /// How long messages are sent.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

/// Now, in milliseconds since the Unix epoch: the clock that events carry.
fn now_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1e3
}

/// A reader's stream, read so far as the greeting.
async fn connect(client: &Client, url: &str) -> anyhow::Result<Response> {
    let mut stream = client.get(format!("{url}/events/{ACTOR}")).send().await?.error_for_status()?;
    ensure!(stream.chunk().await?.is_some(), "a stream ended at once");
    Ok(stream)
}

/// Reads until the event of the last turn's end has come; returns for each event how long it was on its way, in
/// milliseconds. The server's clock has whole milliseconds: what is told is up to one more than it was.
async fn read(stream: Response, turns: usize) -> anyhow::Result<Vec<f64>> {
    let (mut late, mut ended, mut text) = (Vec::new(), 0, Vec::new());
    let mut chunks = stream.bytes_stream();
    while ended < turns {
        let Some(chunk) = chunks.next().await else { bail!("a stream ended after {} events", late.len()) };
        let now = now_ms();
        text.extend_from_slice(&chunk?);
        let Some(whole) = text.windows(2).rposition(|end| end == b"\n\n") else { continue };
        let rest = text.split_off(whole + 2);
        for line in text.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"data: ")) {
            let event: Value = serde_json::from_slice(line)?;
            let at = event["at"].as_f64().context("an event without its time")?;
            late.push((now - at).max(0.0));
            // Its message comes back to the application after its turn: that is not waited for.
            ended += usize::from(event["type"] == "turn_completed");
        }
        text = rest;
    }
    Ok(late)
}

/// Sends `turns` messages, so many as make the wanted number of events in a second.
async fn send(client: &Client, url: &str, per_second: f64, turns: usize) -> anyhow::Result<()> {
    let mut tick = interval(Duration::from_secs_f64(EVENTS_OF_A_TURN / per_second));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for n in 0..turns {
        tick.tick().await;
        let body = json!({"role": "user", "content": format!("message {n}")});
        client.post(format!("{url}/chat/{ACTOR}")).json(&body).send().await?.error_for_status()?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Options { url, readers, per_second, seconds } = Options::parse();
    // A connection for each reader, as browsers have: HTTP/1.1 carries one stream at a time.
    let client = Client::new();
    client.put(format!("{url}/api/lab/{ACTOR}/fault")).json(&json!({"on": false})).send().await?.error_for_status()?;
    let streams =
        try_join_all((0..readers).map(|_| connect(&client, &url))).await.context("a reader cannot connect")?;
    println!("{}", json!({"connected": streams.len()}));
    // Nothing else is to be done before that.
    stdin().lock().read_line(&mut String::new())?;

    let turns = ((seconds as f64 * per_second / EVENTS_OF_A_TURN) as usize).max(1);
    let readers: Vec<_> = streams.into_iter().map(|stream| tokio::spawn(read(stream, turns))).collect();
    let began = Instant::now();
    send(&client, &url, per_second, turns).await.context("the message cannot be sent")?;
    let lasted = began.elapsed();
    let mut late = Vec::new();
    for reader in timeout(PATIENCE, try_join_all(readers)).await.context("a reader waits for events in vain")?? {
        late.extend(reader?);
    }
    late.sort_unstable_by(f64::total_cmp);
    // As a rank: the smallest time that so many of a hundred events did not exceed.
    let percentile = |percent: usize| late[(late.len() * percent).div_ceil(100) - 1];
    let line = json!({
        "events": late.len(),
        "seconds": lasted.as_secs_f64(),
        "p50_ms": percentile(50),
        "p99_ms": percentile(99),
    });
    println!("{line}");
    Ok(())
}
