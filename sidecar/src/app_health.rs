//! Asking the app whether it is well, and noting it down (daprd: `pkg/apphealth`).

use http::StatusCode;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::app_channel::AppChannel;
use crate::config::AppHealthCheck;

/// Asks for as long as it is not dropped. The app counts as unwell until it first says otherwise.
pub(crate) async fn look_after(app: &AppChannel, check: &AppHealthCheck, health: &watch::Sender<bool>) {
    tracing::info!("App health probes starting");
    let mut ticks = interval(check.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failures = 0;
    loop {
        ticks.tick().await;
        match ask(app, check).await {
            Ok(()) => {
                failures = 0;
                if !health.send_replace(true) {
                    tracing::info!("App entered healthy status");
                }
            }
            Err(why) => {
                failures += 1;
                tracing::debug!("App health check failed {failures} times: {why}");
                if failures == check.threshold && health.send_replace(false) {
                    tracing::warn!("App entered un-healthy status: {why}");
                }
            }
        }
    }
}

/// # Errors
/// Why the app is not well.
async fn ask(app: &AppChannel, check: &AppHealthCheck) -> Result<(), String> {
    let answered = timeout(check.timeout, app.probe(&check.path)).await;
    match answered.map_err(|_| format!("no answer to GET {} within {:?}", check.path, check.timeout))? {
        Ok(status) if status.is_success() => Ok(()),
        Ok(status) => Err(format!("Health check failed with status code: {}", StatusCode::as_u16(&status))),
        Err(error) => Err(format!("Network error: {error}")),
    }
}
