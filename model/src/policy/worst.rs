//! Whether a retry policy and a fault plan end within a turn's time.
//!
//! What counts is what they do by themselves: the waits of the policy, in full, since the store may fail without being
//! asked to, and the delays and hangs of the plan. What the store itself takes is not known before; the margin is for
//! that, and a turn that outlasts its limit all the same is ended by it.

use super::RetryPolicy;
use crate::{
    error::LabError,
    fault::{AttemptFault, Fault, FaultKind, FaultPlan, FaultStatus, WireFault},
    operation::Operation,
};

/// The longest that a turn may last, in milliseconds. Dapr cancels one that outlasts the idle timeout, which it counts
/// from the turn's start.
pub const TURN_LIMIT_MS: u64 = 45_000;

/// What of it is left for the store's own time, in milliseconds.
pub const MARGIN_MS: u64 = 5_000;

/// The longest that a turn can last by this plan and policy, in milliseconds, however much of the plan is used up.
#[must_use]
pub fn worst_case_ms(plan: Option<&FaultPlan>, policy: RetryPolicy) -> u64 {
    rest_ms(plan, policy, Operation::Load, 1)
}

/// What has to be left of a turn's time when this attempt begins, in milliseconds, for the turn to end in time: the
/// worst case of what is left of it, and the store's own time. An attempt that is held goes by itself then.
#[must_use]
pub fn needs_ms(plan: Option<&FaultPlan>, policy: RetryPolicy, operation: Operation, attempt: u8) -> u64 {
    rest_ms(plan, policy, operation, attempt) + MARGIN_MS
}

/// The longest that a turn can last from the beginning of this attempt on, in milliseconds.
fn rest_ms(plan: Option<&FaultPlan>, policy: RetryPolicy, from: Operation, attempt: u8) -> u64 {
    let mut worst = 0;
    for operation in Operation::OF_A_MESSAGE {
        if operation < from {
            continue;
        }
        let first = if operation == from { attempt } else { 1 };
        worst += waits_ms(operation, policy, first) + held_up_ms(plan, operation, policy, first);
        let ends_here = |fault: &Fault| fault.concerns(operation) && fault.never_lets_pass(policy.attempt_timeout_ms);
        if faults(plan).any(ends_here) {
            break;
        }
    }
    worst
}

/// Whether both can be in force together: `field` is what was being set.
///
/// # Errors
/// They cannot end in time: the worst case, and what to lower.
pub fn fits(fault: &FaultStatus, policy: RetryPolicy, set: Set) -> Result<(), LabError> {
    let plan = fault.on.then_some(&fault.plan);
    let worst = worst_case_ms(plan, policy);
    let most = TURN_LIMIT_MS - MARGIN_MS;
    if worst <= most {
        return Ok(());
    }
    let operations = Operation::OF_A_MESSAGE;
    let held: u64 = operations.iter().map(|operation| held_up_ms(plan, *operation, policy, 1)).sum();
    let (field, advice) = match set {
        Set::Plan => ("plan", "Let the faults meet fewer attempts, or lower the policy's waits and time-out"),
        Set::Policy if held * 2 > worst => {
            ("attempt_timeout_ms", "Lower the time-out (attempt_timeout_ms) or the attempts")
        }
        Set::Policy => ("delay_ms", "Lower the wait (delay_ms) or the attempts"),
    };
    let message = format!(
        "With this plan and policy a turn can take {}.{} s, and it may take {} s: {} s are its limit, and {} s are left \
         for the store's own time. {advice}.",
        worst / 1_000,
        worst % 1_000 / 100,
        most / 1_000,
        TURN_LIMIT_MS / 1_000,
        MARGIN_MS / 1_000,
    );
    Err(LabError::of_field(field, message))
}

/// What is being set while the other stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// The fault plan.
    Plan,
    /// The retry policy.
    Policy,
}

/// How long the actor can wait after the attempts of one operation from `first` on, in all.
fn waits_ms(operation: Operation, policy: RetryPolicy, first: u8) -> u64 {
    (first.saturating_add(1)..=policy.attempts_of(operation)).map(|next| policy.longest_wait_before_ms(next)).sum()
}

fn faults(plan: Option<&FaultPlan>) -> impl Iterator<Item = &Fault> {
    plan.map_or(&[][..], FaultPlan::faults).iter()
}

/// How long the plan can hold up the attempts of one operation from `first` on, in all.
fn held_up_ms(plan: Option<&FaultPlan>, operation: Operation, policy: RetryPolicy, first: u8) -> u64 {
    let (attempts, timeout) = (policy.attempts_of(operation).saturating_sub(first) + 1, policy.attempt_timeout_ms);
    let held = faults(plan).filter(|fault| fault.concerns(operation)).map(|fault| {
        let each = match fault {
            Fault::Attempt(AttemptFault { kind: FaultKind::Hang, .. }) => timeout,
            Fault::Attempt(AttemptFault { kind: FaultKind::Delay { ms }, .. }) => u64::from(*ms).min(timeout),
            Fault::Attempt(_) => 0,
            Fault::Wire(WireFault::Delay { ms }) if *ms < WireFault::PATIENCE_MS => u64::from(*ms).min(timeout),
            // The sidecar may try as long as it is let.
            Fault::Wire(_) => timeout,
        };
        each * u64::from(fault.span().attempts().unwrap_or(attempts).min(attempts))
    });
    held.sum::<u64>().min(timeout * u64::from(attempts))
}
