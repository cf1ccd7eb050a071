//! `kind: Configuration` files, as `--config` names them.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::document::{self, ResourceError};
use crate::json::Go;

/// What Configuration files say, put together; a later file counts over an earlier one.
///
/// Little that this sidecar has is configured by one. What a file asks for and does not get is said.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Whether the feature `ActorStateTTL` is on.
    pub actor_state_ttl: bool,
    /// What the app may have of secret stores.
    pub secret_scopes: Vec<SecretScope>,
    /// Whether there are metrics.
    pub metrics: bool,
    /// Whether the metrics count errors by their codes.
    pub record_error_codes: bool,
    /// What is asked for in vain, a line each.
    absent: Vec<String>,
}

/// Which secrets of a store the app may have (`spec.secrets.scopes`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecretScope {
    /// The secret store's component.
    pub store_name: String,
    /// `allow` or `deny`: what holds for a secret that stands in neither list. Nothing means `allow`.
    pub default_access: String,
    /// If there are any: these, and no others.
    pub allowed_secrets: Vec<String>,
    /// Not these.
    pub denied_secrets: Vec<String>,
}

impl SecretScope {
    /// Whether the app may have a secret.
    pub(crate) fn allows(&self, name: &str) -> bool {
        let has = |list: &[String]| list.iter().any(|listed| listed == name);
        match self.allowed_secrets.is_empty() {
            false => has(&self.allowed_secrets),
            true => !has(&self.denied_secrets) && !self.default_access.eq_ignore_ascii_case("deny"),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Secrets {
    scopes: Vec<SecretScope>,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            actor_state_ttl: false,
            metrics: true,
            record_error_codes: false,
            secret_scopes: Vec::new(),
            absent: Vec::new(),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Document {
    spec: Map<String, Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Feature {
    name: String,
    enabled: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Metric {
    enabled: Option<bool>,
    record_error_codes: Option<bool>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Switch {
    sampling_rate: String,
    enabled: bool,
}

impl Configuration {
    /// Reads files in their order. `$NAME` and `${NAME}` stand for variables of the environment, as in daprd.
    ///
    /// # Errors
    /// A file that cannot be read, that is no YAML, or that is of another kind.
    pub fn from_files<P: AsRef<Path>>(files: &[P]) -> Result<Self, ResourceError> {
        let mut configuration = Self::default();
        for path in files {
            let file = path.as_ref().display().to_string();
            let text = std::fs::read_to_string(path).map_err(|error| ResourceError {
                file: file.clone(),
                line: None,
                problem: format!("cannot be read: {error}"),
                remedy: "check the path of --config and its permissions".into(),
            })?;
            let text = expand(&text, |name| std::env::var(name).unwrap_or_default());
            for (first_line, text) in document::split(&text) {
                configuration.add(&file, document::yaml(&file, &text, first_line)?, first_line)?;
            }
        }
        Ok(configuration)
    }

    /// Says what is asked for in vain.
    pub fn announce(&self) {
        for line in &self.absent {
            tracing::warn!("{line}");
        }
    }

    fn add(&mut self, file: &str, document: Value, first_line: u64) -> Result<(), ResourceError> {
        let kind = document::head(&document).kind;
        if !kind.is_empty() && kind != "Configuration" {
            return Err(ResourceError {
                file: file.to_owned(),
                line: Some(first_line),
                problem: format!("the document's kind is {kind:?}"),
                remedy: "--config takes files of kind: Configuration; others belong into --resources-path".into(),
            });
        }
        let Document { spec } = document::read(file, document, first_line, |_| {})?;
        for (name, value) in spec {
            let wanted = match name.to_ascii_lowercase().as_str() {
                "features" => {
                    let features: Vec<Feature> = document::read(file, value, first_line, |_| {})?;
                    for Feature { name, enabled } in features {
                        if name == "ActorStateTTL" {
                            self.actor_state_ttl = enabled;
                            continue;
                        }
                        if !enabled {
                            continue;
                        }
                        self.absent.push(format!("{file}: this sidecar has not the feature {name}: it stays off"));
                    }
                    false
                }
                "secrets" => {
                    let secrets: Secrets = document::read(file, value, first_line, |_| {})?;
                    self.secret_scopes.extend(secrets.scopes);
                    false
                }
                "tracing" => switch(value).is_none_or(|on| !matches!(on.sampling_rate.trim(), "" | "0")),
                "metric" | "metrics" => {
                    let metric: Metric = document::read(file, value, first_line, |_| {})?;
                    self.metrics = metric.enabled.unwrap_or(true);
                    self.record_error_codes = metric.record_error_codes.unwrap_or(false);
                    metric.more.iter().any(|(_, value)| !is_nothing(value))
                }
                "mtls" => switch(value).is_none_or(|on| on.enabled),
                _ => !is_nothing(&value),
            };
            if wanted {
                self.absent
                    .push(format!("{file}: spec.{name} belongs to a part of Dapr that this sidecar does not have"));
            }
        }
        Ok(())
    }
}

fn switch(value: Value) -> Option<Switch> {
    Switch::deserialize(Go::yaml(value)).ok()
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_nothing),
        _ => false,
    }
}

/// Puts variables in their places, as Go's `os.ExpandEnv` does.
fn expand(text: &str, variable: impl Fn(&str) -> String) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let braced = after.strip_prefix('{').and_then(|after| after.split_once('}'));
        rest = match braced {
            Some((name, after)) => {
                expanded.push_str(&variable(name));
                after
            }
            None => {
                let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
                if end == 0 {
                    expanded.push('$');
                } else {
                    expanded.push_str(&variable(&after[..end]));
                }
                &after[end..]
            }
        };
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn absent(text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("config.yaml");
        std::fs::write(&file, text).expect("written");
        Configuration::from_files(&[&file]).expect("valid").absent
    }

    #[test]
    fn what_is_off_or_empty_is_not_missed_and_what_is_wanted_is_said() {
        let off = "
apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata: {name: daprsystem}
spec:
  tracing: {samplingRate: \"0\", zipkin: {endpointAddress: \"\"}}
  mtls: {enabled: false}
  metric: {enabled: false}
  httpPipeline: {handlers: }
  features: [{name: HotReload, enabled: false}]
";
        assert_eq!(absent(off), Vec::<String>::new());
        let on = "
kind: Configuration
spec:
  tracing: {samplingRate: 1}
  features: [{name: ActorStateTTL, enabled: true}, {name: WorkflowHistorySigning, enabled: true}]
  httpPipeline: {handlers: [{name: oauth, type: middleware.http.oauth2}]}
";
        let lines = absent(on);
        assert_eq!(lines.len(), 3, "{lines:?}");
        for part in ["spec.tracing", "the feature WorkflowHistorySigning", "spec.httpPipeline"] {
            assert!(lines.iter().any(|line| line.contains(part)), "{lines:?}");
        }
    }

    #[test]
    fn variables_are_put_in_their_places() {
        let variable = |name: &str| format!("<{name}>");
        assert_eq!(expand("a $B ${C D}e $ $1f. ${", variable), "a <B> <C D>e $ <1f>. ${");
    }

    #[test]
    fn another_kind_and_a_missing_file_are_named() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("config.yaml");
        let error = Configuration::from_files(&[&file]).expect_err("missing");
        assert!(error.to_string().contains("config.yaml"), "{error}");
        std::fs::write(&file, "kind: Component").expect("written");
        let error = Configuration::from_files(&[&file]).expect_err("another kind");
        assert!(error.problem.contains("Component"), "{error}");
    }
}
