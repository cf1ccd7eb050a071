//! What is run: apps, each with a sidecar of its own.

use std::{
    ffi::OsString,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use sidecar::AppHealthCheck;

/// One app, and what its sidecar is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Its Dapr app id, a part of every state key.
    pub id: String,
    /// The port that it listens on.
    pub port: u16,
    /// The address that it listens on.
    pub address: IpAddr,
    /// Its program with the arguments; none for one that somebody else starts.
    pub command: Option<Vec<OsString>>,
    /// The folder that it runs in, from which other paths here start.
    pub folder: PathBuf,
    /// What its environment has beside the lab's own.
    pub environment: Vec<(String, String)>,
    /// The folders with its resource files.
    pub resources: Vec<PathBuf>,
    /// Its Configuration files.
    pub configurations: Vec<PathBuf>,
    /// The ports of its sidecar; Dapr's own where they are free, else free ones, unless they are said.
    pub http_port: Option<u16>,
    /// The same of gRPC.
    pub grpc_port: Option<u16>,
    /// The same of the metrics.
    pub metrics_port: Option<u16>,
    /// How it is asked for its health; none where it is not.
    pub health: Option<AppHealthCheck>,
    /// How many calls of the app there may be at once.
    pub max_concurrency: Option<usize>,
    /// What of the app is not asked for at the start: `config`, `subscribe`.
    pub not_asked: Vec<String>,
}

/// The lesson's app id.
pub const APP_ID: &str = model::actor_id::APP_ID;

/// The address that an app is said to listen on.
///
/// # Errors
/// It is none.
pub fn channel_address(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        other => other.trim_matches(['[', ']']).parse().map_err(|_| "it is no IP address".to_owned()),
    }
}

/// How many calls of an app there may be at once, of what is said for it; none where there is no limit.
#[must_use]
pub fn most_calls(said: i64) -> Option<usize> {
    usize::try_from(said).ok().filter(|calls| *calls > 0)
}

impl App {
    /// An app at a port, with everything else as it usually is.
    #[must_use]
    pub fn at(port: u16, folder: PathBuf) -> Self {
        Self {
            id: APP_ID.to_owned(),
            port,
            address: Ipv4Addr::LOCALHOST.into(),
            command: None,
            folder,
            environment: Vec::new(),
            resources: Vec::new(),
            configurations: Vec::new(),
            http_port: None,
            grpc_port: None,
            metrics_port: None,
            health: None,
            max_concurrency: None,
            not_asked: Vec::new(),
        }
    }

    /// Where its sidecar calls it.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }

    /// Its command as one would type it.
    pub(crate) fn words(&self) -> String {
        let words = self.command.iter().flatten().map(|word| word.to_string_lossy().into_owned());
        words.collect::<Vec<_>>().join(" ")
    }
}
