//! Subscriptions that come and go in the resource folders while the sidecar runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::config::Config;
use crate::document::ResourceError;
use crate::pubsub::PubSub;
use crate::resources::{Place, Resources, is_resource_file};

/// How long nothing has to change before the files are read: a file is seldom written at once.
const QUIET: Duration = Duration::from_millis(200);
/// How long that is waited for: a folder may never rest.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

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
            until_quiet(&mut changes).await;
            match self.subscriptions() {
                Ok(resources) => self.pubsub.declare(resources.into_subscriptions()).await,
                Err(error) => tracing::error!("the subscriptions stay as they were: {error}"),
            }
        }
    }

    fn begin(&self, changed: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| may_matter(&event)) {
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

/// Returns when nothing has changed for a while, or that has been waited for long enough.
async fn until_quiet(changes: &mut mpsc::Receiver<()>) {
    let latest = Instant::now() + LONGEST_WAIT;
    while let Ok(Some(())) = timeout_at(latest.min(Instant::now() + QUIET), changes.recv()).await {
        if Instant::now() >= latest {
            break;
        }
    }
}

/// Whether something has changed that is read. What an event says nothing of may have.
fn may_matter(event: &notify::Event) -> bool {
    let changes = !matches!(event.kind, EventKind::Access(_));
    changes && (event.need_rescan() || event.paths.is_empty() || event.paths.iter().any(|path| is_read(path)))
}

/// A resource file, or what a mounted ConfigMap exchanges to change all of its files at once.
fn is_read(path: &Path) -> bool {
    is_resource_file(path) || path.file_name().is_some_and(|name| name == "..data")
}

#[cfg(test)]
mod tests {
    use notify::Event;
    use notify::event::{AccessKind, CreateKind};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_folder_that_never_rests_is_read_all_the_same() {
        let (changed, mut changes) = mpsc::channel(1);
        let restless = async {
            while changed.send(()).await.is_ok() {
                tokio::time::sleep(QUIET / 2).await;
            }
        };
        let began = Instant::now();
        tokio::select! {
            () = until_quiet(&mut changes) => {}
            () = restless => {}
        }
        assert!((LONGEST_WAIT..LONGEST_WAIT + QUIET).contains(&began.elapsed()), "{:?}", began.elapsed());
        let began = Instant::now();
        let (_one_that_rests, mut changes) = mpsc::channel(1);
        until_quiet(&mut changes).await;
        assert!((QUIET..2 * QUIET).contains(&began.elapsed()), "{:?}", began.elapsed());
    }

    #[test]
    fn what_is_no_resource_file_is_not_looked_at() {
        let created = |path: &str| Event::new(EventKind::Create(CreateKind::File)).add_path(path.into());
        for path in ["/r/a.yaml", "/r/a.yml", "/r/..data"] {
            assert!(may_matter(&created(path)), "{path}");
        }
        for path in ["/r/state.db-wal", "/r/log", "/r/a.yaml.swp"] {
            assert!(!may_matter(&created(path)), "{path}");
        }
        assert!(!may_matter(&Event::new(EventKind::Access(AccessKind::Any)).add_path("/r/a.yaml".into())));
        assert!(may_matter(&Event::new(EventKind::Any)), "whatever it is");
    }
}
