//! daprd's flags (1.18.2, `cmd/daprd/options`), in every form that Go's pflag and the Dapr CLI write them.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use sidecar::{AppHealthCheck, AppProtocol};

/// An embedded Dapr sidecar: actors, actor state (SQLite, memory), pub/sub in memory.
///
/// Takes daprd's flags. DAPR_API_TOKEN, APP_API_TOKEN, NAMESPACE and POD_NAME are read from the environment.
#[derive(Debug, Parser)]
#[command(name = "sidecar", version = sidecar::VERSION, args_override_self = true, allow_negative_numbers = true)]
pub(crate) struct Flags {
    /// The Dapr app id; it is part of every state key.
    #[arg(long)]
    pub(crate) app_id: String,
    /// The port that the app listens on; 0 or none: no app.
    #[arg(long, default_value = "0", value_parser = parse_port)]
    pub(crate) app_port: u16,
    /// The address or host name that the app listens on.
    #[arg(long, default_value = "127.0.0.1", value_parser = parse_host)]
    pub(crate) app_channel_address: IpAddr,
    /// The app's protocol: http; or grpc for an app that hosts actors over a stream of its own, and no more.
    #[arg(long, default_value = "http", value_parser = parse_protocol)]
    pub(crate) app_protocol: AppProtocol,
    /// How many calls of the app there may be at once; 0 or less: no limit.
    #[arg(long, default_value_t = -1)]
    pub(crate) app_max_concurrency: i64,
    /// The port of the HTTP API; 0 is any free one.
    #[arg(long, default_value_t = 3500)]
    pub(crate) dapr_http_port: u16,
    /// The port of the gRPC API; 0 is any free one.
    #[arg(long, default_value_t = 50001)]
    pub(crate) dapr_grpc_port: u16,
    /// The addresses that both APIs listen on, with commas between them. (daprd without it: all of this machine's.)
    #[arg(long, default_value = "127.0.0.1", value_delimiter = ',', value_parser = parse_host)]
    pub(crate) dapr_listen_addresses: Vec<IpAddr>,
    /// A folder of component and subscription files. Give it once for each, or with commas between them.
    #[arg(long, visible_alias = "components-path", value_delimiter = ',', action = clap::ArgAction::Append)]
    pub(crate) resources_path: Vec<PathBuf>,
    /// A Configuration file. Give it once for each, or with commas between them.
    #[arg(long, value_delimiter = ',', action = clap::ArgAction::Append)]
    pub(crate) config: Vec<PathBuf>,
    /// What of the app is not asked for at the start: config, subscribe.
    #[arg(long, value_delimiter = ',', value_parser = ["config", "subscribe"])]
    pub(crate) disable_init_endpoints: Vec<String>,
    /// The web pages that may call the HTTP API, with commas between them, or *; none unless it is named.
    #[arg(long, value_name = "ORIGINS", value_delimiter = ',')]
    pub(crate) allowed_origins: Vec<String>,
    /// The largest request: bytes, or with a unit (4Mi, 500k); 0 or less: no limit.
    #[arg(long, value_parser = parse_size)]
    max_body_size: Option<usize>,
    /// The same in MB, as it was once said.
    #[arg(long, value_parser = parse_megabytes)]
    dapr_http_max_request_size: Option<usize>,
    /// How long an end in order may take at most, in seconds; as long as the app's drainOngoingCallTimeout unless it is given.
    #[arg(long, value_name = "SECONDS")]
    dapr_graceful_shutdown_seconds: Option<i64>,
    /// The port of the metrics (GET /metrics); 0 is any free one. (daprd without it: 9090; here there are none then.)
    #[arg(long)]
    metrics_port: Option<u16>,
    /// The address that the metrics listen on. (daprd without it: all of this machine's.)
    #[arg(long, default_value = "127.0.0.1", value_parser = parse_host)]
    metrics_listen_address: IpAddr,
    /// Whether there are metrics.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true")]
    enable_metrics: bool,
    /// Sidecars of one user that are given the same address find each other. Nobody asks there: no placement service is
    /// needed.
    #[arg(long, value_name = "ADDRESS")]
    placement_host_address: Option<String>,
    /// Whether the app is asked for its health: its actors and deliveries go and come with it.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    enable_app_health_check: bool,
    /// Where it is asked.
    #[arg(long, value_name = "PATH", default_value = "/healthz")]
    app_health_check_path: String,
    /// How often it is asked, in seconds; 0 or less: 5.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    app_health_probe_interval: i64,
    /// How long it may take to answer, in milliseconds; 0 or less: 500.
    #[arg(long, value_name = "MS", default_value_t = 500)]
    app_health_probe_timeout: i64,
    /// After how many failures in a row it counts as unwell; 0 or less: 3.
    #[arg(long, value_name = "N", default_value_t = 3)]
    app_health_threshold: i64,
    /// debug, info, warn, error or fatal.
    #[arg(long, default_value = "info", ignore_case = true, value_parser = ["debug", "info", "warn", "error", "fatal"])]
    log_level: String,
    #[command(flatten)]
    ignored: Ignored,
}

/// daprd's flags for parts that this program does not have.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Accepted and ignored")]
struct Ignored {
    /// Reminders need no Scheduler, and there are no jobs or workflows.
    #[arg(long, value_name = "ADDRESS")]
    scheduler_host_address: Vec<String>,
    /// Reminders need no Scheduler, and there are no jobs or workflows.
    #[arg(long, value_name = "N")]
    scheduler_job_streams: Option<String>,
    /// Reminders need no Scheduler, and there are no jobs or workflows.
    #[arg(long, value_name = "TYPE:ADDRESS", hide = true)]
    reminders_service: Option<String>,
    /// No placement service is needed.
    #[arg(long, value_name = "TYPE:ADDRESS", hide = true)]
    actors_service: Option<String>,
    /// No placement service is needed.
    #[arg(long, value_name = "DURATION")]
    actors_disseminate_timeout: Option<String>,
    /// Files are read at the start.
    #[arg(long, value_name = "DURATION")]
    hot_reload_reconcile_interval: Option<String>,
    /// There is only the standalone mode.
    #[arg(long, value_name = "MODE")]
    mode: Option<String>,
    /// There is no sidecar-to-sidecar port.
    #[arg(long, value_name = "PORT")]
    dapr_internal_grpc_port: Option<String>,
    /// There is no sidecar-to-sidecar port.
    #[arg(long, value_name = "ADDRESS")]
    dapr_internal_grpc_listen_address: Option<String>,
    /// There is no public port.
    #[arg(long, value_name = "PORT")]
    dapr_public_port: Option<String>,
    /// There is no public port.
    #[arg(long, value_name = "ADDRESS")]
    dapr_public_listen_address: Option<String>,
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
    /// Headers have hyper's limits.
    #[arg(long, visible_alias = "dapr-http-read-buffer-size", value_name = "SIZE")]
    read_buffer_size: Option<String>,
    /// The end begins when it is asked for.
    #[arg(long, value_name = "DURATION")]
    dapr_block_shutdown_duration: Option<String>,
    /// There is no mTLS.
    #[arg(long, num_args = 0..=1, require_equals = true, value_name = "BOOL")]
    enable_mtls: Option<Option<String>>,
    /// There is no mTLS.
    #[arg(long, value_name = "ADDRESS")]
    sentry_address: Option<String>,
    /// There is no mTLS.
    #[arg(long, value_name = "AUDIENCES")]
    sentry_request_jwt_audiences: Vec<String>,
    /// There is no control plane.
    #[arg(long, value_name = "ADDRESS")]
    control_plane_address: Option<String>,
    /// There is no control plane.
    #[arg(long, value_name = "DOMAIN")]
    control_plane_trust_domain: Option<String>,
    /// There is no control plane.
    #[arg(long, value_name = "NAMESPACE")]
    control_plane_namespace: Option<String>,
    /// There is no Kubernetes.
    #[arg(long, num_args = 0..=1, require_equals = true, value_name = "BOOL")]
    disable_builtin_k8s_secret_store: Option<Option<String>>,
    /// The app is called over plain HTTP.
    #[arg(long, num_args = 0..=1, require_equals = true, value_name = "BOOL")]
    app_ssl: Option<Option<String>>,
    /// APIs listen on TCP only.
    #[arg(long, value_name = "FOLDER")]
    unix_domain_socket: Option<String>,
}

impl Flags {
    /// Reads the command line; ends the program where it makes no sense, or asks for the version.
    pub(crate) fn read(args: &[String]) -> Self {
        match args {
            [_, only] if matches!(only.as_str(), "--version" | "--version=true") => {
                say(sidecar::VERSION);
                std::process::exit(0);
            }
            [_, only] if matches!(only.as_str(), "--build-info" | "--build-info=true") => {
                say(&format!("Version: {}\nSource: the embedded sidecar, which stands in for daprd", sidecar::VERSION));
                std::process::exit(0);
            }
            _ => Self::parse_from(args),
        }
    }

    /// Those of `args` that belong to parts which are not there. One that switches such a part off is not among them.
    pub(crate) fn ignored(args: &[String]) -> Vec<String> {
        let known: Vec<String> = <Ignored as clap::Args>::augment_args(clap::Command::new("flags"))
            .get_arguments()
            .flat_map(|arg| arg.get_long_and_visible_aliases().unwrap_or_default())
            .map(|long| format!("--{long}"))
            .collect();
        args.iter()
            .filter(|arg| !arg.ends_with("=false"))
            .filter_map(|arg| arg.split('=').next())
            .filter(|name| known.iter().any(|known| known == name))
            .map(str::to_owned)
            .collect()
    }

    /// The largest request in bytes: the newer of the two flags counts.
    pub(crate) fn max_body_bytes(&self) -> usize {
        self.max_body_size.or(self.dapr_http_max_request_size).unwrap_or(sidecar::DEFAULT_MAX_BODY_BYTES)
    }

    /// What sidecars were told of the same of belong together: the placement service, though nobody asks it.
    pub(crate) fn cluster(&self) -> &str {
        self.placement_host_address.as_deref().unwrap_or("none")
    }

    /// Where the metrics are.
    pub(crate) fn metrics_addr(&self) -> Option<SocketAddr> {
        let port = self.metrics_port.filter(|_| self.enable_metrics)?;
        Some(SocketAddr::new(self.metrics_listen_address, port))
    }

    /// How the app is asked for its health; `None` where it is not.
    ///
    /// # Errors
    /// It may take longer to answer than until it is asked again.
    pub(crate) fn app_health(&self) -> anyhow::Result<Option<AppHealthCheck>> {
        let (path, interval) = (self.app_health_check_path.clone(), self.app_health_probe_interval);
        let check = AppHealthCheck::of(path, interval, self.app_health_probe_timeout, self.app_health_threshold);
        let Some(check) = check else {
            anyhow::bail!("--app-health-probe-timeout must be smaller than --app-health-probe-interval");
        };
        Ok(self.enable_app_health_check.then_some(check))
    }

    /// How long an end in order may take.
    pub(crate) fn graceful_shutdown(&self) -> Option<Duration> {
        let seconds = self.dapr_graceful_shutdown_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        seconds.map(Duration::from_secs)
    }

    /// What is logged, for the filter of the log.
    pub(crate) fn log_filter(&self) -> String {
        match self.log_level.to_ascii_lowercase().as_str() {
            "fatal" => "off".into(),
            level => format!("warn,sidecar={level}"),
        }
    }
}

/// Prints to whoever is there to read it.
fn say(words: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{words}").and_then(|()| out.flush());
}

/// daprd takes its flags with one dash too (`-app-id`), as Go programs do.
pub(crate) fn two_dashes(arg: String) -> String {
    let one = arg.strip_prefix('-').filter(|rest| rest.len() > 1 && rest.starts_with(|c: char| c.is_ascii_lowercase()));
    match one {
        Some(rest) => format!("--{rest}"),
        None => arg,
    }
}

/// Reads an IP address, in brackets or not, or a host name.
fn parse_host(text: &str) -> Result<IpAddr, String> {
    if text == "localhost" {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    if let Ok(addr) = text.trim_matches(['[', ']']).parse() {
        return Ok(addr);
    }
    let mut found = (text, 0).to_socket_addrs().map_err(|error| format!("no address is known for it: {error}"))?;
    let first = found.next().as_ref().map(SocketAddr::ip);
    first.ok_or_else(|| "no address is known for it".into())
}

/// Reads a port; daprd's CLI writes 0 or less where there is no app.
fn parse_port(text: &str) -> Result<u16, String> {
    match text.parse::<i64>() {
        _ if text.is_empty() => Ok(0),
        Ok(..=0) => Ok(0),
        Ok(port) => u16::try_from(port).map_err(|_| "a port is 65535 at most".into()),
        Err(_) => Err("it is no port".into()),
    }
}

fn parse_protocol(text: &str) -> Result<AppProtocol, String> {
    match text.to_ascii_lowercase().as_str() {
        "" | "http" => Ok(AppProtocol::Http),
        "grpc" => Ok(AppProtocol::Grpc),
        "grpcs" | "https" | "h2c" => Err("this sidecar calls the app over plain HTTP only".into()),
        _ => Err("it is no protocol that Dapr knows".into()),
    }
}

fn parse_megabytes(text: &str) -> Result<usize, String> {
    match text.parse::<i64>() {
        Ok(..=0) => Ok(usize::MAX),
        Ok(number) => usize::try_from(number)
            .ok()
            .and_then(|number| number.checked_mul(1 << 20))
            .ok_or_else(|| "too large".into()),
        Err(_) => Err("it is a number of MB".into()),
    }
}

/// Reads a size as Kubernetes writes it.
fn parse_size(text: &str) -> Result<usize, String> {
    if text.starts_with('-') || text == "0" {
        return Ok(usize::MAX);
    }
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit {
        "" => 1,
        "k" => 1000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        _ => return Err(format!("the unit {unit:?} is none of k, Ki, M, Mi, G, Gi")),
    };
    let whole = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    let size = whole.or_else(|| {
        let bytes = number.parse::<f64>().ok()? * factor as f64;
        (bytes.fract() == 0.0 && bytes < 1e15).then_some(bytes as u64)
    });
    size.and_then(|size| usize::try_from(size).ok()).ok_or_else(|| "it is no size in bytes".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &str) -> Flags {
        let args: Vec<String> =
            format!("sidecar --app-id a {args}").split_whitespace().map(|arg| two_dashes(arg.into())).collect();
        Flags::try_parse_from(&args).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn the_health_of_the_app_is_asked_for_as_daprd_would() {
        let health = |args: &str| read(args).app_health();
        assert_eq!(health("--app-health-threshold 1").unwrap(), None, "unless it is said");
        let usual = AppHealthCheck::default();
        let none = "--enable-app-health-check --app-health-probe-interval 0 --app-health-probe-timeout -1 --app-health-threshold 0";
        assert_eq!(health(none).unwrap(), Some(usual), "what is nothing is Dapr's default");
        let own = "--enable-app-health-check --app-health-check-path /well --app-health-probe-interval 1 \
                   --app-health-probe-timeout 200 --app-health-threshold 7";
        let (interval, timeout) = (Duration::from_secs(1), Duration::from_millis(200));
        let own = health(own).unwrap();
        assert_eq!(own, Some(AppHealthCheck { path: "/well".into(), interval, timeout, threshold: 7 }));
        assert!(health("--app-health-probe-interval 1 --app-health-probe-timeout 2000").is_err());
    }

    #[test]
    fn what_the_dapr_cli_writes_is_read() {
        // `dapr run --app-id a -- …` with the CLI's defaults (pkg/standalone/run.go).
        let flags = read(
            "--app-channel-address localhost --app-port 0 --dapr-http-port 3501 --dapr-grpc-port 3502 --profile-port -1 \
             --metrics-port 41000 --dapr-internal-grpc-port 41001 --app-protocol http --log-level info \
             --app-max-concurrency -1 --placement-host-address localhost:50005 --max-body-size 4Mi --read-buffer-size 4Ki \
             --app-health-check-path /healthz --app-health-probe-interval 5 --app-health-probe-timeout 500 \
             --app-health-threshold 3 --scheduler-host-address localhost:50006 --enable-api-logging --log-as-json",
        );
        assert_eq!((flags.app_port, flags.dapr_http_port, flags.dapr_grpc_port), (0, 3501, 3502));
        assert_eq!(flags.app_channel_address, Ipv4Addr::LOCALHOST);
        assert_eq!((flags.max_body_bytes(), flags.app_max_concurrency), (4 << 20, -1));
    }

    #[test]
    fn lists_sizes_and_levels_have_daprds_forms() {
        let flags = read("--resources-path a --resources-path b,c --components-path d --config x --config=y,z");
        assert_eq!(flags.resources_path, ["a", "b", "c", "d"].map(PathBuf::from));
        assert_eq!(flags.config, ["x", "y", "z"].map(PathBuf::from));
        assert_eq!(read("--dapr-listen-addresses [::1],127.0.0.1").dapr_listen_addresses.len(), 2);
        for (args, bytes) in [
            ("--dapr-http-max-request-size 16", 16 << 20),
            ("--dapr-http-max-request-size -1", usize::MAX),
            ("--max-body-size 16", 16),
            ("--max-body-size 1.5Mi", 3 << 19),
            ("--max-body-size -1", usize::MAX),
            ("--dapr-http-max-request-size 16 --max-body-size 8Mi", 8 << 20),
            ("", 4 << 20),
        ] {
            assert_eq!(read(args).max_body_bytes(), bytes, "{args}");
        }
        assert_eq!(read("--log-level fatal").log_filter(), "off");
        assert_eq!(read("--app-port 1 --app-port 2").app_port, 2, "the last one counts");
    }

    #[test]
    fn there_are_metrics_where_their_port_is_said() {
        assert_eq!(read("").metrics_addr(), None);
        assert_eq!(read("--metrics-port 1 --enable-metrics=false").metrics_addr(), None);
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        for args in ["--metrics-port 1", "--metrics-port=1 --enable-metrics", "--metrics-port 1 --enable-metrics=true"]
        {
            assert_eq!(read(args).metrics_addr(), Some(addr), "{args}");
        }
    }

    #[test]
    fn a_part_that_is_switched_off_is_not_warned_of() {
        let given = ["sidecar", "--enable-profiling=false", "--enable-mtls", "--mode", "x", "--app-port=1"];
        assert_eq!(Flags::ignored(&given.map(str::to_owned)), ["--enable-mtls", "--mode"]);
    }
}
