//! One `kind: Resiliency` document.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::ResiliencySet;
use super::backoff::{Backoff, DEFAULT_DELAY, DEFAULT_MAX_INTERVAL};
use super::breaker::{self, CircuitBreaker};
use super::retry::{Retry, parse_codes};
use crate::document::{self, Named, ResourceError};
use crate::duration;
use crate::expression::Expression;

/// What a document says, its values checked, its names not yet resolved.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// Where it stands, for errors.
    pub(super) file: String,
    pub(super) line: u64,
    pub(super) name: String,
    /// The apps that it is for; empty means all.
    pub(super) scopes: Vec<String>,
    pub(super) timeouts: BTreeMap<String, Duration>,
    pub(super) retries: BTreeMap<String, Retry>,
    pub(super) breakers: BTreeMap<String, (CircuitBreaker, Option<Arc<Expression>>)>,
    /// Targets of service invocation, which this sidecar does not have.
    pub(super) apps: Vec<String>,
    pub(super) actors: BTreeMap<String, ActorTarget>,
    pub(super) components: BTreeMap<String, ComponentTarget>,
}

/// The names of the policies around something; empty means none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PolicyNames {
    pub(super) timeout: String,
    pub(super) retry: String,
    pub(super) circuit_breaker: String,
}

/// `targets.components.<name>`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ComponentTarget {
    /// Around the delivery of messages.
    pub(super) inbound: PolicyNames,
    /// Around calls to the component.
    pub(super) outbound: PolicyNames,
}

/// `targets.actors.<Type>`.
#[derive(Debug, Clone)]
pub(super) struct ActorTarget {
    pub(super) names: PolicyNames,
    /// Whether each actor has a breaker of its own instead of one for the type. (`both` means
    /// that too: daprd has not come to it.)
    pub(super) breaker_per_id: bool,
    /// How many breakers are remembered; 0 means Dapr's default.
    pub(super) breaker_cache_size: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read so that they are not taken for unknown fields")]
struct Raw {
    api_version: Option<Value>,
    kind: Option<Value>,
    #[serde(default)]
    metadata: Named,
    #[serde(default)]
    spec: RawSpec,
    #[serde(default)]
    scopes: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawSpec {
    policies: RawPolicies,
    targets: RawTargets,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawPolicies {
    timeouts: BTreeMap<String, String>,
    retries: BTreeMap<String, RawRetry>,
    circuit_breakers: BTreeMap<String, RawBreaker>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRetry {
    #[serde(default)]
    policy: String,
    #[serde(default)]
    duration: String,
    #[serde(default)]
    max_interval: String,
    max_retries: Option<i64>,
    #[serde(default)]
    matching: Option<RawMatching>,
}

#[derive(Deserialize)]
struct RawMatching {
    #[serde(default, rename = "httpStatusCodes")]
    http: String,
    #[serde(default, rename = "gRPCStatusCodes")]
    grpc: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawBreaker {
    #[serde(default)]
    max_requests: u32,
    #[serde(default)]
    interval: String,
    #[serde(default)]
    timeout: String,
    #[serde(default)]
    trip: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawTargets {
    apps: BTreeMap<String, Value>,
    actors: BTreeMap<String, RawActor>,
    components: BTreeMap<String, ComponentTarget>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawActor {
    #[serde(default)]
    timeout: String,
    #[serde(default)]
    retry: String,
    #[serde(default)]
    circuit_breaker: String,
    #[serde(default)]
    circuit_breaker_scope: String,
    #[serde(default)]
    circuit_breaker_cache_size: usize,
}

/// Reads one document that begins at `line` of `file` and adds it to the set. Fields that Dapr does
/// not know are left out with a warning, as Dapr leaves them out without one.
pub(crate) fn parse(set: &mut ResiliencySet, file: &str, document: Value, line: u64) -> Result<(), ResourceError> {
    let raw: Raw = document::read(file, document, line, |field| {
        // Kubernetes has more of it, all of it without a meaning here.
        if !field.starts_with("metadata.") {
            tracing::warn!("{file}: {field} is no field of a Resiliency resource: it has no effect");
        }
    })?;
    let document = check(raw, file, line).map_err(|problem| ResourceError {
        file: file.to_owned(),
        line: Some(line),
        problem,
        remedy: "correct the field, or move the file out of the resources folder".into(),
    })?;
    set.push(document);
    Ok(())
}

/// Reads documents that are all of the kind `Resiliency`.
pub(super) fn read_all<N, T>(documents: impl IntoIterator<Item = (N, T)>) -> Result<ResiliencySet, ResourceError>
where
    N: Into<String>,
    T: AsRef<str>,
{
    let mut set = ResiliencySet::default();
    for (file, text) in documents {
        let file = file.into();
        for (first_line, text) in document::split(text.as_ref()) {
            let document = document::yaml(&file, &text, first_line)?;
            let head = document::head(&document);
            if head.kind != "Resiliency" {
                return Err(ResourceError {
                    file,
                    line: Some(first_line),
                    problem: format!("the document's kind is {:?}", head.kind),
                    remedy: "give it kind: Resiliency".into(),
                });
            }
            parse(&mut set, &file, document, first_line)?;
        }
    }
    set.check()?;
    Ok(set)
}

/// # Errors
/// The path of a field and what is wrong with it.
fn check(raw: Raw, file: &str, line: u64) -> Result<Document, String> {
    if raw.metadata.name.is_empty() {
        return Err("metadata.name: the resource has no name".into());
    }
    let policies = raw.spec.policies;
    let targets = raw.spec.targets;
    Ok(Document {
        file: file.to_owned(),
        line,
        name: raw.metadata.name,
        scopes: raw.scopes,
        timeouts: each(policies.timeouts, |name, text| time(&format!("spec.policies.timeouts.{name}"), &text))?,
        retries: each(policies.retries, |name, raw| retry(&format!("spec.policies.retries.{name}"), &raw))?,
        breakers: each(policies.circuit_breakers, circuit_breaker)?,
        apps: targets.apps.into_keys().collect(),
        actors: each(targets.actors, actor)?,
        components: targets.components,
    })
}

fn each<A, B>(
    map: BTreeMap<String, A>,
    mut read: impl FnMut(&str, A) -> Result<B, String>,
) -> Result<BTreeMap<String, B>, String> {
    map.into_iter().map(|(name, value)| read(&name, value).map(|value| (name, value))).collect()
}

/// A Go duration, or a number of milliseconds.
fn time(field: &str, text: &str) -> Result<Duration, String> {
    let time = match text.parse() {
        Ok(milliseconds) => Some(Duration::from_millis(milliseconds)).filter(|time| *time <= duration::MAX),
        Err(_) => Some(duration::parse(text).map_err(|error| format!("{field}: {error}"))?),
    };
    time.ok_or_else(|| format!("{field}: {text} milliseconds are more than 292 years, the longest time there is"))
}

fn time_or(field: &str, text: &str, default: Duration) -> Result<Duration, String> {
    if text.is_empty() { Ok(default) } else { time(field, text) }
}

fn retry(field: &str, raw: &RawRetry) -> Result<Retry, String> {
    let delay = time_or(&format!("{field}.duration"), &raw.duration, DEFAULT_DELAY)?;
    let max_interval = time_or(&format!("{field}.maxInterval"), &raw.max_interval, DEFAULT_MAX_INTERVAL)?;
    let backoff = match raw.policy.to_ascii_lowercase().as_str() {
        "" | "constant" => Backoff::Constant { delay },
        "exponential" => {
            if !raw.duration.is_empty() {
                tracing::warn!("{field}.duration has no effect: an exponential policy begins with 500 ms");
            }
            Backoff::Exponential { max_interval }
        }
        _ => {
            return Err(format!(
                "{field}.policy: unexpected back off policy type: {} (it is constant or exponential)",
                raw.policy
            ));
        }
    };
    let (http, grpc) = match &raw.matching {
        None => ("", ""),
        Some(matching) => (matching.http.as_str(), matching.grpc.as_str()),
    };
    if let Err(error) = parse_codes(grpc, 0..=16) {
        tracing::warn!("{field}.matching.gRPCStatusCodes: {error}; nothing here asks for them");
    }
    Ok(Retry {
        backoff,
        // Dapr's default is −1, and so is whatever is below zero.
        max_retries: raw.max_retries.and_then(|retries| u64::try_from(retries).ok()),
        http_status_codes: parse_codes(http, 100..=599)
            .map_err(|error| format!("{field}.matching.httpStatusCodes: {error}"))?,
    })
}

fn circuit_breaker(name: &str, raw: RawBreaker) -> Result<(CircuitBreaker, Option<Arc<Expression>>), String> {
    let field = format!("spec.policies.circuitBreakers.{name}");
    let interval = time_or(&format!("{field}.interval"), &raw.interval, Duration::ZERO)?;
    let timeout = time_or(&format!("{field}.timeout"), &raw.timeout, Duration::ZERO)?;
    let trip = Some(raw.trip).filter(|trip| !trip.is_empty());
    let program = match &trip {
        None => None,
        Some(trip) => Some(breaker::compile_trip(trip).map_err(|error| format!("{field}.trip: {error}"))?),
    };
    let settings = CircuitBreaker {
        policy: name.to_owned(),
        max_requests: raw.max_requests.max(1),
        interval: Some(interval).filter(|interval| !interval.is_zero()),
        timeout: if timeout.is_zero() { breaker::DEFAULT_TIMEOUT } else { timeout },
        trip,
    };
    Ok((settings, program))
}

fn actor(name: &str, raw: RawActor) -> Result<ActorTarget, String> {
    let field = format!("spec.targets.actors.{name}.circuitBreakerScope");
    let breaker_per_id = match (raw.circuit_breaker.as_str(), raw.circuit_breaker_scope.as_str()) {
        ("", _) | (_, "type") => false,
        (_, "id" | "both") => true,
        (_, "") => return Err(format!("{field}: actor circuit breakers must include scope")),
        (_, other) => {
            return Err(format!("{field}: unknown circuit breaker scope {other:?} (it is type, id or both)"));
        }
    };
    Ok(ActorTarget {
        names: PolicyNames { timeout: raw.timeout, retry: raw.retry, circuit_breaker: raw.circuit_breaker },
        breaker_per_id,
        breaker_cache_size: raw.circuit_breaker_cache_size,
    })
}
