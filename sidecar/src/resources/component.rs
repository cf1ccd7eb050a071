//! A Dapr component: what a `kind: Component` document says.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;

use crate::document::{self, Named, ResourceError, is_truthy};

/// One component, as its file describes it.
#[derive(Debug, Clone)]
pub(crate) struct Component {
    /// The file that describes it, for errors.
    pub(crate) file: String,
    pub(crate) name: String,
    /// `state.sqlite`, `pubsub.in-memory`, …
    pub(crate) kind: String,
    /// `v1`; Dapr reads a missing version as `v1` too.
    pub(crate) version: String,
    /// Whether a component that cannot be started is left out instead of ending the start.
    pub(crate) ignore_errors: bool,
    /// The apps that may use it; empty means all.
    pub(crate) scopes: Vec<String>,
    /// Metadata by lower-cased name: Dapr matches names without regard to case.
    metadata: HashMap<String, String>,
}

impl Component {
    /// Whether it is of this type, in the one version that there is of each.
    pub(crate) fn is_of(&self, kind: &str) -> bool {
        self.kind == kind && self.version == "v1"
    }

    /// What is wrong with it, and what to do about that.
    pub(crate) fn error(&self, problem: impl fmt::Display, remedy: &str) -> ResourceError {
        ResourceError {
            file: self.file.clone(),
            line: None,
            problem: format!("component {:?}: {problem}", self.name),
            remedy: remedy.to_owned(),
        }
    }

    /// The value of a metadata entry; names are matched without regard to case.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.metadata.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// Whether a metadata entry says yes, in the words that Dapr takes for it.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(is_truthy)
    }
}

#[derive(Deserialize)]
struct Document {
    metadata: Named,
    spec: Spec,
    #[serde(default)]
    scopes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    r#type: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    ignore_errors: bool,
    #[serde(default)]
    metadata: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: String,
    value: Option<serde_json::Value>,
    secret_key_ref: Option<serde_json::Value>,
    env_ref: Option<String>,
}

/// Reads one `kind: Component` document that begins at `first_line` of `file`.
pub(super) fn parse(file: &str, text: &str, first_line: u64) -> Result<Component, ResourceError> {
    let document: Document = document::yaml(file, text, first_line)?;
    let invalid = |problem: String, remedy: &str| ResourceError {
        file: file.to_owned(),
        line: Some(first_line),
        problem,
        remedy: remedy.to_owned(),
    };
    let name = document.metadata.name;
    if name.is_empty() {
        return Err(invalid("the component has no name".into(), "give it one in metadata.name"));
    }
    let mut metadata = HashMap::new();
    for entry in document.spec.metadata {
        if entry.secret_key_ref.is_some() {
            return Err(invalid(
                format!(
                    "component {name:?} takes {:?} from a secret store (secretKeyRef), and this \
                     sidecar has none",
                    entry.name
                ),
                "give the value itself",
            ));
        }
        let value = match (entry.env_ref, entry.value) {
            (Some(variable), _) => match std::env::var(&variable) {
                Err(std::env::VarError::NotUnicode(_)) => {
                    return Err(invalid(
                        format!("component {name:?} takes {:?} from {variable}, which is no UTF-8 text", entry.name),
                        "correct the environment",
                    ));
                }
                text => text.unwrap_or_default(),
            },
            (None, Some(serde_json::Value::String(text))) => text,
            (None, Some(serde_json::Value::Null) | None) => String::new(),
            (None, Some(other)) => other.to_string(),
        };
        metadata.insert(entry.name.to_ascii_lowercase(), value);
    }
    let version = document.spec.version;
    Ok(Component {
        file: file.to_owned(),
        name,
        kind: document.spec.r#type,
        version: if version.is_empty() { "v1".into() } else { version },
        ignore_errors: document.spec.ignore_errors,
        scopes: document.scopes,
        metadata,
    })
}
