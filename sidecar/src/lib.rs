//! The embedded Dapr sidecar: actors, their state, pub/sub and metadata, as `daprd` 1.18 has them
//! on one machine, with nothing to install. It knows Dapr and nothing about the app.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use sidecar::{Config, Resources, Sidecar};
//!
//! let resources = Resources::from_dir("components/local".as_ref())?;
//! let config = Config::new("my-app", ([127, 0, 0, 1], 8001).into(), resources);
//! let sidecar = Sidecar::start(config).await?;
//! sidecar.ready().await;
//! sidecar.shutdown().await;
//! # Ok(()) }
//! ```
//!
//! # Layout
//! - `config`: what a sidecar is started with, and its general ports.
//! - `resources/`: component, subscription and resiliency files.
//! - `resiliency/`: time-outs, retries and circuit breakers from `Resiliency` files.
//! - `components`: what those files come to.
//! - `start`: opening and closing in order; every way a start can fail.
//! - `discovery`: finding the app and asking it what it hosts.
//! - `app_channel`: the sidecar's calls to the app.
//! - `actors/`: hosting, the turn lock, invocation, state, deactivation.
//! - `state/`: the stores, SQLite in Dapr's own layout and memory.
//! - `pubsub/`: envelope, subscriptions, routing, delivery.
//! - `api/`: gRPC, HTTP, metadata, tokens, errors.
//! - `runtime`: what the APIs share.
//! - `duration`: Go's notation of times; `expression`: CEL, within bounds.
//! - `properties` (tests): whatever the files and times say, they are read or refused with a reason.

mod actors;
mod api;
mod app_channel;
mod components;
mod config;
mod discovery;
mod duration;
mod expression;
#[cfg(test)]
mod properties;
mod pubsub;
mod resiliency;
mod resources;
mod runtime;
mod start;
mod state;

pub use config::{Config, DEFAULT_MAX_BODY_BYTES, Ports, StoreCall, StoreFault, StoreObserver, StoreOperation};
pub use resiliency::{
    AttemptOutcome, Backoff, BreakerChange, BreakerState, CircuitBreaker, Policy, Resiliency, ResiliencySet, Retry,
    RetryEnd, RetryEvent, RetryObserver, RetryStep, RetryTarget,
};
pub use resources::{ResourceError, Resources};
pub use start::{Sidecar, StartError};
