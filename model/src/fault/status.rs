//! The failure switch: as it is set, and as it stands.

use serde::{Deserialize, Serialize};

use super::{Fault, FaultPlan, FaultSpan, WireFault};
use crate::operation::Operation;

/// The switch as somebody sets it. Switching on arms the plan afresh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FaultSetting {
    /// Whether the plan is in force.
    pub on: bool,
    /// The plan, 1 to 8 faults; without one the plan stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<super::flat::FlatFault>>, min_items = 1, max_items = 8))]
    pub plan: Option<FaultPlan>,
}

impl FaultSetting {
    /// Off; the plan is kept.
    pub const OFF: Self = Self { on: false, plan: None };

    /// On, with this plan.
    #[must_use]
    pub const fn on(plan: FaultPlan) -> Self {
        Self { on: true, plan: Some(plan) }
    }
}

/// How far a fault has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FaultCount {
    /// How many attempts it is still going to meet; `null` for all, until the switch is off. `0` for one on the wire that
    /// somebody else has set since: what this plan says is not what the wire does.
    pub left: Option<u8>,
    /// How many it has met since the plan was armed.
    pub met: u32,
}

/// The switch as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FaultStatus {
    /// Whether the plan is in force.
    pub on: bool,
    /// The plan, kept while the switch is off.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<super::flat::FlatFault>))]
    pub plan: FaultPlan,
    /// How far each fault of the plan has come, in the order of the plan. An activation renews what is left of those
    /// that span the first attempts after it.
    pub counts: Vec<FaultCount>,
}

impl FaultStatus {
    /// The switch of a lab that nobody has touched: on, with the lesson's plan.
    #[must_use]
    pub fn lesson() -> Self {
        Self::armed(FaultPlan::lesson())
    }

    /// On, with the whole of this plan ahead.
    #[must_use]
    pub fn armed(plan: FaultPlan) -> Self {
        Self { on: true, plan, counts: Vec::new() }.rearmed()
    }

    /// The switch after `setting`, armed afresh.
    #[must_use]
    pub fn after(self, setting: FaultSetting) -> Self {
        Self { on: setting.on, plan: setting.plan.unwrap_or(self.plan), counts: Vec::new() }.rearmed()
    }

    /// The switch after *arm again*: the whole plan lies ahead.
    #[must_use]
    pub fn rearmed(self) -> Self {
        let counts =
            self.plan.faults().iter().map(|fault| FaultCount { left: fault.span().attempts(), met: 0 }).collect();
        Self { counts, ..self }
    }

    /// The switch after an activation: the faults that span the first attempts lie ahead again.
    #[must_use]
    pub fn activated(mut self) -> Self {
        for (fault, count) in self.plan.faults().iter().zip(&mut self.counts) {
            if matches!(fault.span(), FaultSpan::First { .. }) {
                count.left = fault.span().attempts();
            }
        }
        self
    }

    /// The switch as the next message meets it: one for an actor that is not in memory activates it first.
    #[must_use]
    pub fn at_next_turn(&self, active: bool) -> Self {
        if active { self.clone() } else { self.clone().activated() }
    }

    /// The faults with how far they have come; none while the switch is off.
    pub fn in_force(&self) -> impl Iterator<Item = (&Fault, &FaultCount)> {
        self.plan.faults().iter().zip(&self.counts).filter(|_| self.on)
    }

    /// Whether any fault is going to meet an attempt.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.in_force().any(|(_, count)| count.left != Some(0))
    }

    /// Whether any of these is of `operation`.
    #[must_use]
    pub fn concerns(&self, operation: Operation) -> bool {
        self.in_force().any(|(fault, count)| fault.concerns(operation) && count.left != Some(0))
    }

    /// Whether arming would bring anything back.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.in_force().any(|(_, count)| count.met > 0) || self.has_lost_the_wire()
    }

    /// What it does on the wire: `None` while it is off, without a fault there, or if somebody else has set the wire
    /// since.
    #[must_use]
    pub fn wire(&self) -> Option<WireFault> {
        self.in_force().find_map(|(fault, count)| fault.wire().filter(|_| count.left != Some(0)))
    }

    /// The switch as a message meets it while the wire does this, whoever has set it.
    #[must_use]
    pub fn beside_the_wire(&self, wire: Option<WireFault>) -> Self {
        if self.wire() == wire {
            return self.clone();
        }
        let others = self.in_force().filter(|(fault, _)| fault.wire().is_none());
        let wire = wire.map(|fault| (Fault::Wire(fault), FaultCount::default()));
        let (faults, counts): (Vec<_>, Vec<_>) = others.map(|(fault, count)| (*fault, *count)).chain(wire).unzip();
        Self { on: !faults.is_empty(), plan: FaultPlan::of(faults), counts }
    }

    /// Whether it has a fault on the wire, and somebody else has set the wire since.
    #[must_use]
    pub fn has_lost_the_wire(&self) -> bool {
        self.in_force().any(|(fault, count)| fault.wire().is_some() && count.left == Some(0))
    }

    /// The switch after its fault on the wire has been given back what it had lost: the wire does what it says again. How
    /// far the other faults have come stays.
    #[must_use]
    pub fn with_the_wire(mut self) -> Self {
        for (fault, count) in self.plan.faults().iter().zip(&mut self.counts) {
            if fault.wire().is_some() {
                count.left = fault.span().attempts();
            }
        }
        self
    }

    /// The switch after somebody else has set the wire: the last one who sets it wins.
    #[must_use]
    pub fn without_the_wire(mut self) -> Self {
        for (fault, count) in self.plan.faults().iter().zip(&mut self.counts) {
            if fault.wire().is_some() {
                count.left = Some(0);
            }
        }
        self
    }
}
