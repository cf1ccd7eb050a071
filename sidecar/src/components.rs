//! Makes the parts that the component files ask for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::duration;
use crate::resources::Component;
use crate::resources::component::SUPPORTED;
use crate::runtime::ComponentInfo;
use crate::start::StartError;
use crate::state::{InMemoryStore, SqliteOptions, SqliteStore, SqliteStoreError, StateStore, Tables, sqlite_path};

/// daprd's default wait for another program's lock on a SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// What the component files come to.
#[derive(Default)]
pub(crate) struct Components {
    pub(crate) info: Vec<ComponentInfo>,
    pub(crate) actor_store: Option<Arc<dyn StateStore>>,
    /// The actor store's component.
    pub(crate) actor_store_name: String,
    pub(crate) pubsubs: Vec<String>,
}

/// Starts every component. One with `ignoreErrors` that cannot be started is left out with a
/// warning.
pub(crate) async fn start(components: &[Component], base_dir: &Path) -> Result<Components, StartError> {
    let mut started = Components::default();
    let mut actor_store_name: Option<&str> = None;
    for component in components {
        let is_store = component.kind.starts_with("state.");
        let is_actor_store = is_store && component.is_true("actorStateStore");
        if is_actor_store && let Some(first) = actor_store_name {
            close(&started).await;
            return Err(StartError::DuplicateActorStateStore {
                first: first.to_owned(),
                second: component.name.clone(),
            });
        }
        match add(&mut started, component, base_dir, is_actor_store) {
            Ok(()) if is_actor_store => {
                tracing::info!("Using '{}' as actor state store", component.name);
                started.actor_store_name.clone_from(&component.name);
                actor_store_name = Some(&component.name);
            }
            Ok(()) => {}
            Err(error) if component.ignore_errors => {
                tracing::warn!("component {} is left out: {error}", component.name);
            }
            Err(error) => {
                close(&started).await;
                return Err(error);
            }
        }
    }
    Ok(started)
}

async fn close(started: &Components) {
    if let Some(store) = &started.actor_store {
        store.close().await;
    }
}

fn add(
    started: &mut Components,
    component: &Component,
    base_dir: &Path,
    is_actor_store: bool,
) -> Result<(), StartError> {
    let kind = (component.kind.as_str(), component.version.as_str());
    let (capabilities, store): (&'static [&'static str], Option<Arc<dyn StateStore>>) = match kind {
        ("state.sqlite", "v1") => {
            let store = open_sqlite(component, base_dir)?;
            (&["ETAG", "TRANSACTIONAL", "TTL", "KEYS_LIKE", "ACTOR"], Some(Arc::new(store)))
        }
        ("state.in-memory", "v1") => (
            &["ETAG", "TRANSACTIONAL", "TTL", "DELETE_WITH_PREFIX", "KEYS_LIKE", "ACTOR"],
            Some(Arc::new(InMemoryStore::default())),
        ),
        ("pubsub.in-memory", "v1") => {
            started.pubsubs.push(component.name.clone());
            (&["SUBSCRIBE_WILDCARDS"], None)
        }
        _ => {
            return Err(StartError::UnknownComponent {
                file: component.file.clone(),
                name: component.name.clone(),
                kind: format!("{}/{}", component.kind, component.version),
                supported: SUPPORTED,
            });
        }
    };
    // A store that is not for actors is shown and checked; nothing here uses it.
    if is_actor_store {
        started.actor_store = store;
    }
    started.info.push(ComponentInfo {
        name: component.name.clone(),
        kind: component.kind.clone(),
        version: component.version.clone(),
        capabilities,
    });
    tracing::info!("Component loaded: {} ({}/{})", component.name, component.kind, component.version);
    Ok(())
}

fn open_sqlite(component: &Component, base_dir: &Path) -> Result<SqliteStore, StartError> {
    let invalid = |problem: String, remedy: &str| {
        StartError::Resource(crate::ResourceError {
            file: component.file.clone(),
            line: None,
            problem: format!("component {:?}: {problem}", component.name),
            remedy: remedy.to_owned(),
        })
    };
    let connection = component.get("connectionString").or(component.get("url"));
    let path = sqlite_path(connection.unwrap_or_default(), base_dir).ok_or_else(|| {
        invalid(
            "connectionString names no file".into(),
            "give the path of the SQLite file; for a store in memory use state.in-memory",
        )
    })?;
    let tables = Tables::new(
        component.get("tableName").unwrap_or("state"),
        component.get("metadataTableName").unwrap_or("metadata"),
    )
    .ok_or_else(|| {
        invalid(
            "a table's name has other characters than letters, digits and _".into(),
            "correct tableName or metadataTableName",
        )
    })?;
    let busy_timeout = match component.get("busyTimeout") {
        None => BUSY_TIMEOUT,
        Some(text) => {
            duration::parse(text).map_err(|error| invalid(format!("busyTimeout: {error}"), "write it like 2s"))?
        }
    };
    if component.get("cleanupInterval").is_some() {
        tracing::warn!("{}: cleanupInterval is not used: nothing here writes values that expire", component.file);
    }
    let options =
        SqliteOptions { path: path.clone(), tables, busy_timeout, disable_wal: component.is_true("disableWAL") };
    SqliteStore::open(&options).map_err(|error| store_error(path, error))
}

fn store_error(path: PathBuf, error: SqliteStoreError) -> StartError {
    match error {
        SqliteStoreError::Corrupt(problem) => StartError::StoreCorrupt { path, problem },
        SqliteStoreError::Foreign(problem) => StartError::StoreForeign { path, problem },
        SqliteStoreError::Busy(problem) => StartError::StoreBusy { path, problem },
        SqliteStoreError::Unwritable(problem) => StartError::StoreUnwritable { path, problem },
    }
}
