//! The failure switch: what breaks, and for how many attempts.

use serde::{Deserialize, Serialize};

use crate::timeline::Operation;

/// The error text of the lesson's simulated failure, word for word: its validation steps look for it.
pub const SIMULATED_ERROR: &str = "Simulated state store failure";

/// How many attempts a plan lets fail: 1 to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct FaultAttempts(u8);

impl FaultAttempts {
    /// The most attempts that a plan can fail.
    pub const MAX: u8 = 5;
    /// The lesson's: one.
    pub const ONE: Self = Self(1);

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for FaultAttempts {
    type Error = FaultAttemptsError;

    fn try_from(attempts: u8) -> Result<Self, Self::Error> {
        if (1..=Self::MAX).contains(&attempts) { Ok(Self(attempts)) } else { Err(FaultAttemptsError(attempts)) }
    }
}

impl From<FaultAttempts> for u8 {
    fn from(attempts: FaultAttempts) -> Self {
        attempts.0
    }
}

/// A number of attempts outside 1 to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("attempts is {0}: a failure can be set for 1 to 5 attempts")]
pub struct FaultAttemptsError(pub u8);

/// What the switch does while it is on: the first `attempts` attempts of `operation` after each activation fail.
///
/// Faults fire while a message is processed and at no other time: looking at the lab never uses one up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FaultPlan {
    /// Which operation fails.
    pub operation: Operation,
    /// How many of its attempts fail, counted from the activation or from when the plan was armed.
    #[cfg_attr(feature = "ssr", schema(value_type = u8, minimum = 1, maximum = 5))]
    pub attempts: FaultAttempts,
}

impl FaultPlan {
    /// The lesson's: the first load after an activation fails once.
    pub const LESSON: Self = Self { operation: Operation::Load, attempts: FaultAttempts::ONE };
}

/// The switch as somebody sets it. Switching on arms the plan afresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FaultSetting {
    /// Whether the plan is in force.
    pub on: bool,
    /// The plan; without one the plan stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<FaultPlan>,
}

/// The switch as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FaultStatus {
    /// Whether the plan is in force.
    pub on: bool,
    /// The plan, kept while the switch is off.
    pub plan: FaultPlan,
    /// How many attempts are still going to fail before the plan is used up; 0 while the switch is off. An
    /// activation sets it to the plan's `attempts` again.
    pub remaining: u8,
}

impl FaultStatus {
    /// The switch of a lab that nobody has touched: on, with the lesson's plan.
    pub const LESSON: Self = Self { on: true, plan: FaultPlan::LESSON, remaining: FaultAttempts::ONE.get() };

    /// The switch after `setting`, armed afresh if it is on.
    #[must_use]
    pub fn after(self, setting: FaultSetting) -> Self {
        Self { on: setting.on, plan: setting.plan.unwrap_or(self.plan), remaining: 0 }.rearmed()
    }

    /// The switch after an activation or *arm again*: the whole plan lies ahead if it is on.
    #[must_use]
    pub const fn rearmed(self) -> Self {
        let remaining = if self.on { self.plan.attempts.get() } else { 0 };
        Self { remaining, ..self }
    }
}
