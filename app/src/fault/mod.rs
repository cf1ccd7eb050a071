//! What breaks on purpose: where, how, and for how long.
//!
//! # Layout
//! - [`Fault`], [`FaultPlan`]: one fault, and those of a lab; the only words for them, in the switch, over the API, in
//!   the timeline and in the tests
//! - [`FaultSetting`], [`FaultStatus`]: the failure switch as it is set, and as it stands
//! - [`hit`]: what a plan does with one attempt
//! - [`flat`], [`form`]: a fault as it travels, and as a form sends it
//! - [`words`]: a fault as a person says it

pub mod flat;
pub mod form;
pub mod hit;
pub mod words;

use serde::{Deserialize, Serialize};

pub use self::hit::{Hit, HitEnd};
use crate::{
    error::{LabError, ranged},
    timeline::{Layer, Operation},
};

/// The error text of the lesson's simulated failure, word for word: its validation steps look for it.
pub const SIMULATED_ERROR: &str = "Simulated state store failure";

/// One fault: it meets attempts of one operation, in one layer.
///
/// Faults fire while a message is processed and at no other time: looking at the lab never uses one up. As JSON it is
/// flat, `{"operation":"load","kind":"delay","ms":300,"span":"first","attempts":2,"layer":"actor"}`; what is left out
/// is as in the lesson: `"kind":"error","span":"first","attempts":1,"layer":"actor"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "flat::FlatFault", into = "flat::FlatFault")]
pub struct Fault {
    /// Whose attempts it meets.
    pub operation: Operation,
    /// What it does with them.
    pub kind: FaultKind,
    /// How many of them it meets.
    pub span: FaultSpan,
    /// Where: [`Layer::Actor`] before the call leaves, or [`Layer::Store`] behind the embedded sidecar, in every call
    /// that the sidecar makes for the attempt.
    pub layer: Layer,
}

/// What a fault does with an attempt that it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Fails it.
    Error,
    /// Holds it up.
    Delay {
        /// For how long, in milliseconds: 1 to 10 000. A delay as long as the attempt's time-out is a hang.
        ms: u32,
    },
    /// Holds it up until its time-out, then drops what it held: a write is never late.
    Hang,
    /// Fails it with this probability.
    Flaky {
        /// How many of a hundred attempts fail: 1 to 100.
        percent: u8,
        /// Which sequence of chances: the same seed fails the same attempts, counted from when the plan was armed.
        seed: u32,
    },
}

/// How many attempts a fault meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultSpan {
    /// The first so many after each activation of the actor, and after each arming.
    First {
        /// How many: 1 to 10.
        attempts: u8,
    },
    /// The next so many after the plan was armed, once.
    Next {
        /// How many: 1 to 10.
        attempts: u8,
    },
    /// All, until the switch is off.
    UntilOff,
}

impl FaultSpan {
    /// How many attempts, if there is an end to them.
    #[must_use]
    pub const fn attempts(self) -> Option<u8> {
        match self {
            Self::First { attempts } | Self::Next { attempts } => Some(attempts),
            Self::UntilOff => None,
        }
    }
}

impl Fault {
    /// The longest delay, in milliseconds.
    pub const MAX_DELAY_MS: u32 = 10_000;
    /// The most attempts that a span counts.
    pub const MAX_ATTEMPTS: u8 = 10;
    /// The lesson's: the first load after an activation fails once.
    pub const LESSON: Self = Self::error(Operation::Load, 1);

    /// The first `attempts` attempts of an operation fail in the actor, as in the lesson.
    #[must_use]
    pub const fn error(operation: Operation, attempts: u8) -> Self {
        Self { operation, kind: FaultKind::Error, span: FaultSpan::First { attempts }, layer: Layer::Actor }
    }

    /// Whether every number is in its range, and the parts go together.
    ///
    /// # Errors
    /// The field that does not.
    pub fn check(&self) -> Result<(), LabError> {
        match self.kind {
            FaultKind::Delay { ms } => drop(ranged::<u32>("ms", ms.into(), 1, Self::MAX_DELAY_MS.into())?),
            FaultKind::Flaky { percent, .. } => drop(ranged::<u8>("percent", percent.into(), 1, 100)?),
            FaultKind::Error | FaultKind::Hang => {}
        }
        if let Some(attempts) = self.span.attempts() {
            ranged::<u8>("attempts", attempts.into(), 1, Self::MAX_ATTEMPTS.into())?;
        }
        match self.layer {
            Layer::Store if self.operation == Operation::Publish => {
                Err(LabError::of_field("layer", "layer is store: a publish does not go to the state store. Use actor."))
            }
            Layer::Actor | Layer::Store => Ok(()),
            Layer::Wire => {
                let words = "layer is wire: the wire to Redis is one for the whole lab, and has its own switch: \
                             PUT /api/wire. Use actor or store here.";
                Err(LabError::of_field("layer", words))
            }
            Layer::Sidecar => Err(LabError::of_field("layer", "layer is sidecar: use actor or store.")),
        }
    }

    /// Whether no attempt of its operation that comes to it can succeed, however often it is tried; `timeout_ms` is
    /// the attempt's time-out.
    #[must_use]
    pub const fn never_lets_pass(&self, timeout_ms: u64) -> bool {
        let ends = match self.kind {
            FaultKind::Error | FaultKind::Hang => true,
            FaultKind::Flaky { percent, .. } => percent >= 100,
            FaultKind::Delay { ms } => ms as u64 >= timeout_ms,
        };
        ends && matches!(self.span, FaultSpan::UntilOff)
    }
}

/// The faults of a lab, 1 to 8, several of which can meet one attempt: it passes those in the actor first, then those
/// in the store, each in the order of the plan. Delays add up, and the first fault that fails the attempt or lets it
/// hang ends that: those behind it do not count the attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Fault>", into = "Vec<Fault>")]
pub struct FaultPlan(Vec<Fault>);

impl FaultPlan {
    /// How many faults a plan has at most.
    pub const MAX: usize = 8;

    /// A plan of these faults.
    ///
    /// # Errors
    /// None or too many of them, a fault that does not [`check`](Fault::check), or one that no attempt can come to.
    pub fn new(faults: Vec<Fault>) -> Result<Self, LabError> {
        if !(1..=Self::MAX).contains(&faults.len()) {
            let (words, most) = (faults.len(), Self::MAX);
            return Err(LabError::of_field("plan", format!("plan has {words} faults: it may have 1 to {most}.")));
        }
        for (n, fault) in faults.iter().enumerate() {
            fault.check().map_err(|error| error.within(&format!("plan[{n}]")))?;
            if let Some(before) = shadow(&faults, n) {
                let operation = fault.operation.as_str();
                let message = format!(
                    "Fault {} can never fire: fault {} fails every {operation} before it, until it is off. Take one \
                     of them away.",
                    n + 1,
                    before + 1
                );
                return Err(LabError::of_field(format!("plan[{n}]"), message));
            }
        }
        Ok(Self(faults))
    }

    /// A plan of one fault.
    ///
    /// # Errors
    /// The fault does not [`check`](Fault::check).
    pub fn one(fault: Fault) -> Result<Self, LabError> {
        Self::new(vec![fault])
    }

    /// The lesson's.
    #[must_use]
    pub fn lesson() -> Self {
        Self(vec![Fault::LESSON])
    }

    /// The faults, in order.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.0
    }
}

/// The fault that keeps every attempt from the one at `place`, if there is one.
fn shadow(faults: &[Fault], place: usize) -> Option<usize> {
    let fault = &faults[place];
    faults.iter().enumerate().position(|(n, other)| {
        let earlier = match (other.layer, fault.layer) {
            (Layer::Actor, Layer::Store) => true,
            (a, b) if a == b => n < place,
            _ => false,
        };
        earlier && other.operation == fault.operation && other.never_lets_pass(u64::MAX)
    })
}

impl TryFrom<Vec<Fault>> for FaultPlan {
    type Error = LabError;

    fn try_from(faults: Vec<Fault>) -> Result<Self, LabError> {
        Self::new(faults)
    }
}

impl From<FaultPlan> for Vec<Fault> {
    fn from(plan: FaultPlan) -> Self {
        plan.0
    }
}

/// The switch as somebody sets it. Switching on arms the plan afresh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FaultSetting {
    /// Whether the plan is in force.
    pub on: bool,
    /// The plan, 1 to 8 faults; without one the plan stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ssr", schema(value_type = Option<Vec<flat::FlatFault>>, min_items = 1, max_items = 8))]
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
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FaultCount {
    /// How many attempts it is still going to meet; `null` for all, until the switch is off.
    pub left: Option<u8>,
    /// How many it has met since the plan was armed.
    pub met: u32,
}

/// The switch as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FaultStatus {
    /// Whether the plan is in force.
    pub on: bool,
    /// The plan, kept while the switch is off.
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<flat::FlatFault>))]
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
        let counts = self.plan.0.iter().map(|fault| FaultCount { left: fault.span.attempts(), met: 0 }).collect();
        Self { counts, ..self }
    }

    /// The switch after an activation: the faults that span the first attempts lie ahead again.
    #[must_use]
    pub fn activated(mut self) -> Self {
        for (fault, count) in self.plan.0.iter().zip(&mut self.counts) {
            if matches!(fault.span, FaultSpan::First { .. }) {
                count.left = fault.span.attempts();
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
        self.plan.0.iter().zip(&self.counts).filter(|_| self.on)
    }

    /// Whether any fault is going to meet an attempt.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.in_force().any(|(_, count)| count.left != Some(0))
    }

    /// Whether any of these is of `operation`.
    #[must_use]
    pub fn concerns(&self, operation: Operation) -> bool {
        self.in_force().any(|(fault, count)| fault.operation == operation && count.left != Some(0))
    }

    /// Whether arming would bring anything back.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.in_force().any(|(_, count)| count.met > 0)
    }
}

#[cfg(test)]
mod tests;
