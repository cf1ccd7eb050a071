//! The page over a program: the lab's public listener, in front of the program's sidecar.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::anyhow;
use model::lab::Runtime;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Settings, hosting::Hosting};
use crate::{
    application::{self, Application},
    http::site::Site,
    labs::Labs,
    serving::{Limits, Serving},
    store::StoreReader,
};

/// The first port that is tried, and how many.
const FIRST: u16 = 8080;
const TRIED: u16 = 100;

/// How long a stop waits for what is being answered.
const LAST: Duration = Duration::from_secs(1);

/// The page, while it is served.
pub(super) struct Page {
    pub(super) addr: SocketAddr,
    application: Application,
    serving: Serving,
}

impl Page {
    /// Serves it.
    ///
    /// # Errors
    /// The browser files are not there, or its address cannot be listened on.
    pub(super) async fn start(settings: &Settings, hosting: &Hosting) -> anyhow::Result<Self> {
        let site = Site::find(settings.site.as_deref())?;
        let listener = listen(settings).await?;
        let addr = listener.local_addr()?;
        let store = hosting.store().map(|file| StoreReader::sqlite(&file));
        let application = Application::new(application::Settings {
            dapr_endpoint: format!("http://{}", hosting.grpc()),
            dapr_api_token: settings.tokens.dapr_api_token.clone(),
            allow_hosts: settings.allow_hosts.clone(),
            runtime: Runtime {
                sidecar: "embedded sidecar".into(),
                store: store.as_ref().map_or("memory", StoreReader::product).into(),
                sidecar_http: Some(format!("http://{}", hosting.http())),
                origin: format!("http://{addr}"),
            },
            store,
            labs: Labs::new(),
            ..application::Settings::default()
        })?;
        let stop = CancellationToken::new();
        let router = application.public(&site, stop.clone());
        Ok(Self { addr, application, serving: Serving::start(listener, router, Limits::public(), stop) })
    }

    /// Serves it no longer.
    pub(super) async fn stop(self) {
        self.application.end_waits();
        self.serving.stop(LAST).await;
    }
}

/// Listens where it is said, else at the first free port that is no app's.
async fn listen(settings: &Settings) -> anyhow::Result<TcpListener> {
    if let Some(addr) = settings.addr {
        return TcpListener::bind(addr).await.map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => {
                anyhow!("Port {} is taken: choose another for the page with --addr HOST:PORT", addr.port())
            }
            _ => anyhow!("Cannot listen on {addr} ({error}): choose another address with --addr HOST:PORT"),
        });
    }
    let is_an_apps = |port: &u16| settings.apps.iter().any(|app| app.port == *port);
    for port in (FIRST..FIRST + TRIED).filter(|port| !is_an_apps(port)) {
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            return Ok(listener);
        }
    }
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?)
}
