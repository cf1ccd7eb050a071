//! What Prometheus reads (`GET /metrics`), under daprd's names.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;
use prometheus::{IntCounterVec, IntGauge, Opts, Registry, TextEncoder};
use std::sync::Arc;
use tokio::runtime::Handle;

use crate::error::ApiError;

/// The metrics of one sidecar.
pub(crate) struct Metrics {
    registry: Registry,
    /// What the APIs answered that failed; `None` unless a Configuration asks for it, as in daprd.
    errors: Option<IntCounterVec>,
    tasks: IntGauge,
    app_id: String,
}

impl Metrics {
    /// # Errors
    /// None that is known: the names are fixed.
    pub(crate) fn new(app_id: &str, record_error_codes: bool) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let tasks =
            IntGauge::new("go_goroutines", "Number of tasks that currently exist; this sidecar's are tokio's.")?;
        registry.register(Box::new(tasks.clone()))?;
        #[cfg(target_os = "linux")]
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        let errors = if record_error_codes {
            let options = Opts::new("dapr_error_code_total", "The number of times an error with a code was answered.");
            let errors = IntCounterVec::new(options, &["app_id", "category", "error_code"])?;
            registry.register(Box::new(errors.clone()))?;
            Some(errors)
        } else {
            None
        };
        Ok(Self { registry, errors, tasks, app_id: app_id.to_owned() })
    }

    /// Counts a failed API call by the `errorCode` that its caller is told, or would be over HTTP.
    pub(crate) fn count(&self, error_code: &str) {
        if let Some(errors) = &self.errors {
            errors.with_label_values(&[self.app_id.as_str(), category(error_code), error_code]).inc();
        }
    }

    fn text(&self) -> prometheus::Result<String> {
        self.tasks.set(i64::try_from(Handle::current().metrics().num_alive_tasks()).unwrap_or(i64::MAX));
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

/// daprd's, by the beginning of the code.
fn category(error_code: &str) -> &'static str {
    let of = |beginnings: &[&str]| beginnings.iter().any(|beginning| error_code.starts_with(beginning));
    match () {
        () if of(&["ERR_ACTOR_"]) => "actor",
        () if of(&["ERR_PUBSUB_", "ERR_TOPIC_"]) => "pubsub",
        () if of(&["ERR_STATE_"]) => "state",
        () if of(&["ERR_SECRET_"]) => "secret",
        () => "common",
    }
}

/// The metrics over HTTP.
pub(crate) fn routes(metrics: Arc<Metrics>) -> Router {
    Router::new().route("/metrics", get(show)).fallback(absent).with_state(metrics)
}

async fn show(State(metrics): State<Arc<Metrics>>) -> Result<String, (StatusCode, String)> {
    metrics.text().map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

async fn absent() -> ApiError {
    ApiError::unimplemented("anything but GET /metrics on the metrics port")
}
