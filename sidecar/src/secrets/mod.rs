//! Secret stores: where apps and components have their secrets from. A new one is a file here and a line in [`KINDS`].

mod local_env;
mod local_file;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use crate::document::ResourceError;
use crate::error::ApiError;
use crate::resources::{Component, SecretScope};

/// A secret: many stores hold one value under its own name.
pub(crate) type Secret = BTreeMap<String, String>;

/// A secret store. Errors are texts: Dapr hands a store's own words through.
#[async_trait]
pub(crate) trait SecretStore: Send + Sync {
    async fn get(&self, name: &str) -> Result<Secret, String>;

    /// Every secret, by its name.
    async fn all(&self) -> Result<BTreeMap<String, Secret>, String>;

    /// What the metadata API says of it.
    fn capabilities(&self) -> &'static [&'static str] {
        &[]
    }
}

/// A secret store that is open, or why it is not.
pub(crate) type Opened = Result<Arc<dyn SecretStore>, ResourceError>;

/// A kind of secret store that a component may name.
pub(crate) struct Kind {
    /// The component's `type`.
    pub(crate) name: &'static str,
    /// Relative paths in the component begin at the folder.
    pub(crate) open: fn(&Component, &Path) -> Opened,
}

/// Those that there are.
pub(crate) const KINDS: [&Kind; 2] = [&local_file::KIND, &local_env::KIND];

/// Every secret store, by its component's name.
#[derive(Default)]
pub(crate) struct Secrets {
    stores: HashMap<String, Arc<dyn SecretStore>>,
    /// What the app may have of each; what stands nowhere it may.
    scopes: Vec<SecretScope>,
}

impl Secrets {
    pub(crate) fn new(scopes: Vec<SecretScope>) -> Self {
        Self { stores: HashMap::new(), scopes }
    }

    pub(crate) fn add(&mut self, name: String, store: Arc<dyn SecretStore>) {
        self.stores.insert(name, store);
    }

    /// One secret, for the app.
    pub(crate) async fn get(&self, store: &str, name: &str) -> Result<Secret, ApiError> {
        let found = self.store(store)?;
        if !self.allows(store, name) {
            return Err(ApiError::secret_denied(name, store));
        }
        found.get(name).await.map_err(|why| ApiError::secret_get(name, store, why))
    }

    /// Every secret that the app may have.
    pub(crate) async fn all(&self, store: &str) -> Result<BTreeMap<String, Secret>, ApiError> {
        let mut all = self.store(store)?.all().await.map_err(|why| ApiError::secret_bulk_get(store, why))?;
        all.retain(|name, _| self.allows(store, name));
        Ok(all)
    }

    /// Puts the secrets in that a component refers to.
    ///
    /// # Errors
    /// There is no such store, or no such secret in it.
    pub(crate) async fn fill_in(&self, component: &Component) -> Result<Component, ResourceError> {
        let mut filled = component.clone();
        for reference in &component.secrets {
            let (entry, store) = (&reference.entry, &component.secret_store);
            if store.is_empty() {
                return Err(component.error(
                    format_args!("it takes {entry:?} from a secret (secretKeyRef), and names no secret store"),
                    "name one in auth.secretStore, or give the value itself",
                ));
            }
            let Some(found) = self.stores.get(store) else {
                return Err(component.error(
                    format_args!("it references a secret store that isn't loaded: {store}"),
                    "add a component of that name and the type secretstores.local.file or secretstores.local.env",
                ));
            };
            let wrong = |why: String| {
                let problem = format!("it takes {entry:?} from the secret {} of {store}: {why}", reference.name);
                component.error(problem, "correct the reference, or add the secret to the store")
            };
            let secret = found.get(&reference.name).await.map_err(wrong)?;
            let key = if reference.key.is_empty() { &reference.name } else { &reference.key };
            let value = secret.get(key).ok_or_else(|| wrong(format!("it has no {key}")))?;
            filled.set(entry, value.clone());
        }
        Ok(filled)
    }

    fn store(&self, name: &str) -> Result<&dyn SecretStore, ApiError> {
        if self.stores.is_empty() {
            return Err(ApiError::secret_store_not_configured());
        }
        self.stores.get(name).map(AsRef::as_ref).ok_or_else(|| ApiError::secret_store_not_found(name))
    }

    fn allows(&self, store: &str, name: &str) -> bool {
        self.scopes.iter().find(|scope| scope.store_name == store).is_none_or(|scope| scope.allows(name))
    }
}
