//! What the app says in answer to `GET /dapr/config`.

use std::time::Duration;

use serde::Deserialize;

use crate::document::or_default;
use crate::duration;

/// Dapr's default: an actor that nobody calls for an hour is deactivated.
const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(60 * 60);
/// Dapr's default time for running calls when an actor has to leave.
const DEFAULT_DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// The app's configuration, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppConfig {
    pub(crate) entities: Vec<String>,
    pub(crate) idle_timeout: Duration,
    pub(crate) drain_timeout: Duration,
}

impl Default for AppConfig {
    fn default() -> Self {
        Self { entities: Vec::new(), idle_timeout: DEFAULT_IDLE_TIMEOUT, drain_timeout: DEFAULT_DRAIN_TIMEOUT }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    #[serde(deserialize_with = "or_default")]
    entities: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    actor_idle_timeout: String,
    #[serde(deserialize_with = "or_default")]
    drain_ongoing_call_timeout: String,
    #[serde(deserialize_with = "or_default")]
    reentrancy: Reentrancy,
    #[serde(deserialize_with = "or_default")]
    entities_config: Vec<serde_json::Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Reentrancy {
    enabled: bool,
}

impl AppConfig {
    /// Reads the app's answer.
    ///
    /// # Errors
    /// What is wrong with it; nothing is hosted then.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, String> {
        let answer: Answer = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        if answer.reentrancy.enabled {
            tracing::warn!("Actor reentrancy is not supported by this sidecar yet: it stays off");
        }
        if !answer.entities_config.is_empty() {
            tracing::warn!("entitiesConfig is not supported by this sidecar yet: the global values apply");
        }
        let time = |field: &str, text: &str, default: Duration| match text {
            "" => Ok(default),
            text => duration::parse(text).map_err(|error| format!("{field}: {error}")),
        };
        Ok(Self {
            entities: answer.entities,
            idle_timeout: time("actorIdleTimeout", &answer.actor_idle_timeout, DEFAULT_IDLE_TIMEOUT)?,
            drain_timeout: time("drainOngoingCallTimeout", &answer.drain_ongoing_call_timeout, DEFAULT_DRAIN_TIMEOUT)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_app_leaves_out_has_daprs_defaults() {
        let config =
            AppConfig::parse(br#"{"entities":["T"],"reentrancy":null,"actorIdleTimeout":null}"#).expect("valid");
        assert_eq!(config.entities, ["T"]);
        assert_eq!(config.idle_timeout, Duration::from_secs(3600));
        assert_eq!(config.drain_timeout, Duration::from_secs(2));
    }

    #[test]
    fn a_time_that_is_none_is_named_with_its_field() {
        let error = AppConfig::parse(br#"{"actorIdleTimeout":"soon"}"#).expect_err("invalid");
        assert!(error.starts_with("actorIdleTimeout: "), "{error}");
    }
}
