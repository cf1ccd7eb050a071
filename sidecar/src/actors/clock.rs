//! The time of day by which timers and reminders are due.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// How often it is looked whether the machine slept: so much later what was due meanwhile comes at most.
const LOOK: Duration = Duration::from_secs(5);

/// How long it has slept at least: what is less is the time between two looks at two clocks.
const SLEEP: Duration = Duration::from_secs(1);

/// The time of day by the runtime's own clock: a system clock that somebody sets moves no tick. That clock stands still
/// while the machine sleeps, and what it slept is added. Clones are the same clock.
#[derive(Debug, Clone)]
pub(super) struct Clock(Arc<Running>);

struct Running {
    started: Instant,
    then: Timestamp,
    /// How long the machine has slept since it was started.
    slept: Box<dyn Fn() -> Duration + Send + Sync>,
    before: Duration,
    /// Told when the machine wakes up.
    woke: Notify,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self::with(slept)
    }

    fn with(slept: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        let (before, slept) = (slept(), Box::new(slept));
        let running = Running { started: Instant::now(), then: Timestamp::now(), slept, before, woke: Notify::new() };
        let clock = Self(Arc::new(running));
        tokio::spawn(watch(Arc::downgrade(&clock.0)));
        clock
    }

    pub(super) fn now(&self) -> Timestamp {
        let passed = self.0.started.elapsed() + self.0.slept();
        self.0.then.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// Waits until a moment; one that has passed is not waited for.
    pub(super) async fn reach(&self, moment: Timestamp) {
        loop {
            let woke = self.0.woke.notified();
            let left = Duration::try_from(moment.duration_since(self.now())).unwrap_or_default();
            tokio::select! {
                () = sleep(left) => return,
                () = woke => {}
            }
        }
    }
}

impl Running {
    /// How long the machine has slept since this clock was started.
    fn slept(&self) -> Duration {
        Some((self.slept)().saturating_sub(self.before)).filter(|slept| *slept >= SLEEP).unwrap_or_default()
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("started", &self.started).field("then", &self.then).finish_non_exhaustive()
    }
}

/// Has those wait anew who wait when the machine wakes up, as long as there is a clock.
async fn watch(running: Weak<Running>) {
    let mut known = Duration::ZERO;
    loop {
        sleep(LOOK).await;
        let Some(running) = running.upgrade() else { return };
        let slept = running.slept();
        if slept >= known + SLEEP {
            known = slept;
            running.woke.notify_waiters();
        }
    }
}

/// How long the machine has slept since it was started: one of its clocks counts that, and the other does not. Where
/// there are not both, nothing is known of it.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn slept() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let read = |id| Duration::try_from(clock_gettime(id)).unwrap_or_default();
    let awake = read(ClockId::Monotonic);
    read(ClockId::Boottime).saturating_sub(awake)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
const fn slept() -> Duration {
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn after(moment: Timestamp, seconds: u64) -> Timestamp {
        moment.checked_add(Duration::from_secs(seconds)).expect("a moment")
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_goes_with_the_time_that_passes() {
        let clock = Clock::start();
        let began = clock.now();
        clock.reach(after(began, 90)).await;
        assert_eq!(clock.now().duration_since(began).as_secs(), 90);
        clock.reach(began).await;
        assert_eq!(clock.now().duration_since(began).as_secs(), 90);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_due_while_the_machine_sleeps_comes_soon_after_it_wakes_up() {
        let slept = Arc::new(Mutex::new(Duration::from_secs(7_000)));
        let clock = Clock::with({
            let slept = Arc::clone(&slept);
            move || *slept.lock().expect("whole")
        });
        let (began, start) = (clock.now(), Instant::now());
        let due = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.reach(after(began, 3_600)).await;
                start.elapsed()
            }
        });
        clock.reach(after(began, 60)).await;
        assert!(!due.is_finished());
        *slept.lock().expect("whole") += Duration::from_secs(7_200);
        assert_eq!(clock.now().duration_since(began).as_secs(), 7_260);
        let awake = due.await.expect("reached");
        assert!(awake <= Duration::from_secs(60) + LOOK, "{awake:?}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_machine_has_not_slept_longer_than_it_is_on() {
        let up = std::fs::read_to_string("/proc/uptime").expect("read");
        let up: f64 = up.split(' ').next().and_then(|seconds| seconds.parse().ok()).expect("seconds");
        assert!(slept().as_secs_f64() <= up, "{:?} of {up}", slept());
    }
}
