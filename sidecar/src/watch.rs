//! Subscriptions that come and go in the resource folders while the sidecar runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::config::Config;
use crate::document::ResourceError;
use crate::pubsub::PubSub;
use crate::resources::{Place, Resources};

/// How long nothing has to change before the files are read: a file is seldom written at once.
const QUIET: Duration = Duration::from_millis(200);

/// What is read anew.
pub(crate) struct Watch {
    folders: Vec<PathBuf>,
    app_id: String,
    namespace: Option<String>,
    pod_name: Option<String>,
    pubsub: Arc<PubSub>,
}

impl Watch {
    /// `None` where there is nothing to look at.
    pub(crate) fn new(config: &Config, pubsub: Arc<PubSub>) -> Option<Self> {
        let folders = config.watched.clone();
        (!folders.is_empty()).then(|| Self {
            folders,
            app_id: config.app_id.clone(),
            namespace: config.namespace.clone(),
            pod_name: config.pod_name.clone(),
            pubsub,
        })
    }

    /// Looks until it is dropped.
    pub(crate) async fn run(self) {
        let (changed, mut changes) = mpsc::channel(1);
        let _watcher = match self.begin(changed) {
            Ok(watcher) => watcher,
            Err(error) => {
                tracing::warn!("the resource folders cannot be watched, changes need a new start: {error}");
                return;
            }
        };
        while changes.recv().await.is_some() {
            while let Ok(Some(())) = tokio::time::timeout(QUIET, changes.recv()).await {}
            match self.subscriptions() {
                Ok(resources) => self.pubsub.declare(resources.into_subscriptions()).await,
                Err(error) => tracing::error!("the subscriptions stay as they were: {error}"),
            }
        }
    }

    fn begin(&self, changed: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_))) {
                // One that is waiting already says the same.
                let _ = changed.try_send(());
            }
        })?;
        for folder in &self.folders {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
        }
        Ok(watcher)
    }

    fn subscriptions(&self) -> Result<Resources, ResourceError> {
        let place =
            Place { app_id: &self.app_id, namespace: self.namespace.as_deref(), pod_name: self.pod_name.as_deref() };
        Resources::from_dirs(&self.folders)?.meant_for(&place)
    }
}
