//! Dapr resource files: components, subscriptions and resiliency policies.

pub(crate) mod component;
pub(crate) mod subscription;

use std::path::Path;

use crate::document::{self, Head, ResourceError};
use crate::resiliency::{self, ResiliencySet};
pub(crate) use component::Component;
pub(crate) use subscription::Subscription;

/// The parsed resource files of a sidecar.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    pub(crate) components: Vec<Component>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) resiliency: ResiliencySet,
}

impl Resources {
    /// Reads every `*.yaml` and `*.yml` file of a folder, in the order of their names. Other
    /// files are passed over with a warning, folders in it in silence, as daprd does.
    ///
    /// # Errors
    /// A folder or file that cannot be read, or a document that is not what its `kind` says.
    pub fn from_dir(dir: &Path) -> Result<Self, ResourceError> {
        let unreadable = |path: &Path, error: &std::io::Error| ResourceError {
            file: path.display().to_string(),
            line: None,
            problem: format!("cannot be read: {error}"),
            remedy: "check the path and its permissions".into(),
        };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(|error| unreadable(dir, &error))? {
            let path = entry.map_err(|error| unreadable(dir, &error))?.path();
            if path.is_file() {
                paths.push(path);
            }
        }
        paths.sort();
        let mut documents = Vec::new();
        for path in paths {
            let extension = path.extension().and_then(|extension| extension.to_str());
            if !matches!(extension, Some("yaml" | "yml")) {
                tracing::warn!("A non-YAML file {} was detected, it will not be loaded", path.display());
                continue;
            }
            let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
            documents.push((path.display().to_string(), text));
        }
        Self::from_documents(documents)
    }

    /// Reads resource files from memory: each one a name for errors and its text, which may hold
    /// several documents.
    ///
    /// # Errors
    /// A document that is not what its `kind` says.
    pub fn from_documents<N, T>(documents: impl IntoIterator<Item = (N, T)>) -> Result<Self, ResourceError>
    where
        N: Into<String>,
        T: AsRef<str>,
    {
        let mut resources = Self::default();
        for (name, text) in documents {
            let name = name.into();
            for (first_line, document) in document::split(text.as_ref()) {
                resources.add(&name, &document, first_line)?;
            }
        }
        resources.resiliency.check()?;
        Ok(resources)
    }

    /// The resiliency policies among them.
    pub fn resiliency(&self) -> &ResiliencySet {
        &self.resiliency
    }

    fn add(&mut self, file: &str, text: &str, first_line: u64) -> Result<(), ResourceError> {
        let head: Head = document::yaml(file, text, first_line)?;
        match head.kind.as_str() {
            "Component" => self.components.push(component::parse(file, text, first_line)?),
            "Subscription" => self.subscriptions.push(subscription::parse(file, text, first_line)?),
            "Resiliency" => resiliency::parse(&mut self.resiliency, file, text, first_line)?,
            "" => {
                return Err(ResourceError {
                    file: file.to_owned(),
                    line: Some(first_line),
                    problem: "the document has no kind".into(),
                    remedy: "a Dapr resource begins with apiVersion and kind".into(),
                });
            }
            other => tracing::warn!("{file}: resources of kind {other} are not used; skipped"),
        }
        Ok(())
    }

    /// What of it is meant for this app: a resource with scopes that do not name it is left out.
    pub(crate) fn in_scope(mut self, app_id: &str) -> Self {
        let meant = |scopes: &[String]| scopes.is_empty() || scopes.iter().any(|s| s == app_id);
        self.components.retain(|component| meant(&component.scopes));
        self.subscriptions.retain(|subscription| meant(&subscription.scopes));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: &str = "\
# The store.
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: statestore
spec:
  type: state.sqlite
  version: v1
  metadata:
  - name: connectionString
    value: lab.db
  - name: ActorStateStore
    value: true
scopes: [app]
";

    fn error_of(text: &str) -> ResourceError {
        Resources::from_documents([("a.yaml", text)]).expect_err("must be refused")
    }

    #[test]
    fn a_component_file_is_read_as_dapr_reads_it() {
        let text = format!("{STORE}---\n{}", STORE.replace("statestore", "other"));
        let resources = Resources::from_documents([("a.yaml", text)]).expect("valid");
        let names: Vec<_> = resources.components.iter().map(|c| &c.name).collect();
        assert_eq!(names, ["statestore", "other"]);
        let store = &resources.components[0];
        assert_eq!(store.get("connectionstring"), Some("lab.db"));
        assert!(store.is_true("actorStateStore"), "a YAML true is a yes");
    }

    #[test]
    fn a_resource_scoped_to_other_apps_is_left_out() {
        let resources = Resources::from_documents([("a.yaml", STORE)]).expect("valid");
        assert_eq!(resources.clone().in_scope("app").components.len(), 1);
        assert!(resources.in_scope("somebody").components.is_empty());
    }

    #[test]
    fn an_error_names_the_file_and_the_line_in_the_whole_file() {
        let error = error_of(&format!("{STORE}---\nkind: Component\nmetadata: [1, 2\n"));
        assert_eq!(error.file, "a.yaml");
        assert!(error.line >= Some(16), "{error}");
        assert!(error.to_string().starts_with("a.yaml:1"), "{error}");

        let error = error_of(&format!("{STORE}---\n{}", STORE.replace("  type: state.sqlite\n", "")));
        assert_eq!(error.problem, "missing field `type`");
    }

    #[test]
    fn a_secret_reference_is_refused_by_the_name_of_the_entry() {
        let error = error_of(&STORE.replace("    value: lab.db", "    secretKeyRef: {name: s, key: connection}"));
        assert!(error.problem.contains("\"connectionString\""), "{error}");
        assert!(error.problem.contains("secretKeyRef"), "{error}");
    }
}
