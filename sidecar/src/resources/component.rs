//! A Dapr component: what a `kind: Component` document says.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::Place;

use crate::document::{self, Named, ResourceError, is_truthy};

/// One component, as its file describes it.
#[derive(Debug, Clone)]
pub(crate) struct Component {
    /// The file that describes it, for errors.
    pub(crate) file: String,
    pub(crate) name: String,
    /// The namespace that it belongs to; empty means any.
    pub(crate) namespace: String,
    /// `state.sqlite`, `pubsub.in-memory`, …
    pub(crate) kind: String,
    /// `v1`; Dapr reads a missing version as `v1` too.
    pub(crate) version: String,
    /// Whether a component that cannot be started is left out instead of ending the start.
    pub(crate) ignore_errors: bool,
    /// The apps that may use it; empty means all.
    pub(crate) scopes: Vec<String>,
    /// What stands in front of each topic of a pub/sub component: the namespace, if the component refers to it.
    pub(crate) topic_prefix: String,
    /// The metadata that are in a secret store, and the store: `auth.secretStore`.
    pub(crate) secrets: Vec<SecretReference>,
    pub(crate) secret_store: String,
    /// Metadata by lower-cased name: Dapr matches names without regard to case.
    metadata: HashMap<String, String>,
}

/// A metadata entry whose value is a secret.
#[derive(Debug, Clone)]
pub(crate) struct SecretReference {
    pub(crate) entry: String,
    /// The secret's name.
    pub(crate) name: String,
    /// Which of its values; empty means the one of its own name.
    pub(crate) key: String,
}

impl Component {
    /// Gives a metadata entry another value.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.metadata.insert(name.to_ascii_lowercase(), value);
    }

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

    /// Fills in what Dapr replaces in values: `{uuid}`, `{appID}`, `{namespace}` and `{podName}`.
    ///
    /// # Errors
    /// There is no pod's name.
    pub(super) fn fill_in(&mut self, place: &Place<'_>) -> Result<(), ResourceError> {
        for value in self.metadata.values_mut() {
            while value.contains("{uuid}") {
                *value = value.replacen("{uuid}", &Uuid::new_v4().to_string(), 1);
            }
            if value.contains("{podName}") {
                let Some(name) = place.pod_name else {
                    return Err(self.error("it refers to {podName}, and POD_NAME is not set", "set POD_NAME"));
                };
                *value = value.replace("{podName}", name);
            }
            let namespace = place.namespace.unwrap_or("default");
            if value.contains("{namespace}") {
                namespace.clone_into(&mut self.topic_prefix);
            }
            *value = value.replace("{namespace}", &format!("{namespace}.{}", place.app_id));
            *value = value.replace("{appID}", place.app_id);
        }
        Ok(())
    }

    /// Whether a metadata entry says yes, in the words that Dapr takes for it.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(is_truthy)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    metadata: Named,
    spec: Spec,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    auth: Auth,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Auth {
    secret_store: String,
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
    #[serde(default)]
    value: Value,
    #[serde(default)]
    secret_key_ref: SecretKeyRef,
    #[serde(default)]
    env_ref: String,
}

/// Go writes an empty one where there is none.
#[derive(Deserialize, Default)]
#[serde(default)]
struct SecretKeyRef {
    name: String,
    key: String,
}

/// Reads one `kind: Component` document that begins at `first_line` of `file`.
pub(super) fn parse(file: &str, document: Value, first_line: u64) -> Result<Component, ResourceError> {
    let document: Document = document::read(file, document, first_line, |_| {})?;
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
    let (mut metadata, mut secrets) = (HashMap::new(), Vec::new());
    for Entry { name: entry, value, secret_key_ref, env_ref } in document.spec.metadata {
        let value = if value.is_null() && !env_ref.is_empty() {
            variable(&env_ref).map_err(|problem| {
                invalid(
                    format!("component {name:?} takes {entry:?} from {env_ref}, {problem}"),
                    "correct the environment",
                )
            })?
        } else {
            match value {
                Value::String(text) => text,
                Value::Null => String::new(),
                other => other.to_string(),
            }
        };
        let SecretKeyRef { name: secret, key } = secret_key_ref;
        if !secret.is_empty() {
            secrets.push(SecretReference { entry: entry.clone(), name: secret, key });
        }
        metadata.insert(entry.to_ascii_lowercase(), value);
    }
    let version = document.spec.version;
    Ok(Component {
        file: file.to_owned(),
        name,
        namespace: document.metadata.namespace,
        kind: document.spec.r#type,
        version: if version.is_empty() { "v1".into() } else { version },
        ignore_errors: document.spec.ignore_errors,
        scopes: document.scopes,
        topic_prefix: String::new(),
        secrets,
        secret_store: document.auth.secret_store,
        metadata,
    })
}

/// A variable that a component refers to. Dapr's own, which hold its secrets, are not for components, and where
/// `DAPR_ENV_KEYS` lists some, no others are.
///
/// # Errors
/// It is no text.
fn variable(name: &str) -> Result<String, &'static str> {
    let upper = name.to_ascii_uppercase();
    let listed = std::env::var("DAPR_ENV_KEYS").unwrap_or_default();
    let kept_out = !listed.is_empty() && !listed.split(' ').any(|listed| listed == upper);
    if upper == "APP_API_TOKEN" || upper.starts_with("DAPR_") || upper.contains(' ') || kept_out {
        tracing::warn!("a component references an env variable that isn't allowed: {name}");
        return Ok(String::new());
    }
    match std::env::var(name) {
        Err(std::env::VarError::NotUnicode(_)) => Err("which is no UTF-8 text"),
        text => Ok(text.unwrap_or_default()),
    }
}
