//! Flags of `dapr run` for parts that the lab does not have: accepted, and each said once.

use std::ffi::OsString;

use clap::{Args, Command};

/// They are there so that a command line made for `dapr run` is taken as it is.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Accepted and ignored")]
pub(super) struct Ignored {
    /// There is no port between sidecars.
    #[arg(short = 'I', long, value_name = "PORT")]
    dapr_internal_grpc_port: Option<String>,
    /// The APIs listen on loopback.
    #[arg(long, value_name = "ADDRESSES")]
    dapr_listen_addresses: Option<String>,
    /// There is no profiler.
    #[arg(long, num_args = 0..=1, require_equals = true, value_name = "BOOL")]
    enable_profiling: Option<Option<String>>,
    /// There is no profiler.
    #[arg(long, value_name = "PORT")]
    profile_port: Option<String>,
    /// API calls are not logged.
    #[arg(long, num_args = 0..=1, require_equals = true, value_name = "BOOL")]
    enable_api_logging: Option<Option<String>>,
    /// No placement service is needed.
    #[arg(long, value_name = "ADDRESS")]
    placement_host_address: Option<String>,
    /// Reminders need no Scheduler.
    #[arg(long, value_name = "ADDRESS")]
    scheduler_host_address: Option<String>,
    /// The largest request is Dapr's 4 MiB.
    #[arg(short = 'B', long, visible_alias = "dapr-http-max-request-size", value_name = "SIZE")]
    max_body_size: Option<String>,
    /// Headers have hyper's limits.
    #[arg(short = 'R', long, visible_alias = "dapr-http-read-buffer-size", value_name = "SIZE")]
    read_buffer_size: Option<String>,
    /// The APIs listen on TCP only.
    #[arg(short = 'u', long, value_name = "FOLDER")]
    unix_domain_socket: Option<String>,
    /// The app is called over plain HTTP.
    #[arg(long, num_args = 0..=1, require_equals = true, value_name = "BOOL")]
    app_ssl: Option<Option<String>>,
    /// Nothing of Dapr's is run.
    #[arg(long, value_name = "FOLDER")]
    runtime_path: Option<String>,
    /// Nothing of Dapr's is run.
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// There is no Kubernetes.
    #[arg(short = 'k', long, num_args = 0..=1, require_equals = true, value_name = "BOOL")]
    kubernetes: Option<Option<String>>,
}

/// A line for each of these flags among `arguments`. One that switches something off that is not there is as it has to be.
pub(super) fn given(arguments: &[OsString]) -> Vec<String> {
    let command = Ignored::augment_args(Command::new("flags"));
    let mut lines: Vec<String> = Vec::new();
    let words = arguments.iter().filter_map(|argument| argument.to_str());
    for argument in words.filter(|argument| !argument.ends_with("=false")) {
        let name = argument.split('=').next().unwrap_or(argument);
        let is_it = |arg: &&clap::Arg| {
            let longs = arg.get_long_and_visible_aliases().unwrap_or_default();
            longs.iter().any(|long| name.strip_prefix("--") == Some(long))
                || arg.get_short().is_some_and(|short| name == format!("-{short}"))
        };
        if let Some(arg) = command.get_arguments().find(is_it) {
            let why = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let line = format!("{name} is ignored: {}", why.trim_end_matches('.').to_lowercase());
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flag_is_said_once_with_why() {
        let words = "faultlab run -p 1 --profile-port 7 --profile-port=8 -I 3 --enable-profiling=false";
        let arguments: Vec<_> = words.split(' ').map(OsString::from).collect();
        assert_eq!(
            given(&arguments),
            ["--profile-port is ignored: there is no profiler", "-I is ignored: there is no port between sidecars"]
        );
    }
}
