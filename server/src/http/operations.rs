//! What whoever operates the lab looks at: `GET /livez`, `/readyz` and `/metrics`.

use std::time::Duration;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{dapr::Dapr, labs::Labs};

/// How long the sidecar may take to answer: probes give up after a second by default (Kubernetes).
const SIDECAR_LIMIT: Duration = Duration::from_millis(800);

/// What is looked at.
#[derive(Clone)]
pub(crate) struct Operations {
    pub(crate) dapr: Dapr,
    pub(crate) labs: Labs,
    /// Cancelled at the beginning of a stop.
    pub(crate) stopping: CancellationToken,
}

pub(crate) fn router(operations: Operations) -> Router {
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(operations)
}

/// That the process answers: it looks at nothing else, so that no outage of anything else restarts it.
async fn livez() -> Response {
    said(StatusCode::OK, "ok")
}

/// Whether a message would get to the actor and back: the sidecar answers, and no stop has begun.
async fn readyz(State(operations): State<Operations>) -> Response {
    if operations.stopping.is_cancelled() {
        return said(StatusCode::SERVICE_UNAVAILABLE, "the lab is about to stop");
    }
    match timeout(SIDECAR_LIMIT, operations.dapr.metadata()).await {
        Ok(Ok(_)) => said(StatusCode::OK, "ok"),
        Ok(Err(status)) => {
            said(StatusCode::SERVICE_UNAVAILABLE, format!("the sidecar does not answer: {}", status.message()))
        }
        Err(_) => {
            let limit = SIDECAR_LIMIT.as_millis();
            said(StatusCode::SERVICE_UNAVAILABLE, format!("the sidecar does not answer within {limit} ms"))
        }
    }
}

async fn metrics(State(operations): State<Operations>) -> Response {
    match operations.labs.metrics().text(&operations.labs.held()) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => said(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn said(status: StatusCode, words: impl Into<String>) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], words.into()).into_response()
}
