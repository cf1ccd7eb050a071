//! The flags with which the program is asked for its health.

use clap::Args;
use sidecar::AppHealthCheck;

#[derive(Clone, Debug, Args)]
pub(super) struct HealthArguments {
    /// Whether the program is asked for its health: its actors and deliveries go and come with it.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    enable_app_health_check: bool,
    /// Where it is asked.
    #[arg(long, value_name = "PATH", default_value = "/healthz")]
    app_health_check_path: String,
    /// How often it is asked, in seconds; 0 or less: 5.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_negative_numbers = true)]
    app_health_probe_interval: i64,
    /// How long it may take to answer, in milliseconds; 0 or less: 500.
    #[arg(long, value_name = "MS", default_value_t = 0, allow_negative_numbers = true)]
    app_health_probe_timeout: i64,
    /// After how many failures in a row it counts as unwell; 0 or less: 3.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    app_health_threshold: i64,
}

impl HealthArguments {
    /// How it is asked; none where it is not.
    ///
    /// # Errors
    /// It may take longer to answer than until it is asked again.
    pub(super) fn check(&self) -> Result<Option<AppHealthCheck>, String> {
        let (path, interval) = (self.app_health_check_path.clone(), self.app_health_probe_interval);
        let check = AppHealthCheck::of(path, interval, self.app_health_probe_timeout, self.app_health_threshold);
        let Some(check) = check else {
            return Err("--app-health-probe-timeout is more than --app-health-probe-interval: make it less".to_owned());
        };
        Ok(self.enable_app_health_check.then_some(check))
    }
}
