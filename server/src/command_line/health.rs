//! The flags with which the program is asked for its health.

use std::time::Duration;

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
        let usual = AppHealthCheck::default();
        let positive = |number: i64| u64::try_from(number).ok().filter(|number| *number > 0);
        let interval = positive(self.app_health_probe_interval).map_or(usual.interval, Duration::from_secs);
        let timeout = positive(self.app_health_probe_timeout).map_or(usual.timeout, Duration::from_millis);
        if timeout > interval {
            return Err("--app-health-probe-timeout is more than --app-health-probe-interval: make it less".to_owned());
        }
        let threshold = positive(self.app_health_threshold).and_then(|number| number.try_into().ok());
        let threshold = threshold.unwrap_or(usual.threshold);
        let path = self.app_health_check_path.clone();
        Ok(self.enable_app_health_check.then_some(AppHealthCheck { path, interval, timeout, threshold }))
    }
}
