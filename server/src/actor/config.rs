//! What the sidecar is told about the actors of this process.

use std::time::Duration;

use model::actor_id::ACTOR_TYPE;
use serde::Serialize;

use super::TURN_LIMIT;

/// The answer to `GET /dapr/config`. Durations are in Go's notation. Source: Dapr's actor runtime configuration.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActorConfig {
    /// The actor types that are hosted here.
    entities: [&'static str; 1],
    /// How long an actor stays in memory after the start of its last turn.
    actor_idle_timeout: String,
    /// How long a running turn is waited for when its actor moves. Above the turn limit; daprd cuts it to four fifths
    /// of its dissemination timeout (30 s as it comes), so there a longer turn needs that raised.
    drain_ongoing_call_timeout: String,
    /// Whether it is waited for at all.
    drain_rebalanced_actors: bool,
}

impl ActorConfig {
    /// The configuration with this idle timeout.
    #[must_use]
    pub fn new(idle_timeout: Duration) -> Self {
        Self {
            entities: [ACTOR_TYPE],
            actor_idle_timeout: go_duration(idle_timeout),
            drain_ongoing_call_timeout: go_duration(TURN_LIMIT + Duration::from_secs(5)),
            drain_rebalanced_actors: true,
        }
    }
}

fn go_duration(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{}s", duration.as_secs())
    } else {
        format!("{}ms", duration.as_millis())
    }
}
