//! What whoever starts the sidecar has put in its way: who is told of what happens, and who stands in front of the stores
//! and the brokers.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Ports;
use crate::faults::{Fault, FaultPlan};
use crate::observation::{
    EventKind, Excerpt, InjectedFault, Observation, Outcome, Place, Publication, StateCall, StateOperation, Turns,
};
use crate::resiliency::{Failure, PolicyError, limited};

/// Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    observation: Observation,
    faults: Option<Arc<dyn FaultPlan>>,
    /// `None` when nobody wants to know what belongs to which turn.
    turns: Option<Arc<Turns>>,
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hooks").field("observation", &self.observation).field("faults", &self.has_faults()).finish()
    }
}

impl Hooks {
    pub(crate) fn new(ports: &Ports) -> Self {
        let observation = Observation::new(ports.observers.clone());
        let faults = ports.faults.clone();
        let turns = (observation.is_on() || faults.is_some()).then(Arc::default);
        Self { observation, faults, turns }
    }

    pub(crate) fn observation(&self) -> &Observation {
        &self.observation
    }

    pub(crate) fn has_faults(&self) -> bool {
        self.faults.is_some()
    }

    /// The turns that there are, if anybody wants to know.
    pub(crate) fn turns(&self) -> Option<&Arc<Turns>> {
        self.turns.as_ref()
    }

    /// Tells of something; it is built only if somebody looks.
    pub(crate) fn tell(&self, kind: impl FnOnce() -> EventKind) {
        self.observation.tell(kind);
    }

    /// A call to a state store, with its number, if anybody wants to know of it.
    pub(crate) fn state_call(&self, call: impl FnOnce(u64) -> StateCall) -> Option<Arc<StateCall>> {
        self.turns.as_ref().map(|_| Arc::new(call(self.observation.number())))
    }

    /// An event on its way to a broker, with its number, if anybody wants to know of it.
    pub(crate) fn publication(&self, event: impl FnOnce(u64, &Turns) -> Publication) -> Option<Arc<Publication>> {
        self.turns.as_ref().map(|turns| Arc::new(event(self.observation.number(), turns)))
    }

    /// One attempt of a call to a state store, within its time: what is done to it on purpose, and then the call itself.
    pub(crate) async fn at_store<T, E: PolicyError + From<String>>(
        &self,
        call: Option<(&Arc<StateCall>, u32)>,
        timeout: Option<Duration>,
        read: impl FnOnce(&T) -> Option<Excerpt>,
        run: impl Future<Output = Result<T, Failure<E>>>,
    ) -> Result<T, Failure<E>> {
        let Some((call, attempt)) = call else { return limited(timeout, run).await };
        self.tell(|| EventKind::StateCallStarted { call: Arc::clone(call), attempt });
        // Without its reminders no type is hosted: what is to fail is what the app does.
        let plan = self.faults.as_ref().filter(|_| call.operation != StateOperation::List);
        let fault = plan.and_then(|plan| plan.state_call(call));
        let place = || Place::StateCall { call: Arc::clone(call), attempt };
        let mut ending = self.struck(fault.as_ref(), place, |end, took, fault, read| EventKind::StateCallEnded {
            call: Arc::clone(call),
            attempt,
            outcome: end,
            read,
            took,
            fault,
        });
        let outcome = struck(timeout, fault, run).await;
        if self.observation.is_on() {
            ending.read = outcome.as_ref().ok().and_then(read);
        }
        ending.end(&outcome);
        outcome
    }

    /// One attempt to give an event to its broker, within its time.
    pub(crate) async fn at_broker<T, E: PolicyError + From<String>>(
        &self,
        publication: Option<(&Arc<Publication>, u32)>,
        timeout: Option<Duration>,
        run: impl Future<Output = Result<T, Failure<E>>>,
    ) -> Result<T, Failure<E>> {
        let Some((publication, attempt)) = publication else { return limited(timeout, run).await };
        self.tell(|| EventKind::PublishStarted { publication: Arc::clone(publication), attempt });
        let fault = self.faults.as_ref().and_then(|plan| plan.publish(publication));
        let place = || Place::Publish { publication: Arc::clone(publication), attempt };
        let ending = self.struck(fault.as_ref(), place, |end, took, fault, _| EventKind::PublishEnded {
            publication: Arc::clone(publication),
            attempt,
            outcome: end,
            took,
            fault,
        });
        let outcome = struck(timeout, fault, run).await;
        ending.end(&outcome);
        outcome
    }

    /// Tells of a fault, if there is one, and later of the end.
    fn struck<F>(&self, fault: Option<&Fault>, place: impl FnOnce() -> Place, event: F) -> Ending<'_, F>
    where
        F: Fn(Outcome, Duration, Option<Arc<InjectedFault>>, Option<Excerpt>) -> EventKind,
    {
        let fault = fault.filter(|_| self.observation.is_on()).map(|fault| Arc::new(fault.told()));
        if let Some(fault) = &fault {
            self.tell(|| EventKind::FaultInjected { place: place(), fault: Arc::clone(fault) });
        }
        let (observation, started) = (&self.observation, Instant::now());
        Ending { observation, started, fault, read: None, outcome: Outcome::CallerLeft, event }
    }
}

async fn struck<T, E: PolicyError + From<String>>(
    timeout: Option<Duration>,
    fault: Option<Fault>,
    run: impl Future<Output = Result<T, Failure<E>>>,
) -> Result<T, Failure<E>> {
    let attempt = async {
        if let Some(fault) = fault {
            fault.carry_out().await?;
        }
        run.await
    };
    limited(timeout, attempt).await
}

/// Tells how something ended, in any case: dropped before, its caller has left.
struct Ending<'a, F>
where
    F: Fn(Outcome, Duration, Option<Arc<InjectedFault>>, Option<Excerpt>) -> EventKind,
{
    observation: &'a Observation,
    started: Instant,
    fault: Option<Arc<InjectedFault>>,
    read: Option<Excerpt>,
    outcome: Outcome,
    event: F,
}

impl<F> Ending<'_, F>
where
    F: Fn(Outcome, Duration, Option<Arc<InjectedFault>>, Option<Excerpt>) -> EventKind,
{
    fn end<T, E: PolicyError>(mut self, outcome: &Result<T, Failure<E>>) {
        if self.observation.is_on() {
            self.outcome = outcome.as_ref().err().map_or(Outcome::Succeeded, Failure::outcome);
        }
    }
}

impl<F> Drop for Ending<'_, F>
where
    F: Fn(Outcome, Duration, Option<Arc<InjectedFault>>, Option<Excerpt>) -> EventKind,
{
    fn drop(&mut self) {
        let outcome = std::mem::replace(&mut self.outcome, Outcome::CallerLeft);
        let (took, fault, read) = (self.started.elapsed(), self.fault.take(), self.read.take());
        self.observation.tell(|| (self.event)(outcome, took, fault, read));
    }
}
