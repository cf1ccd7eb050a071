//! An actor that does nothing, behind the lesson's REST: what a sidecar can do at most, whatever the application is.
//!
//! With `--same-calls` each turn makes the calls that `ChatAgent` makes in a turn without failures (two reads, one
//! transaction, one event), and still nothing else: what Dapr's part of such a turn costs. `cargo xtask bench` runs it.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post, put},
};
use clap::Parser;
use model::actor_id::{ACTOR_TYPE, ActorId};
use serde_json::{Value, json};
use server::dapr::{Dapr, StateChange};
use tokio::net::TcpListener;

/// The longest that a turn is waited for.
const LIMIT: Duration = Duration::from_secs(30);

/// How many messages `ChatAgent` keeps, and how many answered ones it remembers.
const KEPT: usize = 5;
const REMEMBERED: usize = 32;

/// Where to listen, and what to do in a turn.
#[derive(Parser)]
struct Options {
    /// Where messages come in.
    #[arg(long)]
    addr: SocketAddr,
    /// Where the sidecar reaches the actor.
    #[arg(long)]
    app_addr: SocketAddr,
    /// The sidecar's gRPC port on this machine.
    #[arg(long, env = "DAPR_GRPC_PORT")]
    dapr_grpc_port: u16,
    /// Make the calls that `ChatAgent` makes in a turn.
    #[arg(long)]
    same_calls: bool,
}

type Failure = (StatusCode, String);

fn failure(error: impl std::fmt::Display) -> Failure {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

/// A message comes in and goes to the actor.
async fn chat(State(dapr): State<Arc<Dapr>>, Path(id): Path<ActorId>, body: Bytes) -> Result<Vec<u8>, Failure> {
    dapr.invoke(&id, "ProcessMessage", body.to_vec(), HashMap::new(), LIMIT).await.map_err(failure)
}

/// The turn that makes the same calls.
async fn turn(
    State(dapr): State<Arc<Dapr>>,
    Path((_, id, _)): Path<(String, ActorId, String)>,
) -> Result<Json<Value>, Failure> {
    let (history, answered) = (id.history_key(), format!("answered-{id}"));
    tokio::try_join!(dapr.get_state(&id, &history), dapr.get_state(&id, &answered)).map_err(failure)?;
    // As large as what `ChatAgent` writes after some turns.
    let message = json!({"role": "assistant", "content": "Got your message: message 1234"});
    let kept = vec![message.clone(); KEPT];
    let remembered = vec![json!({"id": "00000000-0000-0000-0000-000000000000", "reply": message}); REMEMBERED];
    let changes = [(history, kept), (answered, remembered)];
    let changes = changes.map(|(key, value)| StateChange::Set(key, Value::from(value).to_string().into_bytes()));
    dapr.change_state(&id, changes.to_vec()).await.map_err(failure)?;
    let event = json!({"actor_id": id.to_string(), "input": message, "output": message});
    dapr.publish("daca-pubsub", "user-chat", &uuid::Uuid::new_v4().to_string(), event.to_string().into_bytes())
        .await
        .map_err(failure)?;
    Ok(Json(json!({})))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Options { addr, app_addr, dapr_grpc_port, same_calls } = Options::parse();
    let dapr = Arc::new(Dapr::new(&format!("http://127.0.0.1:{dapr_grpc_port}"), None)?);
    let method = if same_calls { put(turn) } else { put(|| async { Json(json!({})) }) };
    let channel = Router::new()
        .route("/actors/{type}/{id}/method/{method}", method)
        .route("/actors/{type}/{id}", axum::routing::delete(|| async {}))
        .route("/dapr/config", get(|| async { Json(json!({"entities": [ACTOR_TYPE], "actorIdleTimeout": "60s"})) }))
        .route("/dapr/subscribe", get(|| async { Json(json!([])) }))
        .route("/subscribe", post(|| async { Json(json!({"status": "SUCCESS"})) }))
        .with_state(dapr.clone());
    let public = Router::new().route("/chat/{id}", post(chat)).route("/", get(|| async {})).with_state(dapr);
    let (channel_listener, public_listener) = (TcpListener::bind(app_addr).await?, TcpListener::bind(addr).await?);
    let serving = axum::serve(channel_listener, channel).into_future();
    tokio::try_join!(serving, axum::serve(public_listener, public).into_future())?;
    Ok(())
}
