//! What somebody sets for a lab, one of each for each actor id: failure switch, retry policy, and whether attempts are
//! held. Setting them never waits for a turn: a turn asks for them at each attempt and before each wait.
//!
//! # Layout
//! - [`Controls`]: switch and policy, and what they make of an attempt
//! - `hold`: attempts that wait until somebody releases them
//! - `wire`: the wire to Redis, which all labs share, set by itself or by the plan of one

mod hold;
mod wire;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use model::{
    actor_id::ActorId,
    error::LabError,
    fault::{FaultSetting, FaultStatus, Hit},
    lesson::prediction::{Prediction, Stored, predict},
    operation::{Layer, Operation},
    policy::{
        RetryPolicy,
        worst::{Set, fits},
    },
    timeline::{Step, in_memory},
};

use self::hold::Holds;
use crate::{
    timeline::{Timelines, clock::now_ms},
    wire::WireSwitch,
};

/// The controls of all labs. Clones share them.
#[derive(Clone)]
pub struct Controls {
    timelines: Timelines,
    /// How every lab begins.
    first: Arc<Control>,
    /// The layers in which faults can be set.
    layers: Arc<[Layer]>,
    /// The wire to Redis, where there is one.
    wire: Option<WireSwitch>,
    /// The controls that are not as every lab begins. Held while a change, an attempt's beginning or a wait is recorded
    /// too, so that the timeline tells them in the order in which they took effect.
    touched: Arc<Mutex<HashMap<ActorId, Control>>>,
    /// The attempts that are held. Locked while `touched` is.
    holds: Holds,
}

/// The controls of one lab.
#[derive(Clone, PartialEq)]
struct Control {
    fault: FaultStatus,
    policy: RetryPolicy,
    /// Whether each attempt of a message is held.
    hold: bool,
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

/// What comes after an attempt that failed in passing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another attempt, after this wait. The wait is recorded.
    Wait(Duration),
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
    /// recorded in `timelines`. `layers` are those in which faults can be set, besides `wire` where there is one.
    #[must_use]
    pub fn new(timelines: Timelines, policy: RetryPolicy, mut layers: Vec<Layer>, wire: Option<WireSwitch>) -> Self {
        let first = Control { fault: FaultStatus::lesson(), policy, hold: false };
        layers.extend(wire.as_ref().map(|_| Layer::Wire));
        let (first, layers) = (Arc::new(first), layers.into());
        Self { timelines, first, layers, wire, touched: Arc::default(), holds: Holds::default() }
    }

    /// The layers in which faults can be set.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// What a message would meet that is sent now, with this stored before it.
    #[must_use]
    pub fn predict(&self, actor: &ActorId, stored: Stored) -> Prediction {
        let events = self.timelines.snapshot(actor).events;
        let turn = events.iter().filter_map(|event| event.step.turn()).max().map_or(1, |last| last + 1);
        let Control { fault, policy, hold } = self.look(&self.touched(), actor).clone();
        let wire = self.wire.as_ref().and_then(|wire| wire.status().fault);
        let fault = fault.at_next_turn(in_memory(&events)).beside_the_wire(wire);
        let prediction = predict(&fault, policy, turn, stored);
        if hold { prediction.held(&fault) } else { prediction }
    }

    /// The failure switch as it stands.
    #[must_use]
    pub fn fault(&self, actor: &ActorId) -> FaultStatus {
        self.look(&self.touched(), actor).fault.clone()
    }

    /// The retry policy.
    #[must_use]
    pub fn policy(&self, actor: &ActorId) -> RetryPolicy {
        self.look(&self.touched(), actor).policy
    }

    /// Sets the failure switch and records it; switching on arms the plan afresh, and a fault of it on the wire sets the
    /// wire. Without that fault, or switched off, a wire that this lab had set works again.
    ///
    /// # Errors
    /// A layer that is not there, or a plan that cannot end in time under the policy. Nothing is changed then.
    pub fn set_fault(&self, actor: &ActorId, setting: FaultSetting) -> Result<FaultStatus, LabError> {
        for (n, fault) in setting.plan.iter().flat_map(|plan| plan.faults()).enumerate() {
            if !self.layers.contains(&fault.layer()) {
                return Err(self.no_layer(fault.layer()).within(&format!("plan[{n}]")));
            }
        }
        let mut touched = self.touched();
        let before = self.look(&touched, actor);
        let (held, policy) = (before.fault.wire(), before.policy);
        let fault = before.fault.clone().after(setting);
        // Ending an outage is never refused.
        if fault.on {
            fits(&fault, policy, Set::Plan)?;
        }
        self.change_fault(&mut touched, actor, fault.clone());
        self.move_wire(&mut touched, actor, held, fault.wire());
        Ok(fault)
    }

    /// Arms the plan afresh if the switch is on, its fault on the wire too, and records it.
    pub fn arm(&self, actor: &ActorId) -> FaultStatus {
        let mut touched = self.touched();
        let before = self.look(&touched, actor).fault.clone();
        let (held, fault) = (before.wire(), before.rearmed());
        self.change_fault(&mut touched, actor, fault.clone());
        self.move_wire(&mut touched, actor, held, fault.wire());
        fault
    }

    /// Sets the retry policy and records it.
    ///
    /// # Errors
    /// A field out of its range, or a policy that cannot end in time under the plan. Nothing is changed then.
    pub fn set_policy(&self, actor: &ActorId, policy: RetryPolicy) -> Result<RetryPolicy, LabError> {
        policy.check()?;
        let mut touched = self.touched();
        let control = self.look(&touched, actor).clone();
        fits(&control.fault, policy, Set::Policy)?;
        self.keep(&mut touched, actor, Control { policy, ..control });
        self.timelines.record(actor, Step::PolicyChanged { policy });
        self.move_hold(&touched, actor);
        Ok(policy)
    }

    /// Puts switch, policy and holding back to how every lab begins, and records it. A wire that this lab had set works
    /// again.
    pub fn reset(&self, actor: &ActorId) {
        let mut touched = self.touched();
        let before = touched.remove(actor);
        let Control { fault, policy, hold: on } = (*self.first).clone();
        self.timelines.record(actor, Step::FaultChanged { fault });
        let Some(before) = before else { return };
        self.move_wire(&mut touched, actor, before.fault.wire(), None);
        if before.policy != policy {
            self.timelines.record(actor, Step::PolicyChanged { policy });
        }
        if before.hold != on {
            self.timelines.record(actor, Step::HoldChanged { on });
        }
    }

    /// The actor was brought into memory: the faults that span the first attempts lie ahead again. Recorded if that
    /// changes anything.
    pub fn activated(&self, actor: &ActorId) {
        let mut touched = self.touched();
        // A control that nobody has touched has nothing used up.
        let Some(before) = touched.get(actor) else { return };
        let fault = before.fault.clone().activated();
        if fault != before.fault {
            self.change_fault(&mut touched, actor, fault);
        }
    }

    /// Begins an attempt and records it, and what it meets of the faults if it is `faulty`. What is set from now on
    /// leaves it alone.
    pub fn begin(&self, tried: Try<'_>, faulty: bool) -> Begun {
        let Try { actor, turn, operation, attempt } = tried;
        let mut touched = self.touched();
        let control = self.look(&touched, actor);
        let policy = control.policy;
        let max = policy.attempts_of(operation).max(attempt);
        let met = (faulty && control.fault.concerns(operation)).then(|| {
            let mut control = control.clone();
            let hit = control.fault.meet(operation, policy.attempt_timeout_ms);
            (hit, control)
        });
        self.timelines.record(actor, Step::AttemptStarted { turn, operation, attempt, max });
        let hit = met.and_then(|(hit, control)| {
            let fault = control.fault.clone();
            self.keep(&mut touched, actor, control);
            hit.inspect(|&hit| {
                drop(self.timelines.record(actor, Step::FaultFired { turn, operation, attempt, hit, fault }))
            })
        });
        Begun { max, timeout: Duration::from_millis(policy.attempt_timeout_ms), hit }
    }

    /// What comes after an attempt that failed in passing, with `left` of the turn's time.
    pub fn after(&self, failed: Try<'_>, left: Duration) -> Next {
        let Try { actor, turn, operation, attempt } = failed;
        let touched = self.touched();
        let policy = self.look(&touched, actor).policy;
        let max = policy.attempts_of(operation);
        if attempt >= max {
            return Next::Exhausted;
        }
        let attempt = attempt + 1;
        let delay_ms = policy.wait_ms(turn, operation, attempt);
        let delay = Duration::from_millis(delay_ms);
        if delay >= left {
            return Next::TurnLimit;
        }
        let due_at = now_ms() + delay_ms;
        self.timelines.record(actor, Step::RetryScheduled { turn, operation, attempt, max, delay_ms, due_at });
        Next::Wait(delay)
    }

    fn look<'a>(&'a self, touched: &'a HashMap<ActorId, Control>, actor: &ActorId) -> &'a Control {
        touched.get(actor).unwrap_or(&self.first)
    }

    fn change_fault(&self, touched: &mut HashMap<ActorId, Control>, actor: &ActorId, fault: FaultStatus) {
        let control = Control { fault: fault.clone(), ..self.look(touched, actor).clone() };
        self.keep(touched, actor, control);
        self.timelines.record(actor, Step::FaultChanged { fault });
        self.move_hold(touched, actor);
    }

    fn keep(&self, touched: &mut HashMap<ActorId, Control>, actor: &ActorId, control: Control) {
        if control == *self.first {
            touched.remove(actor);
        } else {
            touched.insert(actor.clone(), control);
        }
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

    fn touched(&self) -> MutexGuard<'_, HashMap<ActorId, Control>> {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
