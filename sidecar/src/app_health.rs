//! Asking the app whether it is well, and noting it down (daprd: `pkg/apphealth`).

use http::StatusCode;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::app_channel::{AppChannel, AppError};
use crate::config::AppHealthCheck;

/// Asks for as long as it is not dropped. The app counts as unwell until it first says otherwise.
pub(crate) async fn look_after(app: &AppChannel, check: &AppHealthCheck, health: &watch::Sender<bool>) {
    tracing::info!("App health probes starting");
    note(check, health, || ask(app, check)).await;
}

/// What a look at the app has come to.
enum Look {
    Well,
    /// Why it is not.
    Unwell(String),
    /// Why the app was not asked: it counts neither way.
    NotAsked(String),
}

async fn note<L>(check: &AppHealthCheck, health: &watch::Sender<bool>, mut look: impl FnMut() -> L)
where
    L: Future<Output = Look>,
{
    let mut ticks = interval(check.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failures = 0;
    loop {
        ticks.tick().await;
        match look().await {
            Look::Well => {
                failures = 0;
                if !health.send_replace(true) {
                    tracing::info!("App entered healthy status");
                }
            }
            Look::NotAsked(why) => tracing::warn!("App health check was not made: {why}"),
            Look::Unwell(why) => {
                failures += 1;
                tracing::debug!("App health check failed {failures} times: {why}");
                if failures == check.threshold && health.send_replace(false) {
                    tracing::warn!("App entered un-healthy status: {why}");
                }
            }
        }
    }
}

async fn ask(app: &AppChannel, check: &AppHealthCheck) -> Look {
    match timeout(check.timeout, app.probe(&check.path)).await {
        Ok(answered) => judge(answered),
        Err(_) => Look::Unwell(format!("no answer to GET {} within {:?}", check.path, check.timeout)),
    }
}

fn judge(answered: Result<StatusCode, AppError>) -> Look {
    match answered {
        Ok(status) if status.is_success() => Look::Well,
        Ok(status) => Look::Unwell(format!("Health check failed with status code: {}", status.as_u16())),
        // The sidecar's own want, of which the app knows nothing.
        Err(AppError::NoRoom(why)) => Look::NotAsked(why),
        Err(error) => Look::Unwell(format!("Network error: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check() -> AppHealthCheck {
        AppHealthCheck {
            path: "/healthz".into(),
            interval: Duration::from_secs(1),
            timeout: Duration::from_millis(100),
            threshold: 3,
        }
    }

    /// What is noted of the app after such looks, one after the other.
    async fn noted(looks: Vec<Result<StatusCode, AppError>>) -> bool {
        let (health, mut looks) = (watch::Sender::new(false), looks.into_iter());
        let (over, ended) = tokio::sync::oneshot::channel::<()>();
        let mut over = Some(over);
        let check = check();
        let looking = note(&check, &health, || {
            let look = looks.next().map(judge);
            if look.is_none() {
                drop(over.take());
            }
            async move {
                match look {
                    Some(look) => look,
                    None => std::future::pending().await,
                }
            }
        });
        tokio::select! {
            () = looking => {}
            _ = ended => {}
        }
        *health.borrow()
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_for_which_there_is_no_file_handle_counts_neither_way() {
        let ok = || Ok(StatusCode::OK);
        let no_room = || Err(AppError::NoRoom("too many open files".into()));
        let failed = || Err(AppError::Failed("connection refused".into()));
        assert!(
            noted(vec![ok(), no_room(), no_room(), no_room(), no_room()]).await,
            "the app is well as far as is known"
        );
        assert!(!noted(vec![ok(), failed(), failed(), failed()]).await);
        assert!(!noted(vec![ok(), failed(), failed(), no_room(), failed()]).await, "what was counted stays");
        assert!(!noted(vec![no_room()]).await, "it has shown nothing");
    }
}
