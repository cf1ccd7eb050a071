//! What the app says in answer to `GET /dapr/config`.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;

use crate::actor_events::{self, Entities, Initial};
use crate::{duration, json};

/// Dapr's default: an actor that nobody calls for an hour is deactivated.
const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(60 * 60);
/// Dapr's default time for running calls when an actor has to leave.
const DEFAULT_DRAIN_TIMEOUT: Duration = Duration::from_secs(2);
/// Dapr's default of how many calls of one chain may be in an actor at once.
const DEFAULT_STACK_DEPTH: usize = 32;

/// How the actors of a type are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeConfig {
    pub(crate) idle_timeout: Duration,
    pub(crate) drain_timeout: Duration,
    /// How many calls of one chain may be in an actor at once; `None` when a chain that comes back to an actor waits
    /// for its turn like any other call.
    pub(crate) stack_depth: Option<usize>,
}

impl Default for TypeConfig {
    fn default() -> Self {
        Self { idle_timeout: DEFAULT_IDLE_TIMEOUT, drain_timeout: DEFAULT_DRAIN_TIMEOUT, stack_depth: None }
    }
}

/// The app's configuration, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AppConfig {
    /// What it hosts, in its order, each type once.
    pub(crate) types: Vec<(String, TypeConfig)>,
}

impl AppConfig {
    /// The same without the types that others host, and those.
    pub(crate) fn without(self, taken: &[(String, String)]) -> (Self, Self) {
        let is_taken = |(kind, _): &(String, TypeConfig)| taken.iter().any(|(taken, _)| taken == kind);
        let (others, own) = self.types.into_iter().partition(is_taken);
        (Self { types: own }, Self { types: others })
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    entities: Vec<String>,
    actor_idle_timeout: String,
    drain_ongoing_call_timeout: String,
    reentrancy: Reentrancy,
    /// The same for some of the types.
    entities_config: Vec<Answer>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Reentrancy {
    enabled: bool,
    max_stack_depth: Option<i64>,
}

impl Reentrancy {
    fn stack_depth(&self) -> Option<usize> {
        let depth = self.max_stack_depth.map(|depth| usize::try_from(depth).unwrap_or(0));
        self.enabled.then(|| depth.unwrap_or(DEFAULT_STACK_DEPTH))
    }
}

impl AppConfig {
    /// Reads the app's answer.
    ///
    /// # Errors
    /// What is wrong with it; nothing is hosted then.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, String> {
        let answer: Answer = json::from_slice(body).map_err(|error| error.to_string())?;
        answer.check()
    }

    /// Reads what an app says at the beginning of its stream.
    ///
    /// # Errors
    /// What is wrong with it; nothing is hosted then.
    pub(crate) fn of_stream(initial: Initial) -> Result<Self, String> {
        Answer {
            entities: initial.entities,
            actor_idle_timeout: go_duration(initial.actor_idle_timeout)?,
            drain_ongoing_call_timeout: go_duration(initial.drain_ongoing_call_timeout)?,
            reentrancy: initial.reentrancy.map(Reentrancy::from).unwrap_or_default(),
            entities_config: initial.entities_config.into_iter().map(Answer::of_some).collect::<Result<_, _>>()?,
        }
        .check()
    }
}

/// A time as the app's answer over HTTP has it: none is empty.
fn go_duration(time: Option<prost_types::Duration>) -> Result<String, String> {
    let Some(time) = time else { return Ok(String::new()) };
    let time = Duration::try_from(time).map_err(|error| error.to_string())?;
    Ok(duration::show(time))
}

impl From<actor_events::Reentrancy> for Reentrancy {
    fn from(told: actor_events::Reentrancy) -> Self {
        Self { enabled: told.enabled, max_stack_depth: told.max_stack_depth.map(i64::from) }
    }
}

impl Answer {
    /// An entry of a stream's `entities_config`.
    fn of_some(some: Entities) -> Result<Self, String> {
        Ok(Self {
            entities: some.entities,
            actor_idle_timeout: go_duration(some.actor_idle_timeout)?,
            drain_ongoing_call_timeout: go_duration(some.drain_ongoing_call_timeout)?,
            reentrancy: some.reentrancy.map(Reentrancy::from).unwrap_or_default(),
            entities_config: Vec::new(),
        })
    }

    fn check(&self) -> Result<AppConfig, String> {
        let answer = self;
        let time = |field: &str, text: &str, default: Duration| match text {
            "" => Ok(default),
            text => duration::parse(text).map_err(|error| format!("{field}: {error}")),
        };
        let usual = TypeConfig {
            idle_timeout: time("actorIdleTimeout", &answer.actor_idle_timeout, DEFAULT_IDLE_TIMEOUT)?,
            drain_timeout: time("drainOngoingCallTimeout", &answer.drain_ongoing_call_timeout, DEFAULT_DRAIN_TIMEOUT)?,
            stack_depth: answer.reentrancy.stack_depth(),
        };
        let mut own: HashMap<&str, TypeConfig> = HashMap::new();
        for some in &answer.entities_config {
            let config = some.of_its_own(usual.drain_timeout);
            for kind in &some.entities {
                if answer.entities.contains(kind) {
                    own.insert(kind, config.clone());
                } else {
                    tracing::warn!("Configuration specified for non-hosted actor type: {kind}");
                }
            }
        }
        let mut types: Vec<(String, TypeConfig)> = Vec::new();
        for kind in &answer.entities {
            if types.iter().all(|(known, _)| known != kind) {
                types.push((kind.clone(), own.get(kind.as_str()).unwrap_or(&usual).clone()));
            }
        }
        Ok(AppConfig { types })
    }

    /// An entry of `entitiesConfig`. What it leaves out has Dapr's default, not the app's usual value, and a time that
    /// is none counts as left out; but the drain timeout is the usual one then.
    fn of_its_own(&self, drain_timeout: Duration) -> TypeConfig {
        let time = |text: &str, what: &str, default: Duration| match text {
            "" => default,
            text => duration::parse(text).unwrap_or_else(|_| {
                tracing::warn!("Invalid {what} timeout value {text}, using default value {}", duration::show(default));
                default
            }),
        };
        TypeConfig {
            idle_timeout: time(&self.actor_idle_timeout, "actor idle", DEFAULT_IDLE_TIMEOUT),
            drain_timeout: time(&self.drain_ongoing_call_timeout, "drain ongoing call", drain_timeout),
            stack_depth: self.reentrancy.stack_depth(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Vec<(String, TypeConfig)> {
        AppConfig::parse(text.as_bytes()).expect("valid").types
    }

    #[test]
    fn what_the_app_leaves_out_has_daprs_defaults() {
        let types = parse(r#"{"entities":["T","T"],"reentrancy":null,"actorIdleTimeout":null}"#);
        let usual = TypeConfig {
            idle_timeout: Duration::from_secs(3600),
            drain_timeout: Duration::from_secs(2),
            stack_depth: None,
        };
        assert_eq!(types, [("T".to_owned(), usual)]);
        assert_eq!(parse(r#"{"entities":["T"],"reentrancy":{"enabled":true}}"#)[0].1.stack_depth, Some(32));
    }

    #[test]
    fn a_type_with_values_of_its_own_has_none_of_the_usual_ones_but_the_drain_timeout() {
        let types = parse(
            r#"{"entities":["A","B","C"],"actorIdleTimeout":"9s","drainOngoingCallTimeout":"7s",
                "reentrancy":{"enabled":true,"maxStackDepth":5},
                "entitiesConfig":[{"entities":["B","elsewhere"]},
                                  {"entities":["C"],"actorIdleTimeout":"soon","drainOngoingCallTimeout":"1s",
                                   "reentrancy":{"enabled":true,"maxStackDepth":-1}}]}"#,
        );
        let seconds = |(kind, config): &(String, TypeConfig)| {
            (kind.clone(), config.idle_timeout.as_secs(), config.drain_timeout.as_secs(), config.stack_depth)
        };
        let types: Vec<_> = types.iter().map(seconds).collect();
        assert_eq!(types, [("A".into(), 9, 7, Some(5)), ("B".into(), 3600, 7, None), ("C".into(), 3600, 1, Some(0))]);
    }

    #[test]
    fn a_time_that_is_none_is_named_with_its_field() {
        let error = AppConfig::parse(br#"{"actorIdleTimeout":"soon"}"#).expect_err("invalid");
        assert!(error.starts_with("actorIdleTimeout: "), "{error}");
    }
}
