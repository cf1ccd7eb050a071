//! What the lab runs on. A sidecar of another process is asked, as soon as it answers.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use dapr::dapr::proto::runtime::v1::GetMetadataResponse;
use model::lab::Runtime;
use tokio::{
    sync::watch,
    time::{Instant, timeout, timeout_at},
};

use crate::dapr::Dapr;

/// How long pages wait for the sidecar to tell of itself, from the moment it is asked. They are shown without that too.
const ASK_LIMIT: Duration = Duration::from_millis(500);

/// How long one asking may go on after that, for the pages that come later: longer than a connection takes to open.
const GIVE_UP: Duration = Duration::from_secs(5);

/// What the lab runs on, as far as it is known.
pub struct RuntimeInfo {
    dapr: Dapr,
    /// What is known without asking.
    known: Runtime,
    told: Arc<OnceLock<Runtime>>,
    /// The asking that was begun last.
    asking: Mutex<Option<Asking>>,
}

/// The sidecar is asked, once for all pages that wait meanwhile.
#[derive(Clone)]
struct Asking {
    /// Until when pages wait for it.
    until: Instant,
    /// Closed when it is over.
    over: watch::Receiver<()>,
}

impl RuntimeInfo {
    /// `known` is what the process itself knows.
    #[must_use]
    pub fn new(dapr: Dapr, known: Runtime) -> Self {
        Self { dapr, known, told: Arc::default(), asking: Mutex::default() }
    }

    /// What the lab runs on. Asks the sidecar until it has answered once; a sidecar of this process need not be asked.
    pub async fn get(&self) -> Runtime {
        if self.known.sidecar == Runtime::UNKNOWN_SIDECAR && self.told.get().is_none() {
            let Asking { until, mut over } = self.asking();
            // Nothing is ever sent: it ends, or time is over.
            drop(timeout_at(until, over.changed()).await);
        }
        self.told.get().unwrap_or(&self.known).clone()
    }

    /// The asking that is under way, else a new one. It is a task of its own, and goes on when it has taken too long:
    /// dropped while the connection is being opened, it would leave the outcome of that to the next call.
    fn asking(&self) -> Asking {
        let mut last = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = last.as_ref().filter(|asking| asking.over.has_changed().is_ok());
        if let Some(asking) = under_way {
            return asking.clone();
        }
        let (under_way, over) = watch::channel(());
        let asking = Asking { until: Instant::now() + ASK_LIMIT, over };
        let (dapr, known, told) = (self.dapr.clone(), self.known.clone(), Arc::clone(&self.told));
        tokio::spawn(async move {
            if let Ok(Ok(answer)) = timeout(GIVE_UP, dapr.metadata()).await {
                // Another answer is of the same sidecar.
                drop(told.set(completed(&known, &answer)));
            }
            drop(under_way);
        });
        *last = Some(asking.clone());
        asking
    }
}

/// The runtime with what the sidecar tells: its version, and the type of its actor state store.
fn completed(known: &Runtime, told: &GetMetadataResponse) -> Runtime {
    // The stand-in for daprd marks its version as its own.
    let sidecar = match told.runtime_version.split_once("+sidecar.") {
        Some((_, own)) => format!("sidecar {own}"),
        None => format!("daprd {}", told.runtime_version),
    };
    let actors = |capabilities: &[String]| capabilities.iter().any(|capability| capability == "ACTOR");
    let stores =
        told.registered_components.iter().filter(|c| c.r#type.starts_with("state.") && actors(&c.capabilities));
    let store = stores.map(|component| component.r#type.clone()).next();
    Runtime { sidecar, store: store.unwrap_or_else(|| known.store.clone()), ..known.clone() }
}

#[cfg(test)]
mod tests {
    use dapr::dapr::proto::runtime::v1::RegisteredComponents;

    use super::*;

    #[test]
    fn a_sidecar_tells_its_version_and_where_actors_keep_their_state() {
        let known = Runtime {
            sidecar: Runtime::UNKNOWN_SIDECAR.to_owned(),
            store: "Redis".to_owned(),
            sidecar_http: None,
            origin: "http://127.0.0.1:8000".to_owned(),
        };
        let component = |kind: &str, capabilities: &[&str]| RegisteredComponents {
            name: "any".to_owned(),
            r#type: kind.to_owned(),
            version: "v1".to_owned(),
            capabilities: capabilities.iter().map(|&capability| capability.to_owned()).collect(),
        };
        let mut told = GetMetadataResponse { runtime_version: "1.18.2".to_owned(), ..Default::default() };
        assert_eq!(completed(&known, &told).store, "Redis", "as long as it tells none");
        told.registered_components =
            vec![component("pubsub.redis", &[]), component("state.redis", &["ETAG", "TRANSACTIONAL", "ACTOR"])];
        let runtime = completed(&known, &told);
        assert_eq!((runtime.sidecar.as_str(), runtime.store.as_str()), ("daprd 1.18.2", "state.redis"));
        told.runtime_version = "1.18.3+sidecar.0.1.0".to_owned();
        assert_eq!(completed(&known, &told).sidecar, "sidecar 0.1.0");
    }

    #[tokio::test]
    async fn pages_wait_together_for_a_sidecar_that_does_not_answer() {
        // Takes connections, and says nothing on them.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dapr = Dapr::new(&format!("http://{}", silent.local_addr().unwrap()), None).unwrap();
        let known = Runtime {
            sidecar: Runtime::UNKNOWN_SIDECAR.to_owned(),
            store: "Redis".to_owned(),
            sidecar_http: None,
            origin: String::new(),
        };
        let runtime = RuntimeInfo::new(dapr, known.clone());
        let began = Instant::now();
        let pages = futures::future::join_all((0..20).map(|_| runtime.get())).await;
        assert!(pages.iter().all(|page| *page == known));
        assert!(began.elapsed() < 3 * ASK_LIMIT, "one after the other they would take {:?}", 20 * ASK_LIMIT);
        // Who comes while the same asking goes on does not wait for it once more.
        let later = Instant::now();
        runtime.get().await;
        assert!(later.elapsed() < ASK_LIMIT);
    }
}
