//! What the lab runs on. A sidecar of another process is asked, as soon as it answers.

use std::time::Duration;

use dapr::dapr::proto::runtime::v1::GetMetadataResponse;
use model::lab::Runtime;
use tokio::{sync::OnceCell, time::timeout};

use crate::dapr::Dapr;

/// How long a page waits for the sidecar to tell of itself. It is shown without that too.
const ASK_LIMIT: Duration = Duration::from_millis(500);

/// What the lab runs on, as far as it is known.
pub struct RuntimeInfo {
    dapr: Dapr,
    /// What is known without asking.
    known: Runtime,
    told: OnceCell<Runtime>,
}

impl RuntimeInfo {
    /// `known` is what the process itself knows.
    #[must_use]
    pub fn new(dapr: Dapr, known: Runtime) -> Self {
        Self { dapr, known, told: OnceCell::new() }
    }

    /// What the lab runs on. Asks the sidecar until it has answered once; a sidecar of this process need not be asked.
    pub async fn get(&self) -> Runtime {
        if self.known.sidecar != Runtime::UNKNOWN_SIDECAR {
            return self.known.clone();
        }
        let ask = async {
            // A task of its own goes on when it has taken too long: dropped while the connection is being opened, it
            // would leave the outcome of that to the next call.
            let dapr = self.dapr.clone();
            let asking = tokio::spawn(async move { dapr.metadata().await });
            let asked = timeout(ASK_LIMIT, asking).await.map_err(drop)?.map_err(drop)?;
            asked.map(|told| completed(&self.known, &told)).map_err(drop)
        };
        self.told.get_or_try_init(|| ask).await.unwrap_or(&self.known).clone()
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
}
