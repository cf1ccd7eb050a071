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
//! In a test, [`Sidecar::builder`] starts one on free ports, with a store of its own; [`observation`] tells what it does, and
//! [`faults`] make what it does fail.
//!
//! # Layout
//! Each of these uses only those below it.
//! - `builder`: a sidecar for a test, alone in the world.
//! - `start`: opening and closing in order.
//! - `invocation`: calling apps; `neighbours`: the sidecars on this machine.
//! - `watch`: subscriptions that come and go while it runs.
//! - `discovery`: finding the app and asking it what it hosts.
//! - `app_health`: asking the app whether it is well.
//! - `api/`: gRPC, HTTP, metadata, tokens, which web pages may call; `serve`: the listeners.
//! - `runtime`: what the APIs share; `metrics`: what Prometheus reads.
//! - `actors/`: hosting, the turn lock, reentrancy, invocation, timers and reminders in a registry, state, deactivation.
//! - `actor_events`: the messages of the stream that an app may host its actors over.
//! - `components`: what the component files come to.
//! - `pubsub/`: envelope, subscriptions, routing, delivery, brokers.
//! - `states`: state management; `secrets/`: secret stores.
//! - `state/`: the stores, SQLite in Dapr's own layout and memory.
//! - `redis_client`: the connection to a Redis.
//! - `app_channel`: the sidecar's calls to the app.
//! - `hooks`: who is told of what happens, and what stands in front of stores and brokers on purpose.
//! - `config`: what a sidecar is started with, and its general ports.
//! - `resources/`: component and subscription files.
//! - [`faults`]: failures on purpose, in front of stores and brokers.
//! - `resiliency/`: time-outs, retries and circuit breakers from `Resiliency` files.
//! - [`observation`]: everything that happens, as typed events.
//! - What many use: `names` of actors, `error` of the APIs, `start_error`: every way a start can fail, `document`: reading
//!   YAML, `json/`: reading and writing JSON as Go does, `expression`: CEL within bounds, `duration`: Go's notation of
//!   times, [`origin`]: where a request comes from.
//! - `properties` (tests): whatever the files and times say, they are read or refused with a reason.

mod actor_events;
mod actors;
mod api;
mod app_channel;
mod app_health;
mod builder;
mod components;
mod config;
mod discovery;
mod document;
mod duration;
mod error;
mod expression;
pub mod faults;
mod hooks;
mod invocation;
mod json;
mod limits;
mod metrics;
mod names;
mod neighbours;
pub mod observation;
pub mod origin;
#[cfg(test)]
mod properties;
mod pubsub;
mod redis_client;
mod resiliency;
mod resources;
mod runtime;
mod secrets;
mod serve;
mod start;
mod start_error;
mod state;
mod states;
mod watch;

pub use builder::SidecarBuilder;
pub use config::{AppHealthCheck, AppProtocol, Config, DEFAULT_MAX_BODY_BYTES, Ports};
pub use document::{ResourceError, is_truthy, split};
pub use resiliency::{Backoff, CircuitBreaker, Policy, Resiliency, ResiliencySet, Retry};
pub use resources::{Configuration, Resources, SecretScope};
pub use runtime::VERSION;
pub use start::Sidecar;
pub use start_error::StartError;
