//! Faultlab's process.
//!
//! # Layout
//! - [`run`], [`config`]: starting and stopping, and what the process is told
//! - [`command_line`]: its commands; [`signals`]: what ends it in order
//! - [`own`]: the learner's program in the place of the lab's own actor
//! - [`check`]: the verdicts on it; [`observed`]: what it does, out of what its sidecar tells
//! - [`application`]: the application behind the sidecar, put together
//! - [`backend`]: what the page and the REST routes need done
//! - `http`: the public listener
//! - `look_ups`: what both listeners tell of the process
//! - [`app_channel`]: the sidecar's private door
//! - [`actor`]: `ChatAgent`: its turns and its state
//! - [`labs`]: what this process knows of each actor, in one place, within one budget
//! - [`controls`]: failure switch, retry policy and holding of each lab
//! - [`retry`]: trying again
//! - [`store_hit`]: what the store behind the embedded sidecar does on purpose
//! - [`sidecar_retries`]: the embedded sidecar's own retries
//! - `metrics`: what happens in the labs, counted
//! - [`timeline`]: what an actor did, kept within bounds and handed on to the event streams
//! - [`checks`]: the lesson's checks over it
//! - [`dapr`]: the sidecar as the application speaks to it
//! - `serving`: a listener that serves until it is told to stop; `accepting`: taking connections
//! - `guard`: who may come in; `clients`: how much one of them may hold
//! - [`invocation`]: what travels with a call of the actor
//! - [`program`]: a program of somebody else's, started, listened to and ended
//! - `recordings`: turns that were handed in, to be looked at
//! - `scenario`: running the scenarios of [`model::scenario`]
//! - [`runtime`]: what the sidecar tells of itself
//! - `stored`: what is stored, as the sidecar gives it; [`store`]: the state store itself, read past Dapr
//! - [`version`]: which build it is; [`health`]: asking another process how it is
//! - [`wire`]: the wire between the sidecar and Redis, which fails on purpose

mod accepting;
pub mod actor;
pub mod app_channel;
pub mod application;
pub mod backend;
pub mod check;
pub mod checks;
mod clients;
pub mod command_line;
pub mod config;
pub mod controls;
pub mod dapr;
mod guard;
pub mod health;
mod http;
pub mod invocation;
pub mod labs;
mod look_ups;
mod metrics;
pub mod observed;
pub mod own;
pub mod program;
mod recordings;
pub mod retry;
pub mod run;
pub mod runtime;
mod scenario;
mod serving;
pub mod sidecar_retries;
pub mod signals;
pub mod store;
pub mod store_hit;
mod stored;
pub mod timeline;
pub mod version;
pub mod wire;

pub use self::{
    config::Config,
    run::{Running, start},
};
