//! The embedded sidecar, in the test's own process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;
use sidecar::faults::{Fault, FaultRule, Faults};
use sidecar::{AppHealthCheck, Resources, Sidecar};
use tempfile::TempDir;

use super::Setup;
use super::daprd::{await_port, redis_server};
use super::process::{Process, Programs, free_port};
use crate::support::{self, PUBSUB};

/// The sidecar, and the folder that it keeps its file in.
pub struct Embedded {
    /// `None` between an end and the next start.
    sidecar: Option<Sidecar>,
    faults: Faults,
    /// The Redis that the documents refer to, and its port.
    redis: Option<(Process, u16)>,
    folder: TempDir,
}

impl Embedded {
    pub async fn start(app: SocketAddr, setup: &Setup) -> Self {
        let folder = TempDir::new().unwrap();
        let mut redis = None;
        if setup.redis {
            let port = free_port();
            redis = Some((redis_server(&Programs::find().unwrap(), port, &folder), port));
            await_port(port).await;
        }
        let mut embedded = Self { sidecar: None, faults: Faults::new(), redis, folder };
        embedded.go(app, setup).await;
        embedded
    }

    /// Starts on the same file.
    pub async fn go(&mut self, app: SocketAddr, setup: &Setup) {
        let mut documents = Vec::from_iter(setup.store_document("state.sqlite"));
        if setup.pubsub {
            documents.push(PUBSUB.to_owned());
        }
        let host = self.redis.as_ref().map(|_| self.redis_host()).unwrap_or_default();
        documents.extend(setup.documents.iter().map(|text| text.replace("{redis}", &host)));
        let resources = self.resources();
        std::fs::create_dir_all(&resources).unwrap();
        for (number, document) in documents.iter().enumerate() {
            std::fs::write(resources.join(format!("{number}.yaml")), document).unwrap();
        }
        let mut config = support::config(app, &[], self.folder.path());
        config.resources = Resources::from_dir(&resources).unwrap();
        config.watched = vec![resources];
        config.dapr_api_token = setup.dapr_api_token.map(str::to_owned);
        config.app_api_token = setup.app_api_token.map(str::to_owned);
        if let Some(bytes) = setup.max_body_bytes {
            config.max_body_bytes = bytes;
        }
        config.actor_state_ttl = setup.actor_state_ttl;
        config.app_health = setup.app_health.then(|| AppHealthCheck {
            interval: Duration::from_secs(1),
            threshold: 1,
            ..AppHealthCheck::default()
        });
        config.ports.faults = Some(self.faults.plan());
        self.sidecar = Some(Sidecar::start(config).await.unwrap());
    }

    pub fn redis_host(&self) -> String {
        format!("127.0.0.1:{}", self.redis.as_ref().unwrap().1)
    }

    pub fn resources(&self) -> PathBuf {
        self.folder.path().join("resources")
    }

    pub fn sidecar(&self) -> &Sidecar {
        self.sidecar.as_ref().unwrap()
    }

    pub async fn stop(&mut self) {
        self.sidecar.take().unwrap().shutdown().await;
    }

    pub fn break_store(&self) {
        for rule in [FaultRule::reads(), FaultRule::writes()] {
            self.faults.add(rule, Fault::fail("the store is gone"));
        }
    }

    pub fn mend_store(&self) {
        self.faults.clear();
    }

    pub fn stored_keys(&self) -> Vec<String> {
        let file = Connection::open(self.sidecar().store_path().unwrap()).unwrap();
        let mut rows = file.prepare("SELECT key FROM state").unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }
}
