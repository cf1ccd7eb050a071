//! Makes the parts that the component files ask for.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::Config;
use crate::pubsub::{self, Bus, Scopes};
use crate::resources::Component;
use crate::secrets::{self, Secrets};
use crate::start_error::StartError;
use crate::state::{self, Place, StateStore};
use crate::states::Named;

/// A component, as the metadata API shows it.
#[derive(Debug, Clone)]
pub(crate) struct ComponentInfo {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) version: String,
    pub(crate) capabilities: &'static [&'static str],
}

/// What the component files come to.
pub(crate) struct Components {
    pub(crate) info: Vec<ComponentInfo>,
    /// Every state store by its component's name, that of actors among them.
    pub(crate) stores: HashMap<String, Named>,
    pub(crate) actor_store: Option<Arc<dyn StateStore>>,
    /// The actor store's component.
    pub(crate) actor_store_name: String,
    pub(crate) buses: HashMap<String, Bus>,
    pub(crate) secrets: Secrets,
}

/// Starts every component: secret stores first, for others refer to them. One with `ignoreErrors` that cannot be started
/// is left out with a warning.
pub(crate) async fn start(components: &[Component], config: &Config) -> Result<Components, StartError> {
    let mut started = Components {
        info: Vec::new(),
        stores: HashMap::new(),
        actor_store: None,
        actor_store_name: String::new(),
        buses: HashMap::new(),
        secrets: Secrets::new(config.secret_scopes.clone()),
    };
    let is_secret_store = |component: &&Component| component.kind.starts_with("secretstores.");
    let (first, others): (Vec<_>, Vec<_>) = components.iter().partition(is_secret_store);
    for component in first.into_iter().chain(others) {
        if let Some(part) = absent(&component.kind) {
            tracing::warn!(
                "{}: component {:?} ({}/{}) is left out, and the rest goes on: this sidecar has no part for {part}",
                component.file,
                component.name,
                component.kind,
                component.version
            );
            continue;
        }
        match started.add(component, config).await {
            Ok(()) => {}
            Err(error) if component.ignore_errors && !matches!(error, StartError::DuplicateActorStateStore { .. }) => {
                tracing::warn!("{}: component {:?} is left out: {error}", component.file, component.name);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(started)
}

impl Components {
    async fn add(&mut self, component: &Component, config: &Config) -> Result<(), StartError> {
        let component = &self.secrets.fill_in(component).await?;
        let capabilities = if let Some(kind) = state::KINDS.iter().find(|kind| component.is_of(kind.name)) {
            let is_actor_store = component.is_true("actorStateStore");
            if is_actor_store && self.actor_store.is_some() {
                return Err(StartError::DuplicateActorStateStore {
                    first: self.actor_store_name.clone(),
                    second: component.name.clone(),
                });
            }
            let store = (kind.open)(component, Place { base_dir: &config.base_dir, app_id: &config.app_id }).await?;
            self.stores.insert(component.name.clone(), Named::new(component, Arc::clone(&store))?);
            if is_actor_store {
                tracing::info!("Using '{}' as actor state store", component.name);
                self.actor_store_name.clone_from(&component.name);
                self.actor_store = Some(store);
            }
            kind.capabilities
        } else if let Some(kind) = pubsub::KINDS.iter().find(|kind| component.is_of(kind.name)) {
            let broker = (kind.open)(component, &config.app_id).await?;
            let scopes = Scopes::new(component, &config.app_id);
            let bus = Bus { broker, scopes, prefix: component.topic_prefix.clone() };
            self.buses.insert(component.name.clone(), bus);
            kind.capabilities
        } else if let Some(kind) = secrets::KINDS.iter().find(|kind| component.is_of(kind.name)) {
            let store = (kind.open)(component, &config.base_dir)?;
            let capabilities = store.capabilities();
            self.secrets.add(component.name.clone(), store);
            capabilities
        } else {
            return Err(StartError::UnknownComponent {
                file: component.file.clone(),
                name: component.name.clone(),
                kind: format!("{}/{}", component.kind, component.version),
                supported: supported(),
            });
        };
        self.info.push(ComponentInfo {
            name: component.name.clone(),
            kind: component.kind.clone(),
            version: component.version.clone(),
            capabilities,
        });
        tracing::info!("Component loaded: {} ({}/{})", component.name, component.kind, component.version);
        Ok(())
    }
}

/// The part of Dapr that a component belongs to, where this sidecar has none of its kind.
fn absent(kind: &str) -> Option<&'static str> {
    let (part, _) = kind.split_once('.')?;
    Some(match part {
        "bindings" => "bindings",
        "configuration" => "configuration",
        "conversation" => "conversation",
        "crypto" => "cryptography",
        "lock" => "the distributed lock",
        "middleware" => "HTTP middleware",
        "nameresolution" => "name resolution",
        "workflow" => "workflows",
        _ => return None,
    })
}

/// The component types that there are, as an error names them.
fn supported() -> String {
    let stores = state::KINDS.iter().map(|kind| kind.name);
    let brokers = pubsub::KINDS.iter().map(|kind| kind.name);
    let names = stores.chain(brokers).chain(secrets::KINDS.iter().map(|kind| kind.name));
    names.map(|name| format!("{name}/v1")).collect::<Vec<_>>().join(", ")
}
