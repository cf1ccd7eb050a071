//! The flags of `faultlab run` and `faultlab sidecar`: those of `dapr run`, and the lab's own.

use std::{
    env,
    ffi::OsString,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use clap::Args;
use sha2::{Digest, Sha256};

use super::{
    checked_app_id, current_folder,
    health::HealthArguments,
    ignored::{self, Ignored},
    this_program,
};
use crate::{
    config::Tokens,
    own::{APP_ID, App, Settings, channel_address, most_calls, read_apps_file},
};

#[derive(Clone, Debug, Args)]
pub(super) struct RunArguments {
    /// The app's id, a part of every state key.
    #[arg(short = 'a', long, default_value = APP_ID)]
    app_id: String,
    /// The port that the program listens on.
    #[arg(short = 'p', long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    app_port: Option<u16>,
    /// What the program speaks; only http is there.
    #[arg(short = 'P', long, default_value = "http")]
    app_protocol: String,
    /// The address that the program listens on.
    #[arg(long, default_value = "127.0.0.1", value_parser = channel_address)]
    app_channel_address: IpAddr,
    /// How many calls of the program there may be at once; 0 or less: no limit.
    #[arg(long, value_name = "N", default_value_t = -1, allow_negative_numbers = true)]
    app_max_concurrency: i64,
    /// The port of the sidecar's HTTP API [default: 3500, or a free one].
    #[arg(short = 'H', long, value_name = "PORT")]
    dapr_http_port: Option<u16>,
    /// The port of the sidecar's gRPC API [default: 50001, or a free one].
    #[arg(short = 'G', long, value_name = "PORT")]
    dapr_grpc_port: Option<u16>,
    /// The port of the sidecar's metrics [default: a free one].
    #[arg(short = 'M', long, value_name = "PORT")]
    metrics_port: Option<u16>,
    /// A folder of component and subscription files; give it once for each [default: ./components, else what is built in].
    #[arg(short = 'd', long, visible_alias = "components-path", value_name = "DIR", value_delimiter = ',')]
    resources_path: Vec<PathBuf>,
    /// A Configuration file; give it once for each.
    #[arg(short = 'c', long, value_name = "FILE", value_delimiter = ',')]
    config: Vec<PathBuf>,
    /// What of the program is not asked for at the start: config, subscribe.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = ["config", "subscribe"])]
    disable_init_endpoints: Vec<String>,
    /// The apps of a dapr.yaml, each with a sidecar of its own, in place of a command.
    #[arg(short = 'f', long, value_name = "FILE")]
    run_file: Option<PathBuf>,
    /// What is logged of the sidecar and the lab: debug, info, warn, error, fatal or panic.
    #[arg(long, default_value = "warn", ignore_case = true, value_parser = ["debug", "info", "warn", "warning", "error", "fatal", "panic"])]
    log_level: String,
    #[command(flatten)]
    health: HealthArguments,
    #[command(flatten)]
    lab: LabArguments,
    #[command(flatten)]
    ignored: Ignored,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The lab's own")]
struct LabArguments {
    /// Use the stores and brokers of your component files as they are; else those are mapped to what is built in.
    #[arg(long)]
    real_stores: bool,
    /// Where people reach the page [default: port 8080 on loopback, or the next free one].
    #[arg(long, env = "FAULTLAB_ADDR", value_name = "HOST:PORT")]
    addr: Option<SocketAddr>,
    /// The folder for state, with one in it for each app [default: one of this folder's in ~/.local/state/faultlab].
    #[arg(long, env = "FAULTLAB_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// The folder with the built browser files [default: those inside the program; in development ./target/site, else
    /// ../site beside the program].
    #[arg(long, env = "FAULTLAB_SITE", value_name = "DIR")]
    site: Option<PathBuf>,
    /// A host name, beside localhost and plain addresses, under which people may open the page.
    #[arg(long = "allow-host", env = "FAULTLAB_ALLOW_HOST", value_name = "NAME", value_delimiter = ',')]
    allow_hosts: Vec<String>,
    #[command(flatten)]
    tokens: Tokens,
}

impl RunArguments {
    /// What is run. `starts_it` says whether the lab starts the program; `arguments` is what these were read from.
    ///
    /// # Errors
    /// What makes no sense: one line that says what to do.
    pub(super) fn settings(self, starts_it: bool, arguments: &[OsString]) -> Result<Settings, String> {
        let folder = current_folder()?;
        // What is behind them is the program's.
        let own = arguments.len().saturating_sub(self.command.len());
        let mut notes = ignored::given(&arguments[..own]);
        let apps = match &self.run_file {
            Some(_) if !starts_it => return Err("-f starts programs: say it to faultlab run".to_owned()),
            Some(_) if !self.command.is_empty() => {
                return Err("-f names the programs in its file: leave the command away, or -f".to_owned());
            }
            Some(file) => {
                let (apps, unused) = read_apps_file(file).map_err(|error| format!("{error:#}"))?;
                notes.extend(unused);
                apps
            }
            None => vec![self.app(starts_it, folder.clone())?],
        };
        let LabArguments { real_stores, addr, data, site, allow_hosts, tokens } = self.lab;
        if let Some(addr) = addr.filter(|addr| addr.port() != 0 && apps.iter().any(|app| app.port == addr.port())) {
            return Err(format!("port {} is the program's: choose another for the page with --addr", addr.port()));
        }
        Ok(Settings {
            apps,
            addr,
            site,
            allow_hosts,
            data: data.unwrap_or_else(|| usual_data(&folder)),
            real_stores,
            tokens: tokens.checked()?,
            notes,
            log_filter: filter(&self.log_level),
            guard: this_program()?,
        })
    }

    fn app(&self, starts_it: bool, folder: PathBuf) -> Result<App, String> {
        let usual = "faultlab run -p 8000 -- uvicorn main:app --port 8000";
        let command = match (starts_it, self.command.is_empty()) {
            (true, true) => return Err(format!("say which program to run, as in: {usual}")),
            (false, false) => {
                return Err(
                    "faultlab sidecar starts no program: leave the command away, or say faultlab run".to_owned()
                );
            }
            // What clap does not know it takes for the program.
            (true, false) if self.command[0].to_string_lossy().starts_with('-') => {
                let flag = self.command[0].to_string_lossy();
                return Err(format!("{flag} is no flag of faultlab run; faultlab run --help lists them"));
            }
            (true, false) => Some(self.command.clone()),
            (false, true) => None,
        };
        let Some(port) = self.app_port else {
            let usual = if starts_it { usual } else { "faultlab sidecar -p 8000" };
            return Err(format!("say which port your program listens on, with -p, as in: {usual}"));
        };
        if !self.app_protocol.eq_ignore_ascii_case("http") {
            return Err(format!(
                "-P {} is not there: the sidecar calls your program over plain HTTP only; leave -P away",
                self.app_protocol
            ));
        }
        Ok(App {
            id: checked_app_id(self.app_id.clone())?,
            address: self.app_channel_address,
            command,
            resources: self.resources_path.clone(),
            configurations: self.config.clone(),
            http_port: self.dapr_http_port,
            grpc_port: self.dapr_grpc_port,
            metrics_port: self.metrics_port,
            health: self.health.check()?,
            max_concurrency: most_calls(self.app_max_concurrency),
            not_asked: self.disable_init_endpoints.clone(),
            ..App::at(port, folder)
        })
    }
}

/// Where state is kept unless it is said: beside the learner's files nothing is written.
fn usual_data(folder: &Path) -> PathBuf {
    let home = env::var_os("HOME").filter(|home| !home.is_empty()).map(|home| PathBuf::from(home).join(".local/state"));
    let state = env::var_os("XDG_STATE_HOME").filter(|state| !state.is_empty()).map(PathBuf::from);
    let base = state.or(home).unwrap_or_else(env::temp_dir).join("faultlab");
    let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let digest: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    base.join(format!("{name}-{digest}"))
}

/// A level of daprd's for the filter of the log.
fn filter(level: &str) -> String {
    match level.to_ascii_lowercase().as_str() {
        "fatal" | "panic" => "off".to_owned(),
        "warning" => "warn".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::*;

    fn read(words: &str) -> RunArguments {
        let command = RunArguments::augment_args(Command::new("run"));
        let matches = command.try_get_matches_from(format!("run {words}").split_whitespace());
        RunArguments::from_arg_matches(&matches.unwrap_or_else(|error| panic!("{error}"))).unwrap()
    }

    #[test]
    fn the_flags_of_dapr_run_have_its_names() {
        let words = "--app-id a --app-port 8000 --app-protocol http --dapr-http-port 3501 -G 3502 -d x -d y --components-path z \
                     -c cfg.yaml --app-channel-address localhost --app-max-concurrency -1 --log-level Info -M 9090 \
                     --enable-api-logging --enable-app-health-check --app-health-check-path /well --app-health-threshold 0 \
                     uvicorn main:app --port 8000 -d";
        let settings = read(words).settings(true, &[]).unwrap();
        let [app] = &settings.apps[..] else { panic!("{settings:?}") };
        assert_eq!((app.id.as_str(), app.port, app.http_port, app.grpc_port), ("a", 8000, Some(3501), Some(3502)));
        assert_eq!(app.resources, ["x", "y", "z"].map(PathBuf::from));
        assert_eq!((app.metrics_port, app.max_concurrency), (Some(9090), None));
        let health = app.health.as_ref().map(|health| (health.path.as_str(), health.threshold));
        assert_eq!(health, Some(("/well", 3)));
        let words: Vec<_> = app.command.iter().flatten().collect();
        assert_eq!(words, ["uvicorn", "main:app", "--port", "8000", "-d"], "what is behind the program is its own");
        assert_eq!(settings.log_filter, "info");
    }

    #[test]
    fn what_makes_no_sense_says_what_to_do() {
        for (words, starts_it, said) in [
            ("-- uvicorn main:app", true, "-p, as in: faultlab run"),
            ("-p 8000", true, "say which program"),
            ("-p 8000 --nothing -- x", true, "--nothing is no flag"),
            ("-p 8000 -- x", false, "leave the command away"),
            ("", false, "faultlab sidecar -p 8000"),
            ("-p 8000 --app-health-probe-timeout 9000 -- x", true, "make it less"),
            ("-p 8000 -P grpc -- x", true, "leave -P away"),
            ("-p 8000 -a a.b -- x", true, "with -a"),
            ("-p 8000 --addr 127.0.0.1:8000 -- x", true, "another for the page with --addr"),
            ("-f dapr.yaml -- x", true, "leave the command away"),
            ("-f nowhere.yaml", true, "nowhere.yaml cannot be read"),
        ] {
            let refused = read(words).settings(starts_it, &[]).err().unwrap_or_default();
            assert!(refused.contains(said) && refused.lines().count() == 1, "{words}: {refused}");
        }
    }
}
