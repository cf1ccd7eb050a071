//! What somebody sets for a lab, one of each for each actor id: failure switch, retry policy, and whether attempts are
//! held. Setting them never waits for a turn: a turn asks for them at each attempt and before each wait.
//!
//! # Layout
//! - [`Controls`]: switch and policy, and what they make of an attempt
//! - `hold`: attempts that wait until somebody releases them
//! - `shared`: what all labs share: the wire to Redis and the sidecar's own retries

mod hold;
mod shared;

use std::{sync::Arc, time::Duration};

use model::{
    actor_id::ActorId,
    error::LabError,
    fault::{FaultSetting, FaultStatus, Hit},
    lesson::prediction::{Prediction, Stored, predict},
    operation::{Cause, Layer, Operation},
    policy::{
        RetryPolicy,
        worst::{Set, fits},
    },
    timeline::{Step, in_memory},
};

use self::shared::Shared;
use crate::{
    labs::{Contents, Control, Labs},
    sidecar_retries::SidecarRetrySwitch,
    timeline::clock::now_ms,
    wire::WireSwitch,
};

/// The controls of all labs. Clones share them.
#[derive(Clone)]
pub struct Controls {
    labs: Labs,
    /// How every lab begins.
    first: Arc<Control>,
    /// The layers in which faults can be set.
    layers: Arc<[Layer]>,
    /// The wire to Redis, and the sidecar's own retries.
    shared: Shared,
}

/// An attempt that has begun.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    /// How many attempts there are at most, as the policy stands.
    pub max: u8,
    /// How long it may take.
    pub timeout: Duration,
    /// What the faults do with it that it meets.
    pub hit: Option<Hit>,
}

/// How an attempt failed.
#[derive(Clone, Debug)]
pub struct Failed {
    /// Its own error.
    pub error: String,
    /// Where it failed, and whether on purpose.
    pub cause: Cause,
    /// Whether another attempt could mend it.
    pub transient: bool,
    /// How long it took, in microseconds.
    pub took_us: u64,
}

/// What comes after an attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another attempt, after this wait. The wait is recorded.
    Wait(Duration),
    /// No other attempt could succeed.
    Permanent,
    /// The policy allows no other.
    Exhausted,
    /// The turn's time does not reach for another.
    TurnLimit,
}

/// One attempt of one operation in a turn.
#[derive(Clone, Copy, Debug)]
pub struct Try<'a> {
    /// Whose turn it is.
    pub actor: &'a ActorId,
    /// The turn.
    pub turn: u64,
    /// What is tried.
    pub operation: Operation,
    /// Which attempt, from 1.
    pub attempt: u8,
}

impl Controls {
    /// Nobody has touched anything yet: every lab begins with the lesson's switch and with `policy`. Changes are
    /// recorded in `labs`. `layers` are those in which faults can be set, besides `wire` where there is one; `retries` are
    /// those of an embedded sidecar.
    #[must_use]
    pub fn new(
        labs: Labs,
        policy: RetryPolicy,
        mut layers: Vec<Layer>,
        wire: Option<WireSwitch>,
        retries: Option<SidecarRetrySwitch>,
    ) -> Self {
        let first = Control { fault: FaultStatus::lesson(), policy, hold: false };
        layers.extend(wire.as_ref().map(|_| Layer::Wire));
        Self { labs, first: Arc::new(first), layers: layers.into(), shared: Shared::new(wire, retries) }
    }

    /// The layers in which faults can be set.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// What a message would meet that is sent now, with this stored before it.
    #[must_use]
    pub fn predict(&self, actor: &ActorId, stored: Stored) -> Prediction {
        let known = |lab: &Contents| (lab.ring.snapshot().events, lab.control(&self.first).clone());
        let (events, control) = self.labs.read(actor, known).unwrap_or_else(|| (Vec::new(), (*self.first).clone()));
        let turn = events.iter().filter_map(|event| event.step.turn()).max().map_or(1, |last| last + 1);
        let Control { fault, policy, hold } = control;
        let wire = self.wire().and_then(|wire| wire.fault);
        let fault = fault.at_next_turn(in_memory(&events)).beside_the_wire(wire);
        let prediction = predict(&fault, policy, turn, stored);
        if hold { prediction.held(&fault) } else { prediction }
    }

    /// The failure switch as it stands.
    #[must_use]
    pub fn fault(&self, actor: &ActorId) -> FaultStatus {
        self.look(actor, |control| control.fault.clone())
    }

    /// The retry policy.
    #[must_use]
    pub fn policy(&self, actor: &ActorId) -> RetryPolicy {
        self.look(actor, |control| control.policy)
    }

    /// Sets the failure switch and records it; switching on arms the plan afresh, and a fault of it on the wire sets the
    /// wire. Without that fault, or switched off, a wire that this lab had set works again.
    ///
    /// # Errors
    /// A layer that is not there, a plan that cannot end in time under the policy, or one on the wire while a scenario of
    /// another lab relies on that. Nothing is changed then.
    pub fn set_fault(&self, actor: &ActorId, setting: FaultSetting) -> Result<FaultStatus, LabError> {
        for (n, fault) in setting.plan.iter().flat_map(|plan| plan.faults()).enumerate() {
            if !self.layers.contains(&fault.layer()) {
                return Err(self.no_layer(fault.layer()).within(&format!("plan[{n}]")));
            }
        }
        self.change_switch(actor, |control| {
            let fault = control.fault.clone().after(setting);
            // Ending an outage is never refused.
            if fault.on {
                fits(&fault, control.policy, Set::Plan)?;
            }
            Ok(fault)
        })
    }

    /// Arms the plan afresh if the switch is on, its fault on the wire too, and records it.
    pub fn arm(&self, actor: &ActorId) -> FaultStatus {
        let rearmed = |control: &Control| control.fault.clone().rearmed();
        self.change_switch(actor, |control| Ok(rearmed(control)))
            // A wire on which a scenario of another lab relies stays as it is.
            .or_else(|_| self.change_switch(actor, |control| Ok(rearmed(control).without_the_wire())))
            .unwrap_or_else(|_| self.fault(actor))
    }

    /// Sets the retry policy and records it.
    ///
    /// # Errors
    /// A field out of its range, or a policy that cannot end in time under the plan. Nothing is changed then.
    pub fn set_policy(&self, actor: &ActorId, policy: RetryPolicy) -> Result<RetryPolicy, LabError> {
        policy.check()?;
        // Refused, it is no use of the lab.
        self.look(actor, |control| fits(&control.fault, policy, Set::Policy))?;
        self.labs.write(actor, |lab| {
            let control = lab.control(&self.first).clone();
            fits(&control.fault, policy, Set::Policy)?;
            self.keep(lab, Control { policy, ..control });
            lab.record(Step::PolicyChanged { policy });
            self.move_hold(lab);
            Ok(policy)
        })
    }

    /// Forgets what this process knows of the actor: its lab is as every lab begins, and so says its timeline. Called
    /// within the turn that took its state away. A wire that this lab had set works again.
    pub fn reset(&self, actor: &ActorId) {
        let mut shared = self.change();
        let lab = self.labs.lab(actor);
        let had = shared.update(&lab, |lab| {
            lab.unsettled.clear();
            lab.reset_timeline();
            lab.passes.reset();
            let Control { fault, policy, hold: on } = (*self.first).clone();
            lab.record(Step::FaultChanged { fault });
            let before = lab.control.take()?;
            if before.policy != policy {
                lab.record(Step::PolicyChanged { policy });
            }
            if before.hold != on {
                lab.record(Step::HoldChanged { on });
            }
            before.fault.wire()
        });
        shared.follow(&lab, had, None);
    }

    /// The actor was brought into memory: the faults that span the first attempts lie ahead again. Recorded if that
    /// changes anything.
    pub fn activated(&self, actor: &ActorId) {
        self.labs.write(actor, |lab| {
            // A control that nobody has touched has nothing used up.
            let Some(before) = &lab.control else { return };
            let fault = before.fault.clone().activated();
            if fault != before.fault {
                self.change_fault(lab, fault);
            }
        });
    }

    /// Begins an attempt and records it, and what it meets of the faults if it is `faulty`. What is set from now on
    /// leaves it alone.
    pub fn begin(&self, tried: Try<'_>, faulty: bool) -> Begun {
        let Try { actor, turn, operation, attempt } = tried;
        self.labs.write(actor, |lab| {
            let mut control = lab.control(&self.first).clone();
            let policy = control.policy;
            let max = policy.attempts_of(operation).max(attempt);
            lab.record(Step::AttemptStarted { turn, operation, attempt, max });
            let mut hit = None;
            if faulty && control.fault.concerns(operation) {
                hit = control.fault.meet(operation, policy.attempt_timeout_ms);
                let fault = control.fault.clone();
                self.keep(lab, control);
                if let Some(hit) = hit {
                    lab.record(Step::FaultFired { turn, operation, attempt, hit, fault });
                }
            }
            Begun { max, timeout: Duration::from_millis(policy.attempt_timeout_ms), hit }
        })
    }

    /// Records that an attempt failed, and with it what comes of that while `left` of the turn's time is left. Both are
    /// told at once, so that no line of the log tells of a retry that the policy, as it stands by then, does not allow.
    pub fn failed(&self, failed: Try<'_>, failure: Failed, left: Duration) -> Next {
        let Try { actor, turn, operation, attempt } = failed;
        let Failed { error, cause, transient, took_us } = failure;
        self.labs.write(actor, |lab| {
            let policy = lab.control(&self.first).policy;
            let max = policy.attempts_of(operation);
            let delay_ms = policy.wait_ms(turn, operation, attempt.saturating_add(1));
            let next = if !transient {
                Next::Permanent
            } else if attempt >= max {
                Next::Exhausted
            } else if Duration::from_millis(delay_ms) >= left {
                Next::TurnLimit
            } else {
                Next::Wait(Duration::from_millis(delay_ms))
            };
            // Where no other follows, this one was the last.
            let max = if matches!(next, Next::Wait(_)) { max } else { attempt };
            lab.record(Step::AttemptFailed { turn, operation, attempt, max, error, cause, transient, took_us });
            if matches!(next, Next::Wait(_)) {
                let (attempt, due_at) = (attempt + 1, now_ms() + delay_ms);
                lab.record(Step::RetryScheduled { turn, operation, attempt, max, delay_ms, due_at });
            }
            next
        })
    }

    /// Looks at what is set in a lab.
    fn look<T>(&self, actor: &ActorId, read: impl FnOnce(&Control) -> T) -> T {
        match self.labs.find(actor) {
            Some(lab) => lab.read(|lab| read(lab.control(&self.first))),
            None => read(&self.first),
        }
    }

    /// Sets a lab's switch to what `change` makes of it, the wire with it, and records it.
    fn change_switch(
        &self,
        actor: &ActorId,
        change: impl FnOnce(&Control) -> Result<FaultStatus, LabError>,
    ) -> Result<FaultStatus, LabError> {
        let mut shared = self.change();
        let lab = self.labs.lab(actor);
        let may_set = shared.may_set(actor);
        let (held, fault) = shared.update(&lab, |lab| {
            let before = lab.control(&self.first);
            let (held, fault) = (before.fault.wire(), change(before)?);
            if fault.wire().is_some() {
                may_set?;
            }
            self.change_fault(lab, fault.clone());
            Ok::<_, LabError>((held, fault))
        })?;
        shared.follow(&lab, held, fault.wire());
        Ok(fault)
    }

    fn change_fault(&self, lab: &mut Contents, fault: FaultStatus) {
        let control = Control { fault: fault.clone(), ..lab.control(&self.first).clone() };
        self.keep(lab, control);
        lab.record(Step::FaultChanged { fault });
        self.move_hold(lab);
    }

    fn keep(&self, lab: &mut Contents, control: Control) {
        lab.control = (control != *self.first).then_some(control);
    }

    /// Why a fault cannot be set in a layer, and which there are.
    fn no_layer(&self, layer: Layer) -> LabError {
        let there: Vec<_> = self.layers.iter().map(|layer| layer.as_str()).collect();
        let (name, there) = (layer.as_str(), there.join(" or "));
        let why = match layer {
            Layer::Store => "faults can be set there behind the embedded sidecar only, and this lab runs on another",
            Layer::Wire => "this lab has no wire to Redis; cargo xtask run --dapr starts one that has",
            Layer::Actor | Layer::Sidecar => "this layer takes no faults",
        };
        LabError::of_field("layer", format!("layer is {name}: {why}. Use {there}."))
    }
}

#[cfg(test)]
mod tests;
