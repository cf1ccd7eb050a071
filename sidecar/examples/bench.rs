//! An app with an actor that does nothing, or saves one value, and the clients that call it: what is measured is the
//! sidecar between them.
//!
//! `cargo xtask bench --sidecar` runs it beside this project's sidecar and beside daprd. It listens at `--app-port` at
//! once; after a line on its standard input it calls, and prints what it measured as a line of JSON; then it makes many
//! actors active, prints how many, and ends when its standard input does.

use std::io::BufRead as _;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{delete, get, put};
use clap::Parser;
use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use dapr::dapr::proto::runtime::v1::{
    ExecuteActorStateTransactionRequest, InvokeActorRequest, TransactionalActorStateOperation,
};
use futures::future::try_join_all;
use http::StatusCode;
use serde_json::json;
use tonic::transport::{Channel, Endpoint};

/// Hosted by the same name as the lab's, which is what its set-up waits for.
const TYPE: &str = "ChatAgent";
/// How many actors the measured calls go to, in turn.
const WARM: usize = 50;
/// How many are called at once while they are made active.
const AT_ONCE: usize = 32;

#[derive(Parser)]
struct Options {
    /// Where the app listens on loopback.
    #[arg(long)]
    app_port: u16,
    /// The sidecar's gRPC port.
    #[arg(long)]
    grpc_port: u16,
    /// How long each load lasts.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many actors are active in the end.
    #[arg(long, default_value_t = 20_000)]
    active: usize,
}

type Client = DaprClient<Channel>;

/// `Null` does nothing; `Write` saves one value.
async fn method(State(client): State<Client>, Path((id, method)): Path<(String, String)>) -> StatusCode {
    if method == "Null" {
        return StatusCode::OK;
    }
    let value = prost_types::Any { type_url: String::new(), value: br#"{"n":1}"#.to_vec() };
    let operation = TransactionalActorStateOperation {
        operation_type: "upsert".into(),
        key: "value".into(),
        value: Some(value),
        ..Default::default()
    };
    let request =
        ExecuteActorStateTransactionRequest { actor_type: TYPE.into(), actor_id: id, operations: vec![operation] };
    match client.clone().execute_actor_state_transaction(request).await {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn call(client: &Client, actor: usize, method: &str) -> anyhow::Result<()> {
    let request = InvokeActorRequest {
        actor_type: TYPE.into(),
        actor_id: format!("bench-{actor}"),
        method: method.into(),
        ..Default::default()
    };
    client.clone().invoke_actor(request).await.with_context(|| format!("a call of {method}"))?;
    Ok(())
}

/// So many clients, one call after the other each.
async fn load(
    client: &Client,
    method: &'static str,
    clients: usize,
    lasts: Duration,
) -> anyhow::Result<serde_json::Value> {
    try_join_all((0..WARM).map(|actor| call(client, actor, method))).await?;
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let callers = (0..clients).map(|_| {
        let (client, next) = (client.clone(), Arc::clone(&next));
        tokio::spawn(async move {
            let mut took = Vec::new();
            while began.elapsed() < lasts {
                let sent = Instant::now();
                call(&client, next.fetch_add(1, Ordering::Relaxed) % WARM, method).await?;
                took.push(sent.elapsed());
            }
            anyhow::Ok(took)
        })
    });
    let mut took = Vec::new();
    for caller in try_join_all(callers).await? {
        took.extend(caller?);
    }
    let per_second = took.len() as f64 / began.elapsed().as_secs_f64();
    took.sort_unstable();
    // As a rank: the smallest time that so many of a hundred calls did not exceed.
    let percentile = |percent: usize| took[(took.len() * percent).div_ceil(100) - 1].as_secs_f64() * 1e3;
    Ok(json!({"method": method, "clients": clients, "per_second": per_second, "p50_ms": percentile(50),
              "p99_ms": percentile(99)}))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Options { app_port, grpc_port, seconds, active } = Options::parse();
    let client = DaprClient::new(Endpoint::from_shared(format!("http://127.0.0.1:{grpc_port}"))?.connect_lazy());
    let config = json!({"entities": [TYPE], "actorIdleTimeout": "1h"}).to_string();
    let app = Router::new()
        .route("/dapr/config", get(|| async move { config }))
        .route(&format!("/actors/{TYPE}/{{id}}"), delete(|| async {}))
        .route(&format!("/actors/{TYPE}/{{id}}/method/{{method}}"), put(method))
        .with_state(client.clone());
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, app_port)).await?;
    tokio::spawn(async move { axum::serve(listener, app).await });

    let lines = || tokio::task::spawn_blocking(|| std::io::stdin().lock().read_line(&mut String::new()));
    lines().await??;
    let mut loads = Vec::new();
    for method in ["Null", "Write"] {
        for clients in [1, 32] {
            loads.push(load(&client, method, clients, Duration::from_secs(seconds)).await?);
        }
    }
    println!("{}", serde_json::Value::from(loads));
    let next = AtomicUsize::new(0);
    let activate = || async {
        loop {
            let actor = next.fetch_add(1, Ordering::Relaxed);
            if actor >= active {
                return anyhow::Ok(());
            }
            call(&client, actor, "Null").await?;
        }
    };
    try_join_all((0..AT_ONCE).map(|_| activate())).await?;
    println!("{}", json!({"active": active}));
    lines().await??;
    Ok(())
}
