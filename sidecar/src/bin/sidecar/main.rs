//! The `sidecar` program: stands in for `daprd` where one process on one machine is enough.
//!
//! It takes daprd's flags. Those of parts that it does not have are accepted with a warning, so
//! that a set-up made for daprd starts; a flag that daprd does not know is refused.

mod flags;
mod signals;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use logging::EnvFilter;
use mimalloc::MiMalloc;
use sidecar::{Config, Configuration, Resources, Sidecar};

use flags::{Flags, two_dashes};
use signals::Signals;

/// A call is many small pieces that one thread makes and another frees, for which glibc's allocator takes locks: with
/// this one 32 clients at once get a half more calls. Without huge pages (`no_thp`), which would hold memory.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let args = std::env::args_os().map(|arg| arg.into_string().map(two_dashes));
    let args: Vec<String> = match args.collect() {
        Ok(args) => args,
        Err(arg) => {
            // There is no log yet, and nobody else to be told where this cannot be said.
            let _ = writeln!(std::io::stderr(), "error: the argument {arg:?} is no UTF-8 text");
            return ExitCode::from(2);
        }
    };
    let flags = Flags::read(&args);
    // Dropped last: it writes what still waits.
    let _log = logging::start(EnvFilter::new(flags.log_filter()));
    for flag in Flags::ignored(&args) {
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
    if flags.resources_path.is_empty() {
        tracing::warn!("no --resources-path: there is no state store, so no actor is hosted");
    }
    let resources = Resources::from_dirs(&flags.resources_path)?;
    let configuration = Configuration::from_files(&flags.config)?;
    configuration.announce();
    let graceful = flags.graceful_shutdown();
    let config = config(flags, resources)?;
    let config = Config {
        actor_state_ttl: configuration.actor_state_ttl,
        secret_scopes: configuration.secret_scopes,
        metrics_addr: config.metrics_addr.filter(|_| configuration.metrics),
        record_error_codes: configuration.record_error_codes,
        ..config
    };
    // Heard from before anybody can reach it: a signal that came earlier would end it with nothing in order.
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let sidecar = Sidecar::start(config).await?;
    tokio::select! {
        () = signals.next() => {}
        () = sidecar.shutdown_requested() => {}
    }
    let too_long = async {
        match graceful {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = sidecar.shutdown() => Ok(()),
        () = signals.next() => anyhow::bail!("asked to end a second time: what was under way is given up"),
        () = too_long => anyhow::bail!("the end took longer than --dapr-graceful-shutdown-seconds: it is given up"),
    }
}

fn config(flags: Flags, resources: Resources) -> anyhow::Result<Config> {
    let (max_body_bytes, metrics_addr, app_health) =
        (flags.max_body_bytes(), flags.metrics_addr(), flags.app_health()?);
    let neighbours = neighbours(flags.cluster());
    let app_addr = SocketAddr::new(flags.app_channel_address, flags.app_port);
    let mut addresses = flags.dapr_listen_addresses.into_iter();
    let first = addresses.next().context("--dapr-listen-addresses names no address")?;
    let asks = |endpoint: &str| !flags.disable_init_endpoints.iter().any(|disabled| disabled == endpoint);
    Ok(Config {
        http_addr: SocketAddr::new(first, flags.dapr_http_port),
        grpc_addr: SocketAddr::new(first, flags.dapr_grpc_port),
        more_addresses: addresses.collect(),
        dapr_api_token: token("DAPR_API_TOKEN")?,
        app_api_token: token("APP_API_TOKEN")?,
        max_body_bytes,
        watched: flags.resources_path,
        neighbours: Some(neighbours),
        metrics_addr,
        app_health,
        app_protocol: flags.app_protocol,
        app_max_concurrency: usize::try_from(flags.app_max_concurrency).ok().filter(|calls| *calls > 0),
        ask_config: asks("config"),
        ask_subscriptions: asks("subscribe"),
        allowed_origins: flags.allowed_origins,
        namespace: variable("NAMESPACE")?,
        pod_name: variable("POD_NAME")?,
        ..Config::new(flags.app_id, app_addr, resources)
    })
}

/// The folder in which the sidecars of this user find each other.
fn neighbours(cluster: &str) -> PathBuf {
    let plain =
        |text: &str| -> String { text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect() };
    let folder = match std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty()) {
        Some(own) => PathBuf::from(own).join("dapr-sidecars"),
        None => {
            let user = ["USER", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
            std::env::temp_dir().join(format!("dapr-sidecars-{}", plain(&user.unwrap_or_default())))
        }
    };
    folder.join(plain(cluster))
}

/// A variable of the environment; one that is empty is none.
///
/// # Errors
/// One that is no text.
fn variable(name: &str) -> anyhow::Result<Option<String>> {
    let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    let text = value.into_string();
    text.map(Some).map_err(|_| anyhow::anyhow!("{name} in the environment is no UTF-8 text"))
}

/// A token of the environment.
///
/// # Errors
/// One that no caller could show: without it everybody would be let in, or nobody.
fn token(name: &str) -> anyhow::Result<Option<String>> {
    let token = variable(name)?;
    if token.as_ref().is_some_and(|token| token.chars().any(char::is_control)) {
        anyhow::bail!("{name} has control characters: no HTTP header can carry it");
    }
    Ok(token)
}
