//! What the page shows of one lab, in the pieces in which it is read.

use serde::{Deserialize, Serialize};

use crate::{
    actor_id::ActorId, error::LabError, fault::FaultStatus, lesson::checks::Check, message::Message, operation::Layer,
    policy::RetryPolicy, timeline::TimelineSnapshot, wire::WireStatus,
};

/// The sidecar and the store that this lab runs on, for people to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runtime {
    /// The sidecar, as `embedded sidecar` or `daprd 1.18.2`.
    pub sidecar: String,
    /// The actor state store, as `SQLite` or `Redis`.
    pub store: String,
    /// Where the sidecar's HTTP API answers, as `http://127.0.0.1:3500`, for the `curl` lines.
    pub sidecar_http: Option<String>,
    /// Where this lab answers, as `http://127.0.0.1:8000`, for the `curl` lines.
    pub origin: String,
}

impl Runtime {
    /// What stands for a sidecar that has not told its name yet.
    pub const UNKNOWN_SIDECAR: &str = "Dapr sidecar";
}

/// The stored value, read from the store itself and past Dapr.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredValue {
    /// The key in the store: `daca-ai-app||ChatAgent||user1||history-user1`.
    pub key: String,
    /// The stored JSON text; `None` if there is no such key.
    pub value: Option<String>,
    /// The entry's version mark in the store.
    pub etag: Option<String>,
    /// When it was read, in milliseconds since the Unix epoch.
    pub read_at: u64,
    /// The shell command that shows the same.
    pub command: String,
}

/// What stands in the panels beside the timeline. Read without a turn: no wait, no activation, no fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Panels {
    /// The history as the sidecar gives it, or why it cannot.
    #[cfg_attr(feature = "openapi", schema(value_type = Object, example = json!({"Ok": []})))]
    pub history: Result<Vec<Message>, LabError>,
    /// The value as the store itself gives it, or why it cannot.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub stored: Result<StoredValue, LabError>,
    /// The history as it was before the first turn that the timeline knows of.
    pub before: Vec<Message>,
    /// The five checks, in order.
    pub checks: Vec<Check>,
    /// The failure switch.
    pub fault: FaultStatus,
    /// The layers in which faults can be set where this lab runs: `actor`, with `store` behind the embedded sidecar, or
    /// `wire` where there is one to Redis.
    pub layers: Vec<Layer>,
    /// The retry policy in force.
    pub policy: RetryPolicy,
    /// Whether each attempt of a message is held before it begins, until somebody releases it.
    pub hold: bool,
    /// Whether the sidecar itself retries; `None` for a daprd, which does not tell.
    pub sidecar_retries: Option<bool>,
    /// The wire to Redis; `None` where the lab has no wire layer.
    pub wire: Option<WireStatus>,
}

/// Everything that the page shows first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabSnapshot {
    /// The actor.
    pub actor: ActorId,
    /// What the lab runs on.
    pub runtime: Runtime,
    /// The panels.
    pub panels: Panels,
    /// The timeline.
    pub timeline: TimelineSnapshot,
    /// When the sidecar was told of the actor, in milliseconds since the Unix epoch; `None` if it has not asked.
    pub registered_at: Option<u64>,
    /// Other labs that have been used, the latest first.
    pub known_actors: Vec<ActorId>,
    /// The server's clock when this was taken, in milliseconds since the Unix epoch.
    pub now: u64,
    /// The server's offset from UTC, in minutes: page and log show the same times.
    pub utc_offset_min: i32,
}
