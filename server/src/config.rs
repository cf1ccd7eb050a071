//! What the process is told at its start: flags, each also an environment variable.

use std::{env, net::SocketAddr, path::PathBuf};

use axum::http::HeaderValue;
use clap::{Args, CommandFactory, Parser, builder::ValueParser, error::ErrorKind};

use crate::version;

/// Faultlab: a playground for the fault tolerance of a Dapr virtual actor.
///
/// Starts the lab with an embedded Dapr sidecar and a SQLite state store; nothing else has to be installed. If
/// `DAPR_GRPC_PORT` or `DAPR_GRPC_ENDPOINT` is set, as `dapr run` and the Kubernetes injector do, the sidecar that
/// they name is used instead.
#[derive(Clone, Debug, Parser)]
#[command(name = "faultlab", version = version::full(), about, long_about)]
pub struct Config {
    /// Where people reach the lab. Port 0 takes any free port; the log says which.
    #[arg(long, env = "FAULTLAB_ADDR", value_name = "HOST:PORT", default_value = "127.0.0.1:8000")]
    pub addr: SocketAddr,

    /// Where the sidecar reaches the actor. Whoever reaches it bypasses the turn lock: keep it on loopback.
    #[arg(long, env = "FAULTLAB_APP_ADDR", value_name = "HOST:PORT", default_value = "127.0.0.1:8001")]
    pub app_addr: SocketAddr,

    /// The folder for the state store's file; made when missing.
    #[arg(long, env = "FAULTLAB_DATA", value_name = "DIR", default_value = "./data")]
    pub data: PathBuf,

    /// The folder with the built browser files [default: those inside the program; in development ./target/site, else
    /// ../site beside the program].
    #[arg(long, env = "FAULTLAB_SITE", value_name = "DIR")]
    pub site: Option<PathBuf>,

    /// Where the state store itself is read, past Dapr: sqlite:PATH or redis://HOST:PORT [default: the embedded
    /// sidecar's file].
    #[arg(long, env = "FAULTLAB_STORE", value_name = "URL")]
    pub store: Option<String>,

    /// Where the wire layer listens, in front of the Redis that --store names: a proxy for the sidecar's state store,
    /// whose redisHost is this address. It can refuse, stall, delay and cut connections on purpose. Port 0 takes any
    /// free port; the log says which.
    #[arg(long, env = "FAULTLAB_WIRE", value_name = "HOST:PORT")]
    pub wire: Option<SocketAddr>,

    /// The folder with the embedded sidecar's Dapr component files [default: ./components/local if it is there, else
    /// the copy that is built in].
    #[arg(long, env = "FAULTLAB_COMPONENTS", value_name = "DIR")]
    pub components: Option<PathBuf>,

    /// How many seconds an actor stays in memory after the start of its last turn, 1 to 3600. A daprd reads it once,
    /// counts it without regard to a turn that runs, and cancels one that lasts longer: on real Dapr choose more than
    /// the longest turn, which is 45.
    #[arg(
        long, env = "FAULTLAB_ACTOR_IDLE", value_name = "SECONDS", default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    pub actor_idle: u64,

    /// A host name, beside localhost and plain addresses, under which people may open the lab, or by which a sidecar
    /// reaches the actor (daprd's --app-channel-address). Give it once for each name; in the environment separate them by commas.
    #[arg(long = "allow-host", env = "FAULTLAB_ALLOW_HOST", value_name = "NAME", value_delimiter = ',')]
    pub allow_hosts: Vec<String>,

    /// The tokens and the sidecar that the environment names.
    #[command(flatten)]
    pub dapr: DaprEnvironment,
}

/// What `dapr run` and the Kubernetes injector put into the environment. Not meant to be typed as flags.
///
/// Source: Dapr's environment variable reference.
#[derive(Clone, Debug, Default, Parser)]
pub struct DaprEnvironment {
    /// The sidecar's gRPC port on this machine.
    #[arg(long, env = "DAPR_GRPC_PORT", hide = true)]
    pub dapr_grpc_port: Option<u16>,

    /// The sidecar's gRPC endpoint; wins over the port.
    #[arg(long, env = "DAPR_GRPC_ENDPOINT", hide = true)]
    pub dapr_grpc_endpoint: Option<String>,

    /// The sidecar's HTTP port on this machine, for the `curl` lines that the page shows.
    #[arg(long, env = "DAPR_HTTP_PORT", hide = true)]
    pub dapr_http_port: Option<u16>,

    /// Dapr's tokens.
    #[command(flatten)]
    pub tokens: Tokens,
}

/// Dapr's tokens, as the environment has them. A program that the lab starts has them from there too.
#[derive(Clone, Debug, Default, Args)]
pub struct Tokens {
    /// What the sidecar asks of its callers.
    #[arg(long, env = "DAPR_API_TOKEN", hide = true, hide_env_values = true)]
    pub dapr_api_token: Option<String>,

    /// What the app asks of the sidecar.
    #[arg(long, env = "APP_API_TOKEN", hide = true, hide_env_values = true)]
    pub app_api_token: Option<String>,
}

impl Tokens {
    /// The tokens, if they can be used.
    ///
    /// # Errors
    /// A token that nobody could show, in words that name it.
    pub(crate) fn checked(self) -> Result<Self, String> {
        for (name, token) in [("DAPR_API_TOKEN", &self.dapr_api_token), ("APP_API_TOKEN", &self.app_api_token)] {
            // Everybody would be refused.
            if token.as_ref().is_some_and(|token| HeaderValue::from_bytes(token.as_bytes()).is_err()) {
                return Err(format!("{name} holds characters that no HTTP header can carry: set another"));
            }
        }
        Ok(self)
    }
}

impl Config {
    /// Whether the environment can be read at all.
    ///
    /// # Errors
    /// A variable that is no text, in words that name it.
    pub fn check_environment() -> Result<(), clap::Error> {
        let command = Self::command();
        let paths = ValueParser::path_buf().type_id();
        for arg in command.get_arguments().filter(|arg| arg.get_value_parser().type_id() != paths) {
            // clap would not say which it is.
            if let Some(name) = arg.get_env()
                && env::var_os(name).is_some_and(|value| value.to_str().is_none())
            {
                return Err(refused(format!("{} in the environment is no UTF-8 text", name.to_string_lossy())));
            }
        }
        Ok(())
    }

    /// What the process was started with, if it can be used.
    ///
    /// # Errors
    /// A token that nobody could show, in words that name it.
    pub fn checked(mut self) -> Result<Self, clap::Error> {
        self.dapr.tokens = self.dapr.tokens.checked().map_err(refused)?;
        Ok(self)
    }
}

fn refused(words: String) -> clap::Error {
    Config::command().error(ErrorKind::InvalidValue, words)
}

impl DaprEnvironment {
    /// The endpoint of a sidecar that is already there, if the environment names one.
    #[must_use]
    pub fn endpoint(&self) -> Option<String> {
        let port = || self.dapr_grpc_port.map(|port| format!("http://127.0.0.1:{port}"));
        let given = self.dapr_grpc_endpoint.clone().filter(|endpoint| !endpoint.is_empty()).map(|endpoint| {
            // Dapr allows an endpoint without a scheme; it then speaks plain HTTP/2.
            if endpoint.contains("://") { endpoint } else { format!("http://{endpoint}") }
        });
        given.or_else(port)
    }
}
