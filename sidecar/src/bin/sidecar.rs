//! The `sidecar` program: stands in for `daprd` where one process on one machine is enough.
//!
//! It takes daprd's flags. Those of parts that it does not have are accepted with a warning, so
//! that a set-up made for daprd starts; a flag that daprd does not know is refused.

use std::io::IsTerminal as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use sidecar::{Config, Resources, Sidecar};
use tracing_subscriber::EnvFilter;

/// An embedded Dapr sidecar: actors, actor state (SQLite, memory), pub/sub in memory.
///
/// Takes daprd's flags. DAPR_API_TOKEN and APP_API_TOKEN are read from the environment.
#[derive(Debug, Parser)]
#[command(version)]
struct Flags {
    /// The Dapr app id; it is part of every state key.
    #[arg(long)]
    app_id: String,
    /// The port that the app listens on; 0 or none: no app.
    #[arg(long, default_value_t = 0)]
    app_port: u16,
    /// The address that the app listens on.
    #[arg(long, default_value = "127.0.0.1", value_parser = parse_ip)]
    app_channel_address: IpAddr,
    /// The app's protocol; only http is there.
    #[arg(long, default_value = "http", value_parser = ["http"])]
    app_protocol: String,
    /// The port of the HTTP API; 0 is any free one.
    #[arg(long, default_value_t = 3500)]
    dapr_http_port: u16,
    /// The port of the gRPC API; 0 is any free one.
    #[arg(long, default_value_t = 50001)]
    dapr_grpc_port: u16,
    /// The address that both APIs listen on; one only.
    #[arg(long, default_value = "127.0.0.1", value_parser = parse_ip)]
    dapr_listen_addresses: IpAddr,
    /// The folder of component and subscription files.
    #[arg(long, visible_alias = "components-path")]
    resources_path: Option<PathBuf>,
    /// The web pages that may call the HTTP API, with commas between them, or *; none unless it is named.
    #[arg(long, value_name = "ORIGINS", value_delimiter = ',')]
    allowed_origins: Vec<String>,
    /// The largest request: bytes, or with a unit (4Mi, 500k).
    #[arg(long, visible_alias = "dapr-http-max-request-size", default_value = "4Mi", value_parser = parse_size)]
    max_body_size: usize,
    /// debug, info, warn or error.
    #[arg(long, default_value = "info", value_parser = ["debug", "info", "warn", "error"])]
    log_level: String,
    #[command(flatten)]
    ignored: Ignored,
}

/// daprd's flags for parts that this program does not have.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Accepted and ignored")]
struct Ignored {
    /// A Configuration file: not read.
    #[arg(long, value_name = "FILE")]
    config: Vec<String>,
    /// No placement service is needed: what the app registers is hosted here.
    #[arg(long, value_name = "ADDRESS")]
    placement_host_address: Option<String>,
    /// There are no reminders, jobs or workflows.
    #[arg(long, value_name = "ADDRESS")]
    scheduler_host_address: Option<String>,
    /// There is only the standalone mode.
    #[arg(long, value_name = "MODE")]
    mode: Option<String>,
    /// There are no metrics.
    #[arg(long, value_name = "PORT")]
    metrics_port: Option<String>,
    /// There are no metrics.
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen_address: Option<String>,
    /// There are no metrics.
    #[arg(long, num_args = 0..=1, require_equals = true, value_name = "BOOL")]
    enable_metrics: Option<Option<String>>,
    /// There is no sidecar-to-sidecar port.
    #[arg(long, value_name = "PORT")]
    dapr_internal_grpc_port: Option<String>,
    /// There is no sidecar-to-sidecar port.
    #[arg(long, value_name = "ADDRESS")]
    dapr_internal_grpc_listen_address: Option<String>,
    /// There is no public port.
    #[arg(long, value_name = "PORT")]
    dapr_public_port: Option<String>,
    /// There is no profiler.
    #[arg(long, num_args = 0..=1, require_equals = true, value_name = "BOOL")]
    enable_profiling: Option<Option<String>>,
    /// There is no profiler.
    #[arg(long, value_name = "PORT")]
    profile_port: Option<String>,
    /// Logs are text.
    #[arg(long, num_args = 0..=1, require_equals = true, value_name = "BOOL")]
    log_as_json: Option<Option<String>>,
    /// API calls are not logged.
    #[arg(long, num_args = 0..=1, require_equals = true, value_name = "BOOL")]
    enable_api_logging: Option<Option<String>>,
    /// The app's health is not probed.
    #[arg(long, num_args = 0..=1, require_equals = true, value_name = "BOOL")]
    enable_app_health_check: Option<Option<String>>,
    /// The app's health is not probed.
    #[arg(long, value_name = "PATH")]
    app_health_check_path: Option<String>,
    /// The app's health is not probed.
    #[arg(long, value_name = "SECONDS")]
    app_health_probe_interval: Option<String>,
    /// The app's health is not probed.
    #[arg(long, value_name = "MS")]
    app_health_probe_timeout: Option<String>,
    /// The app's health is not probed.
    #[arg(long, value_name = "N")]
    app_health_threshold: Option<String>,
    /// Calls to different actors are not limited.
    #[arg(long, value_name = "N")]
    app_max_concurrency: Option<String>,
    /// Headers have hyper's limits.
    #[arg(long, visible_alias = "dapr-http-read-buffer-size", value_name = "SIZE")]
    read_buffer_size: Option<String>,
    /// There is one process, so nothing to block for.
    #[arg(long, value_name = "DURATION")]
    dapr_block_shutdown_duration: Option<String>,
    /// The app's drainOngoingCallTimeout is the limit.
    #[arg(long, value_name = "SECONDS")]
    dapr_graceful_shutdown_seconds: Option<String>,
    /// There is no mTLS.
    #[arg(long, num_args = 0..=1, require_equals = true, value_name = "BOOL")]
    enable_mtls: Option<Option<String>>,
    /// There is no mTLS.
    #[arg(long, value_name = "ADDRESS")]
    sentry_address: Option<String>,
    /// There is no control plane.
    #[arg(long, value_name = "ADDRESS")]
    control_plane_address: Option<String>,
    /// APIs listen on TCP only.
    #[arg(long, value_name = "FOLDER")]
    unix_domain_socket: Option<String>,
    /// Both endpoints are asked, as by default.
    #[arg(long, value_name = "NAMES")]
    disable_init_endpoints: Option<String>,
}

impl Ignored {
    /// Those of `args` that are flags of this kind.
    fn given(args: &[String]) -> Vec<String> {
        let known: Vec<String> = <Self as clap::Args>::augment_args(clap::Command::new("flags"))
            .get_arguments()
            .flat_map(|arg| arg.get_long_and_visible_aliases().unwrap_or_default())
            .map(|long| format!("--{long}"))
            .collect();
        args.iter()
            .filter_map(|arg| arg.split('=').next())
            .filter(|name| known.iter().any(|known| known == name))
            .map(str::to_owned)
            .collect()
    }
}

/// Reads an IP address, in brackets or not, or `localhost`.
fn parse_ip(text: &str) -> Result<IpAddr, String> {
    if text == "localhost" {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    text.trim_matches(['[', ']']).parse().map_err(|_| "it is not one IP address".into())
}

/// Reads a size as Kubernetes writes it.
fn parse_size(text: &str) -> Result<usize, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: usize = match unit {
        "" => 1,
        "k" => 1000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        _ => return Err(format!("the unit {unit:?} is none of k, Ki, M, Mi, G, Gi")),
    };
    number
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .filter(|size| *size > 0)
        .ok_or_else(|| "it is not a size above 0".into())
}

/// daprd takes its flags with one dash too (`-app-id`), as Go programs do.
fn two_dashes(arg: String) -> String {
    let one = arg.strip_prefix('-').filter(|rest| rest.len() > 1 && rest.starts_with(|c: char| c.is_ascii_lowercase()));
    match one {
        Some(rest) => format!("--{rest}"),
        None => arg,
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().map(two_dashes).collect();
    let flags = Flags::parse_from(&args);
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(format!("warn,sidecar={}", flags.log_level)))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    for flag in Ignored::given(&args) {
        tracing::warn!("{flag} belongs to a part of Dapr that this sidecar does not have: ignored");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(run(flags));
    // What is still at work, which is nothing after an orderly end, is not waited for.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags) -> anyhow::Result<()> {
    let resources = match &flags.resources_path {
        Some(folder) => Resources::from_dir(folder)?,
        None => {
            tracing::warn!("no --resources-path: there is no state store, so no actor is hosted");
            Resources::default()
        }
    };
    let app_addr = SocketAddr::new(flags.app_channel_address, flags.app_port);
    let config = Config {
        http_addr: SocketAddr::new(flags.dapr_listen_addresses, flags.dapr_http_port),
        grpc_addr: SocketAddr::new(flags.dapr_listen_addresses, flags.dapr_grpc_port),
        dapr_api_token: token("DAPR_API_TOKEN")?,
        app_api_token: token("APP_API_TOKEN")?,
        max_body_bytes: flags.max_body_size,
        allowed_origins: flags.allowed_origins,
        ..Config::new(flags.app_id, app_addr, resources)
    };
    // Heard from before anybody can reach it: a signal that came earlier would end it with nothing in order.
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let sidecar = Sidecar::start(config).await?;
    tokio::select! {
        () = signals.next() => {}
        () = sidecar.shutdown_requested() => {}
    }
    tokio::select! {
        () = sidecar.shutdown() => Ok(()),
        () = signals.next() => anyhow::bail!("asked to end a second time: what was under way is given up"),
    }
}

/// A token of the environment; one that is empty is none.
///
/// # Errors
/// One that no caller could show: without it everybody would be let in, or nobody.
fn token(name: &str) -> anyhow::Result<Option<String>> {
    let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    let text = value.into_string().ok().filter(|text| text.chars().all(|c| !c.is_control()));
    match text {
        Some(text) => Ok(Some(text)),
        None => anyhow::bail!("{name} is no UTF-8 text, or has control characters: no HTTP header can carry it"),
    }
}

/// SIGTERM and Ctrl-C, again and again.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Ctrl-C, again and again.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // It fails where nobody can press the keys: then nothing comes.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
