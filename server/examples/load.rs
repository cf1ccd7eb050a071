//! Sends messages to a program that speaks the lesson's REST, and tells how long the answers took, as one line of JSON.
//!
//! `cargo xtask bench` runs it. By hand: `cargo run --release -p server --example load -- --url http://127.0.0.1:8000`

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clap::Parser;
use futures::future::try_join_all;
use reqwest::Client;
use serde_json::json;

/// What to send, and where to.
#[derive(Parser)]
struct Options {
    /// Where `POST /chat/{actor_id}` is.
    #[arg(long)]
    url: String,
    /// How many messages are under way at once.
    #[arg(long, default_value_t = 1)]
    clients: usize,
    /// How many actors they go to, in turn.
    #[arg(long, default_value_t = 50)]
    actors: usize,
    /// How long to measure, after one message to each actor that is not measured.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Switch the lab's simulated failure off first, for each actor.
    #[arg(long)]
    switch_off: bool,
}

/// The actors' door.
struct Target {
    client: Client,
    url: String,
    actors: usize,
}

impl Target {
    fn actor(n: usize) -> String {
        format!("bench-{n}")
    }

    /// Sends the `n`th message and waits for its reply.
    async fn send(&self, n: usize) -> anyhow::Result<()> {
        let url = format!("{}/chat/{}", self.url, Self::actor(n % self.actors));
        let body = json!({"role": "user", "content": format!("message {n}")});
        let answer = self.client.post(url).json(&body).send().await.context("the message cannot be sent")?;
        let status = answer.status();
        let body = answer.text().await?;
        if !status.is_success() {
            bail!("the answer is {status}: {body}");
        }
        Ok(())
    }

    async fn switch_off(&self, n: usize) -> anyhow::Result<()> {
        let url = format!("{}/api/lab/{}/fault", self.url, Self::actor(n));
        self.client.put(url).json(&json!({"on": false})).send().await?.error_for_status()?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Options { url, clients, actors, seconds, switch_off } = Options::parse();
    let target = Arc::new(Target { client: Client::new(), url, actors });
    if switch_off {
        try_join_all((0..actors).map(|n| target.switch_off(n))).await.context("the switch cannot be set")?;
    }
    try_join_all((0..actors).map(|n| target.send(n))).await.context("while the actors were made warm")?;

    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let until = began + Duration::from_secs(seconds);
    let clients = (0..clients).map(|_| {
        let (target, next) = (target.clone(), next.clone());
        tokio::spawn(async move {
            let mut took = Vec::new();
            while Instant::now() < until {
                let sent = Instant::now();
                target.send(next.fetch_add(1, Ordering::Relaxed)).await?;
                took.push(sent.elapsed());
            }
            anyhow::Ok(took)
        })
    });
    let mut took = Vec::new();
    for client in try_join_all(clients).await? {
        took.extend(client?);
    }
    let lasted = began.elapsed();
    took.sort_unstable();
    // As a rank: the smallest time that so many of a hundred messages did not exceed.
    let percentile = |percent: usize| took[(took.len() * percent).div_ceil(100) - 1].as_secs_f64() * 1e3;
    let line = json!({
        "messages": took.len(),
        "per_second": took.len() as f64 / lasted.as_secs_f64(),
        "p50_ms": percentile(50),
        "p99_ms": percentile(99),
    });
    println!("{line}");
    Ok(())
}
