//! The faults of a lab, as they go together.

use serde::{Deserialize, Serialize};

use super::Fault;
use crate::{error::LabError, operation::Layer};

/// The faults of a lab, 1 to 8, several of which can meet one attempt: it passes those in the actor first, then those
/// in the store, each in the order of the plan. Delays add up, and the first fault that fails the attempt or lets it
/// hang ends that: those behind it do not count the attempt. What is left of it meets the wire, which has one fault at
/// most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Fault>", into = "Vec<Fault>")]
pub struct FaultPlan(Vec<Fault>);

impl FaultPlan {
    /// How many faults a plan has at most.
    pub const MAX: usize = 8;

    /// A plan of these faults.
    ///
    /// # Errors
    /// None or too many of them, a fault that does not [`check`](Fault::check), one that no attempt can come to, or a
    /// second one on the wire.
    pub fn new(faults: Vec<impl Into<Fault>>) -> Result<Self, LabError> {
        let faults: Vec<Fault> = faults.into_iter().map(Into::into).collect();
        if !(1..=Self::MAX).contains(&faults.len()) {
            let (words, most) = (faults.len(), Self::MAX);
            return Err(LabError::of_field("plan", format!("plan has {words} faults: it may have 1 to {most}.")));
        }
        for (n, fault) in faults.iter().enumerate() {
            fault.check().map_err(|error| error.within(&format!("plan[{n}]")))?;
            if let Some(error) = shadowed(&faults, n).or_else(|| second_on_the_wire(&faults, n)) {
                return Err(error);
            }
        }
        Ok(Self(faults))
    }

    /// A plan of one fault.
    ///
    /// # Errors
    /// The fault does not [`check`](Fault::check).
    pub fn one(fault: impl Into<Fault>) -> Result<Self, LabError> {
        Self::new(vec![fault])
    }

    /// The lesson's.
    #[must_use]
    pub fn lesson() -> Self {
        Self(vec![Fault::LESSON])
    }

    /// What one attempt meets, which may be of more than one plan.
    pub(super) const fn of(faults: Vec<Fault>) -> Self {
        Self(faults)
    }

    /// The faults, in order.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.0
    }
}

/// Why no attempt can come to the fault at `place`: another fails each of them before.
fn shadowed(faults: &[Fault], place: usize) -> Option<LabError> {
    let Fault::Attempt(fault) = faults[place] else { return None };
    let before = faults.iter().enumerate().position(|(n, other)| {
        let Fault::Attempt(other) = other else { return false };
        let earlier = match (other.layer, fault.layer) {
            (Layer::Actor, Layer::Store) => true,
            (a, b) if a == b => n < place,
            _ => false,
        };
        earlier && other.operation == fault.operation && other.never_lets_pass(u64::MAX)
    })?;
    let (this, other, operation) = (place + 1, before + 1, fault.operation.as_str());
    let message = format!(
        "Fault {this} can never fire: fault {other} fails every {operation} before it, until it is off. Take one of \
         them away."
    );
    Some(LabError::of_field(format!("plan[{place}]"), message))
}

/// The wire does one thing at a time.
fn second_on_the_wire(faults: &[Fault], place: usize) -> Option<LabError> {
    faults[place].wire()?;
    let before = faults[..place].iter().position(|other| other.wire().is_some())? + 1;
    let message = format!(
        "layer is wire, as that of fault {before} is: the wire does one thing at a time. Take one of them away, or use \
         another layer."
    );
    Some(LabError::of_field(format!("plan[{place}].layer"), message))
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
