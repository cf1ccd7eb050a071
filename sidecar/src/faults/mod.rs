//! Failures on purpose: what stands in front of the state stores and the brokers.
//!
//! Whoever starts the sidecar puts a [`FaultPlan`] into [`Ports::faults`](crate::Ports::faults). It is asked before each
//! attempt of a call to a state store, and of an event on its way to a broker, and says what is to be done to that one.
//! The usual plan is [`Faults`], a list of rules that count:
//!
//! ```
//! use std::time::Duration;
//! use sidecar::faults::{Fault, FaultRule, Faults};
//!
//! # fn config(config: &mut sidecar::Config) {
//! let faults = Faults::new();
//! config.ports.faults = Some(faults.plan());
//! // The first two writes of one actor fail, the third takes a second longer.
//! let writes = FaultRule::writes().of_actor("ChatAgent", "user1");
//! faults.add(writes.clone().times(2), Fault::fail("the disk is full"));
//! faults.add(writes.times(1), Fault::pass().after(Duration::from_secs(1)));
//! // Whatever is published to a topic is lost on the way, until this is taken back.
//! let lost = faults.add(FaultRule::publishes().to_topic("user-chat"), Fault::cut());
//! faults.remove(lost);
//! # }
//! ```
//!
//! What a fault strikes never reaches its store or broker late: when its caller goes away, or a policy's time-out passes,
//! a call that is held up is dropped. Health checks, the calls to the app, and the sidecar's own reading of its
//! reminders when it starts are no places of faults. A reminder's record is written by the sidecar, and struck where a
//! rule asks for it ([`FaultRule::reminders`]).
//!
//! Each fault is told: when it strikes as [`FaultInjected`](crate::observation::EventKind::FaultInjected), and in the
//! event that ends the call.

mod cut;
mod rules;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::observation::{InjectedFault, Publication, StateCall};
use crate::resiliency::Failure;

pub(crate) use cut::{Cut, cuttable};
pub use rules::{FaultRule, Faults, RuleId};

/// Says what is to be done to calls.
pub trait FaultPlan: Send + Sync {
    /// Asked before an attempt of a call reaches its state store. It must return at once.
    fn state_call(&self, call: &StateCall) -> Option<Fault> {
        let _ = call;
        None
    }

    /// Asked before an attempt to give an event to its broker. It must return at once.
    fn publish(&self, publication: &Publication) -> Option<Fault> {
        let _ = publication;
        None
    }
}

/// A plan for calls to state stores alone.
impl<F: Fn(&StateCall) -> Option<Fault> + Send + Sync> FaultPlan for F {
    fn state_call(&self, call: &StateCall) -> Option<Fault> {
        self(call)
    }
}

/// What is done to a call.
#[derive(Debug, Clone)]
pub struct Fault {
    /// What it is called where it is told.
    pub name: Cow<'static, str>,
    /// How long the call is held up first.
    pub delay: Duration,
    /// What becomes of it then.
    pub action: FaultAction,
}

/// What becomes of a call.
#[derive(Debug, Clone)]
pub enum FaultAction {
    /// It is carried out.
    Pass,
    /// It fails with this error, as if the store or the broker had said so. A resiliency policy may try again.
    Fail(String),
    /// It waits until its caller goes away or a policy's time-out passes.
    Hang,
    /// The caller's connection ends without an answer: over HTTP/1.1 it is closed, over gRPC the call is reset. No
    /// policy tries again. A call that has no caller any more (a reminder's record) fails.
    Cut,
    /// It waits until the gate is opened, and is carried out then.
    Hold(Gate),
}

impl Fault {
    fn new(action: FaultAction) -> Self {
        Self { name: "fault".into(), delay: Duration::ZERO, action }
    }

    /// Nothing, but for a delay: see [`Fault::after`].
    pub fn pass() -> Self {
        Self::new(FaultAction::Pass)
    }

    /// See [`FaultAction::Fail`].
    pub fn fail(error: impl Into<String>) -> Self {
        Self::new(FaultAction::Fail(error.into()))
    }

    /// See [`FaultAction::Hang`].
    pub fn hang() -> Self {
        Self::new(FaultAction::Hang)
    }

    /// See [`FaultAction::Cut`].
    pub fn cut() -> Self {
        Self::new(FaultAction::Cut)
    }

    /// See [`FaultAction::Hold`].
    pub fn hold(gate: &Gate) -> Self {
        Self::new(FaultAction::Hold(gate.clone()))
    }

    /// The same after a delay.
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// The same under a name.
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// What is told of it.
    pub(crate) fn told(&self) -> InjectedFault {
        let (action, error) = match &self.action {
            FaultAction::Pass => ("pass", None),
            FaultAction::Fail(error) => ("fail", Some(error.clone())),
            FaultAction::Hang => ("hang", None),
            FaultAction::Cut => ("cut", None),
            FaultAction::Hold(_) => ("hold", None),
        };
        InjectedFault { name: self.name.clone(), delay: self.delay, action, error }
    }

    /// Does it.
    ///
    /// # Errors
    /// What the call ends with that does not reach its target.
    pub(crate) async fn carry_out<E: From<String>>(self) -> Result<(), Failure<E>> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        match self.action {
            FaultAction::Pass => Ok(()),
            FaultAction::Fail(error) => Err(Failure::transient(error.into())),
            FaultAction::Hang => std::future::pending().await,
            FaultAction::Cut => {
                cut::cut();
                Err(Failure::permanent("the connection was cut".to_owned().into()))
            }
            FaultAction::Hold(gate) => {
                gate.passed().await;
                Ok(())
            }
        }
    }
}

/// Holds calls up until it is opened. Clones are the same gate.
#[derive(Clone)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    /// A gate that is closed.
    pub fn closed() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Lets everything through that waits, and that comes.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    /// Holds up what comes from now on.
    pub fn close(&self) {
        self.0.send_replace(false);
    }

    async fn passed(&self) {
        // The sender is this gate's own.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self.0.borrow() { "Gate(open)" } else { "Gate(closed)" })
    }
}
