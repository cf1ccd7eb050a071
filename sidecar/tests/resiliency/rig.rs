//! A store that fails to order, an ear for what the sidecar tells, and its log.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use sidecar::Config;
use sidecar::faults::{Fault, FaultPlan, Gate};
use sidecar::observation::{
    AttemptOutcome, BreakerChange, Event, EventKind, Observer, RetryEnd, RetryEvent, RetryStep, StateCall,
    StateOperation,
};
use tokio::sync::Notify;

use crate::support::{App, DEADLINE, Lab, PUBSUB, STORE};

/// What becomes of one call to the store.
#[derive(Clone)]
pub enum Fate {
    Fails(&'static str),
    Hangs(Gate),
}

pub const DOWN: &str = "the store is down";

/// The sidecar's ports, as whoever started it sees them.
#[derive(Default)]
pub struct Rig {
    /// The fates of the next calls; after them comes `then`.
    script: Mutex<VecDeque<Fate>>,
    then: Mutex<Option<&'static str>>,
    /// Calls that came as far as the store's door.
    arrived: Mutex<Vec<StateCall>>,
    calls: Mutex<Vec<Result<(), String>>>,
    events: Mutex<Vec<RetryEvent>>,
    changes: Mutex<Vec<BreakerChange>>,
    heard: Notify,
}

impl Rig {
    pub fn new(script: impl IntoIterator<Item = Fate>) -> Arc<Self> {
        Arc::new(Self { script: Mutex::new(script.into_iter().collect()), ..Self::default() })
    }

    /// Fails every call from now on, or none.
    pub fn fail(&self, with: Option<&'static str>) {
        *self.then.lock().unwrap() = with;
    }

    pub fn plug(self: &Arc<Self>, config: &mut Config) {
        config.ports.faults = Some(self.clone());
        config.ports.observers.push(self.clone());
    }

    /// A lab with this rig, whose actor `a` is active.
    pub async fn lab(self: &Arc<Self>, documents: &[&str]) -> Lab {
        let mut all = vec![STORE, PUBSUB];
        all.extend(documents);
        let lab = Lab::with(App::echo(), &all, |config| self.plug(config)).await;
        lab.invoke("a", "Do", "").await.unwrap();
        self.events.lock().unwrap().clear();
        lab
    }

    /// Attempts that the store's door saw.
    pub fn arrived(&self) -> usize {
        self.arrived.lock().unwrap().len()
    }

    /// How the calls to the store ended, as the store's observer was told.
    pub fn calls(&self) -> Vec<Result<(), String>> {
        self.calls.lock().unwrap().clone()
    }

    pub fn events(&self) -> Vec<RetryEvent> {
        self.events.lock().unwrap().clone()
    }

    pub fn steps(&self) -> Vec<RetryStep> {
        self.events().into_iter().map(|event| event.step).collect()
    }

    pub fn ends(&self) -> Vec<(u32, RetryEnd)> {
        let ended = |step| match step {
            RetryStep::Ended { attempts, end } => Some((attempts, end)),
            _ => None,
        };
        self.steps().into_iter().filter_map(ended).collect()
    }

    pub fn outcomes(&self) -> Vec<AttemptOutcome> {
        let ended = |step| match step {
            RetryStep::AttemptEnded { outcome, .. } => Some(outcome),
            _ => None,
        };
        self.steps().into_iter().filter_map(ended).collect()
    }

    pub fn waits(&self) -> Vec<Duration> {
        let waiting = |step| match step {
            RetryStep::Waiting { delay, .. } => Some(delay),
            _ => None,
        };
        self.steps().into_iter().filter_map(waiting).collect()
    }

    /// Each change as `from-to`.
    pub fn changes(&self) -> Vec<String> {
        let changes = self.changes.lock().unwrap();
        changes.iter().map(|change| format!("{}: {} to {}", change.name, change.from, change.to)).collect()
    }

    /// Waits until something that the rig hears of holds.
    pub async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let waited = tokio::time::timeout(DEADLINE, async {
            loop {
                let heard = self.heard.notified();
                if holds(self) {
                    return;
                }
                heard.await;
            }
        });
        assert!(waited.await.is_ok(), "never happened: {what}; {:#?}", self.events());
    }

    pub async fn until_waiting(&self) {
        self.until("a retry waits", |rig| matches!(rig.steps().last(), Some(RetryStep::Waiting { .. }))).await;
    }
}

impl FaultPlan for Rig {
    fn state_call(&self, call: &StateCall) -> Option<Fault> {
        self.arrived.lock().unwrap().push(call.clone());
        self.heard.notify_waiters();
        let fate = self.script.lock().unwrap().pop_front();
        match fate {
            Some(Fate::Fails(text)) => Some(Fault::fail(text)),
            Some(Fate::Hangs(gate)) => Some(Fault::hold(&gate)),
            None => self.then.lock().unwrap().map(Fault::fail),
        }
    }
}

impl Observer for Rig {
    fn observed(&self, event: &Event) {
        match &event.kind {
            EventKind::StateCallEnded { call, outcome, .. } if call.operation != StateOperation::List => {
                self.calls.lock().unwrap().push(outcome.as_result().map_err(str::to_owned));
            }
            EventKind::Retry(event) => self.events.lock().unwrap().push(event.clone()),
            EventKind::Breaker(change) => self.changes.lock().unwrap().push(change.clone()),
            _ => return,
        }
        self.heard.notify_waiters();
    }
}

/// A resiliency file.
pub fn policies(name: &str, spec: &str) -> String {
    format!("apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {{name: {name}}}\nspec:\n{spec}\n")
}

/// One with a single policy around calls to the store.
pub fn around_store(retry: &str, more: &str) -> String {
    let spec = format!(
        "  policies: {{retries: {{again: {{{retry}}}}}}}\n  targets: {{components: {{statestore: {{outbound: {{retry: \
         again}}}}}}}}"
    );
    policies("store-retries", &format!("{spec}{more}"))
}

/// The log of this test program. Tests run side by side in it: look for what is one's own.
#[derive(Clone)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn listen() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self(Arc::default());
            let writer = log.clone();
            tracing_subscriber::fmt()
                .with_env_filter("sidecar=debug")
                .with_ansi(false)
                .without_time()
                .with_target(false)
                .with_writer(move || writer.clone())
                .init();
            log
        })
        .clone()
    }

    /// The lines that hold a text.
    pub fn with(&self, text: &str) -> Vec<String> {
        let bytes = self.0.lock().unwrap().clone();
        let all = String::from_utf8(bytes).unwrap();
        all.lines().filter(|line| line.contains(text)).map(|line| line.trim().to_owned()).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
