//! Dapr resource files: components, subscriptions and resiliency policies.

pub(crate) mod component;
mod configuration;
pub(crate) mod subscription;

use std::collections::HashMap;
use std::path::Path;

use crate::document::{self, Named, ResourceError};
use crate::resiliency::{self, ResiliencySet};
pub(crate) use component::Component;
pub use configuration::{Configuration, SecretScope};
pub(crate) use subscription::{Declared, Subscription};

/// The parsed resource files of a sidecar.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    pub(crate) components: Vec<Component>,
    pub(crate) subscriptions: Vec<Declared>,
    pub(crate) resiliency: ResiliencySet,
}

impl Resources {
    /// Reads several folders as [`Resources::from_dir`] reads one.
    ///
    /// # Errors
    /// See there.
    pub fn from_dirs<P: AsRef<Path>>(dirs: &[P]) -> Result<Self, ResourceError> {
        let mut documents = Vec::new();
        for dir in dirs {
            documents.append(&mut files(dir.as_ref())?);
        }
        Self::from_documents(documents)
    }

    /// Reads every `*.yaml` and `*.yml` file of a folder, in the order of their names. Other
    /// files are passed over with a warning, folders in it in silence, as daprd does.
    ///
    /// # Errors
    /// A folder or file that cannot be read, or a document that is not what its `kind` says.
    pub fn from_dir(dir: &Path) -> Result<Self, ResourceError> {
        Self::from_documents(files(dir)?)
    }

    /// The files that [`Resources::from_dir`] reads, each a name and its text, for whoever changes something in them.
    ///
    /// # Errors
    /// A folder or file that cannot be read.
    pub fn texts(dir: &Path) -> Result<Vec<(String, String)>, ResourceError> {
        files(dir)
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

    /// The same, with those components of others that do not have the name of one of these, nor, where one of these keeps
    /// actors, keep actors too.
    pub(crate) fn with_defaults(mut self, others: Self) -> Self {
        let keeps_actors = |component: &Component| component.get("actorStateStore").is_some();
        for other in others.components {
            let same = |own: &Component| own.name == other.name || (keeps_actors(own) && keeps_actors(&other));
            if !self.components.iter().any(same) {
                self.components.push(other);
            }
        }
        self
    }

    fn add(&mut self, file: &str, text: &str, first_line: u64) -> Result<(), ResourceError> {
        let document = document::yaml(file, text, first_line)?;
        let head = document::head(&document);
        if !head.is_dapr() {
            tracing::warn!("{file}:{first_line}: the document is no Dapr resource: passed over");
            return Ok(());
        }
        match head.kind.as_str() {
            "Component" => self.components.push(component::parse(file, document, first_line)?),
            "Subscription" => self.subscriptions.push(subscription::parse(file, document, first_line)?),
            "Resiliency" => resiliency::parse(&mut self.resiliency, file, document, first_line)?,
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

    /// What of it is meant for this app, with the places in values filled in: a resource of another namespace is left
    /// out, and so is one with scopes that do not name the app.
    ///
    /// # Errors
    /// Two resources of one kind with one name, or a value with something to fill in that there is not.
    pub(crate) fn meant_for(mut self, place: &Place<'_>) -> Result<Self, ResourceError> {
        let mut names = HashMap::new();
        let mut components = Vec::new();
        for mut component in self.components {
            let Component { name, namespace, scopes, file, .. } = &component;
            if place.takes(&mut names, "Component", name, namespace, scopes, file)? {
                component.fill_in(place)?;
                components.push(component);
            }
        }
        self.components = components;
        let mut names = HashMap::new();
        let mut subscriptions = Vec::new();
        for declared in self.subscriptions {
            let (Named { name, namespace }, file) = (&declared.metadata, &declared.file);
            if place.takes(&mut names, "Subscription", name, namespace, &declared.subscription.scopes, file)? {
                subscriptions.push(declared);
            }
        }
        self.subscriptions = subscriptions;
        Ok(self)
    }

    /// The subscriptions among them.
    pub(crate) fn into_subscriptions(self) -> Vec<Subscription> {
        self.subscriptions.into_iter().map(|declared| declared.subscription).collect()
    }
}

/// Where a sidecar runs, as far as its resource files depend on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) app_id: &'a str,
    /// `NAMESPACE`.
    pub(crate) namespace: Option<&'a str>,
    /// `POD_NAME`.
    pub(crate) pod_name: Option<&'a str>,
}

impl Place<'_> {
    /// Whether a resource is meant for it. In daprd's order: the namespace, then the name, then the scopes.
    fn takes(
        &self,
        names: &mut HashMap<String, String>,
        kind: &str,
        name: &str,
        namespace: &str,
        scopes: &[String],
        file: &str,
    ) -> Result<bool, ResourceError> {
        if !namespace.is_empty() && self.namespace.is_some_and(|own| own != namespace) {
            return Ok(false);
        }
        if let Some(other) = names.get(name).filter(|_| !name.is_empty()) {
            return Err(ResourceError {
                file: file.to_owned(),
                line: None,
                problem: format!("duplicate definition of {kind} name {name} with existing in {other}"),
                remedy: "give one of them another name, or a namespace or scopes of its own".into(),
            });
        }
        if !scopes.is_empty() && !scopes.iter().any(|scope| scope == self.app_id) {
            return Ok(false);
        }
        names.insert(name.to_owned(), file.to_owned());
        Ok(true)
    }
}

/// The YAML files of a folder, each with its name.
fn files(dir: &Path) -> Result<Vec<(String, String)>, ResourceError> {
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
        if !is_resource_file(&path) {
            tracing::warn!("A non-YAML file {} was detected, it will not be loaded", path.display());
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
        documents.push((path.display().to_string(), text));
    }
    Ok(documents)
}

/// Whether a file of a resources folder is read.
pub(crate) fn is_resource_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
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

    fn meant(resources: Resources, app_id: &str, namespace: Option<&str>) -> Resources {
        resources.meant_for(&Place { app_id, namespace, pod_name: None }).expect("valid")
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
        assert_eq!(meant(resources.clone(), "app", None).components.len(), 1);
        assert!(meant(resources, "somebody", None).components.is_empty());
    }

    #[test]
    fn an_error_names_the_file_and_the_line_in_the_whole_file() {
        let error = error_of(&format!("{STORE}---\nkind: Component\nmetadata: [1, 2\n"));
        assert_eq!(error.file, "a.yaml");
        assert!(error.line >= Some(16), "{error}");
        assert!(error.to_string().starts_with("a.yaml:1"), "{error}");

        let error = error_of(&format!("{STORE}---\n{}", STORE.replace("  type: state.sqlite\n", "")));
        assert_eq!(error.problem, "spec: missing field `type`");
    }
}
