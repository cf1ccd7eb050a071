//! The sidecar of an app: its ports first, then the app.

use std::{
    ffi::OsString,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    time::Duration,
};

use sidecar::{Config, Configuration, Sidecar, StartError, observation::Actor};
use tokio::time::{Instant, sleep};

use super::{app::App, components};
use crate::{config::Tokens, run::prepare_data};

/// How long one that is started anew waits for what the one before it lets go of, and how often it tries.
const LET_GO: Duration = Duration::from_secs(5);
const LET_GO_AGAIN: Duration = Duration::from_millis(10);

/// How often it tries after that.
const AGAIN: Duration = Duration::from_secs(1);

/// A sidecar, and what it was started with.
pub(crate) struct Hosting {
    /// None only while it is started anew.
    sidecar: Option<Sidecar>,
    config: Config,
    metrics_port: u16,
    /// What was said of the component files.
    pub(crate) mapped: Vec<String>,
    pub(crate) store_added: bool,
    pub(crate) own_components: bool,
}

/// What all apps of a run share.
pub(crate) struct Shared<'a> {
    /// The folder for state.
    pub(crate) data: &'a Path,
    /// Where their sidecars find each other; none for an app that is alone.
    pub(crate) neighbours: Option<&'a Path>,
    /// Component files as they are, with nothing mapped.
    pub(crate) real_stores: bool,
    pub(crate) tokens: &'a Tokens,
    /// Who watches the sidecars, and what stands in front of their stores and brokers.
    pub(crate) ports: sidecar::Ports,
}

impl Hosting {
    /// Opens the ports; the app is waited for from now on.
    ///
    /// # Errors
    /// A taken port, wrong files, a store that cannot be used: in one line, with what to do.
    pub(crate) async fn start(app: &App, shared: &Shared<'_>) -> anyhow::Result<Self> {
        let files: Vec<_> = app.configurations.iter().map(|file| app.folder.join(file)).collect();
        let configuration = Configuration::from_files(&files)?;
        configuration.announce();
        let data = shared.data.join(folder_name(&app.id));
        prepare_data(&data)?;
        let components = components::read(&app.resources, &app.folder, &data, shared.real_stores)?;
        let metrics_port = match app.metrics_port {
            Some(port) => port,
            None => free_port()?,
        };
        let asks = |what: &str| !app.not_asked.iter().any(|not| not == what);
        let given = app.http_port.is_some() || app.grpc_port.is_some();
        let at = |port: Option<u16>, usual| SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(usual)));
        let mut config = Config::new(&app.id, app.addr(), components.resources);
        config.ports = shared.ports.clone();
        config.http_addr = at(app.http_port, 3500);
        config.grpc_addr = at(app.grpc_port, 50001);
        config.free_port_if_taken = !given;
        config.dapr_api_token = shared.tokens.dapr_api_token.clone();
        config.app_api_token = shared.tokens.app_api_token.clone();
        // A learner's own files name others from where the app is; the built-in ones name the store's.
        config.base_dir = if components.folders.is_empty() { data } else { app.folder.clone() };
        config.watched = components.folders.clone();
        config.app_health = app.health.clone();
        config.app_max_concurrency = app.max_concurrency;
        config.ask_config = asks("config");
        config.ask_subscriptions = asks("subscribe");
        config.neighbours = shared.neighbours.map(Path::to_path_buf);
        config.actor_state_ttl = configuration.actor_state_ttl;
        config.secret_scopes = configuration.secret_scopes;
        config.record_error_codes = configuration.record_error_codes;
        config.metrics_addr = configuration.metrics.then(|| at(Some(metrics_port), 0));
        let sidecar = Sidecar::start(config.clone()).await.map_err(|error| match error {
            StartError::StoreBusy { .. } => anyhow::Error::from(error)
                .context("the state store of this app is in use: end the other faultlab, or choose another folder with --data DIR"),
            other => other.into(),
        })?;
        // Started anew it has the same ports, which its app knows.
        config.http_addr = sidecar.http_addr();
        config.grpc_addr = sidecar.grpc_addr();
        config.free_port_if_taken = false;
        Ok(Self {
            sidecar: Some(sidecar),
            config,
            metrics_port,
            mapped: components.mapped,
            store_added: components.store_added,
            own_components: !components.folders.is_empty(),
        })
    }

    /// Where the HTTP API is.
    pub(crate) fn http(&self) -> SocketAddr {
        self.config.http_addr
    }

    /// Where the gRPC API is.
    pub(crate) fn grpc(&self) -> SocketAddr {
        self.config.grpc_addr
    }

    /// The file with the actors' state; none where it is no file.
    pub(crate) fn store(&self) -> Option<PathBuf> {
        self.sidecar.as_ref()?.store_path()
    }

    /// Puts an actor out of memory once it has no turn; whether it was there.
    pub(crate) async fn deactivate(&self, actor: &Actor) -> bool {
        match &self.sidecar {
            Some(sidecar) => sidecar.deactivate(actor).await,
            None => false,
        }
    }

    /// Returns when the app has told what it hosts.
    pub(crate) async fn ready(&self) {
        if let Some(sidecar) = &self.sidecar {
            sidecar.ready().await;
        }
    }

    /// The sidecar anew, at the same ports: it asks the app what it hosts, and knows of no actor in memory. What is stored
    /// stays, reminders among it, and what was published is delivered before; timers belong to actors in memory, and go with
    /// them.
    ///
    /// Returns when it is there, however long that takes; `say` is told what keeps it, once.
    pub(super) async fn renew(&mut self, say: impl FnOnce(&StartError)) {
        if let Some(sidecar) = &self.sidecar {
            sidecar.drain().await;
        }
        // At once: the process whose actors could be deactivated is gone.
        self.sidecar = None;
        let began = Instant::now();
        let mut say = Some(say);
        loop {
            let error = match Sidecar::start(self.config.clone()).await {
                Ok(sidecar) => {
                    self.sidecar = Some(sidecar);
                    return;
                }
                Err(error) => error,
            };
            // What is dropped has ports and store until its tasks have ended.
            let is_let_go = matches!(error, StartError::PortTaken { .. } | StartError::StoreBusy { .. });
            if is_let_go && began.elapsed() < LET_GO {
                sleep(LET_GO_AGAIN).await;
                continue;
            }
            if let Some(say) = say.take() {
                say(&error);
            }
            sleep(AGAIN).await;
        }
    }

    /// Ends it in order: its actors are deactivated in the app.
    pub(crate) async fn shutdown(mut self) {
        if let Some(sidecar) = self.sidecar.take() {
            sidecar.shutdown().await;
        }
    }

    /// What the app finds in its environment, as under `dapr run`. What its user has set is not in it.
    pub(crate) fn environment(&self, app: &App) -> Vec<(OsString, OsString)> {
        let port = |port: u16| port.to_string();
        let usual = [
            ("APP_ID", app.id.clone()),
            ("APP_PORT", port(app.port)),
            ("APP_CHANNEL_ADDRESS", app.address.to_string()),
            ("APP_PROTOCOL", "http".to_owned()),
            ("DAPR_HTTP_PORT", port(self.http().port())),
            ("DAPR_GRPC_PORT", port(self.grpc().port())),
            ("DAPR_METRICS_PORT", port(self.metrics_port)),
            ("PYTHONUNBUFFERED", "1".to_owned()),
        ];
        let own = app.environment.iter().map(|(name, value)| (name.into(), value.into()));
        // The ports are this run's: another's in the user's environment would lead the program astray.
        let is_ours = |name: &str| name.ends_with("_PORT");
        let is_set =
            |name: &str| std::env::var_os(name).is_some() || app.environment.iter().any(|(own, _)| own == name);
        let usual = usual.into_iter().filter(|(name, _)| is_ours(name) || !is_set(name));
        own.chain(usual.map(|(name, value)| (name.into(), value.into()))).collect()
    }
}

/// An app id as the name of a folder.
fn folder_name(id: &str) -> String {
    id.chars().map(|char| if char.is_alphanumeric() || "-_.".contains(char) { char } else { '_' }).collect()
}

/// A port that is free now.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use tokio::{sync::oneshot, time};

    use super::*;

    #[tokio::test]
    async fn one_that_cannot_be_started_anew_says_so_once_and_is_there_when_it_can() {
        let folder = tempfile::TempDir::new().unwrap();
        let port = || Some(free_port().unwrap());
        let app = App { http_port: port(), grpc_port: port(), ..App::at(free_port().unwrap(), folder.path().into()) };
        let shared = Shared {
            data: &folder.path().join("data"),
            neighbours: None,
            real_stores: false,
            tokens: &Tokens::default(),
            ports: sidecar::Ports::default(),
        };
        let mut hosting = Hosting::start(&app, &shared).await.unwrap();
        let http = hosting.http();
        hosting.sidecar = None;
        let taken = loop {
            match TcpListener::bind(http) {
                Ok(taken) => break taken,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        time::pause();
        let (said, heard) = oneshot::channel();
        let let_go = async {
            let why: String = heard.await.unwrap();
            assert!(why.contains(&http.port().to_string()), "{why}");
            time::resume();
            drop(taken);
        };
        let renewed = hosting.renew(|error| said.send(error.to_string()).unwrap());
        tokio::join!(renewed, let_go);
        assert_eq!(hosting.sidecar.as_ref().map(Sidecar::http_addr), Some(http));
        hosting.shutdown().await;
    }
}
