//! Makes the parts that the component files ask for.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::pubsub::{self, Bus, Scopes};
use crate::resources::Component;
use crate::start_error::StartError;
use crate::state::{self, StateStore};

/// A component, as the metadata API shows it.
#[derive(Debug, Clone)]
pub(crate) struct ComponentInfo {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) version: String,
    pub(crate) capabilities: &'static [&'static str],
}

/// What the component files come to.
#[derive(Default)]
pub(crate) struct Components {
    pub(crate) info: Vec<ComponentInfo>,
    pub(crate) actor_store: Option<Arc<dyn StateStore>>,
    /// The actor store's component.
    pub(crate) actor_store_name: String,
    pub(crate) buses: HashMap<String, Bus>,
}

/// Starts every component. One with `ignoreErrors` that cannot be started is left out with a
/// warning.
pub(crate) async fn start(components: &[Component], base_dir: &Path, app_id: &str) -> Result<Components, StartError> {
    let mut started = Components::default();
    let mut actor_store_name: Option<&str> = None;
    for component in components {
        let is_store = component.kind.starts_with("state.");
        let is_actor_store = is_store && component.is_true("actorStateStore");
        if is_actor_store && let Some(first) = actor_store_name {
            return Err(StartError::DuplicateActorStateStore {
                first: first.to_owned(),
                second: component.name.clone(),
            });
        }
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
        match started.add(component, base_dir, app_id, is_actor_store).await {
            Ok(()) if is_actor_store => {
                tracing::info!("Using '{}' as actor state store", component.name);
                started.actor_store_name.clone_from(&component.name);
                actor_store_name = Some(&component.name);
            }
            Ok(()) => {}
            Err(error) if component.ignore_errors => {
                tracing::warn!("component {} is left out: {error}", component.name);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(started)
}

impl Components {
    async fn add(
        &mut self,
        component: &Component,
        base_dir: &Path,
        app_id: &str,
        is_actor_store: bool,
    ) -> Result<(), StartError> {
        let capabilities = if let Some(kind) = state::KINDS.iter().find(|kind| component.is_of(kind.name)) {
            let store = (kind.open)(component, base_dir)?;
            // A store that is not for actors is shown and checked; nothing here uses it.
            if is_actor_store {
                self.actor_store = Some(store);
            } else {
                store.close();
            }
            kind.capabilities
        } else if let Some(kind) = pubsub::KINDS.iter().find(|kind| component.is_of(kind.name)) {
            let broker = (kind.open)(component, app_id).await?;
            let bus = Bus { broker, scopes: Scopes::new(component, app_id), prefix: component.topic_prefix.clone() };
            self.buses.insert(component.name.clone(), bus);
            kind.capabilities
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
    let names = stores.chain(pubsub::KINDS.iter().map(|kind| kind.name));
    names.map(|name| format!("{name}/v1")).collect::<Vec<_>>().join(", ")
}
