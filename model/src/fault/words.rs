//! A fault as a person says it.

use super::{AttemptFault, Fault, FaultCount, FaultKind, FaultSpan, FaultStatus};
use crate::operation::Layer;

/// What happens to attempts that a fault meets, as a predicate: `fails`, `is 300 ms late`.
fn verb(kind: FaultKind, one: bool) -> String {
    let (fails, is) = if one { ("fails", "is") } else { ("fail", "are") };
    match kind {
        FaultKind::Error => fails.to_owned(),
        FaultKind::Delay { ms } => format!("{is} {ms} ms late"),
        FaultKind::Hang if one => "hangs until its time-out".to_owned(),
        FaultKind::Hang => "hang until their time-out".to_owned(),
        FaultKind::Flaky { percent, .. } => format!("{fails} with {percent} %"),
    }
}

/// What a fault is still going to do: `the next load fails`, `every save in the store is 300 ms late`, `the wire to
/// Redis refuses, for every actor`.
#[must_use]
pub fn ahead(fault: &Fault, count: &FaultCount) -> String {
    let fault = match fault {
        Fault::Attempt(fault) => fault,
        Fault::Wire(fault) => return format!("the wire to Redis {}, for every actor", fault.verb()),
    };
    let operation = fault.operation.as_str();
    let place = if fault.layer == Layer::Store { " in the store" } else { "" };
    match count.left {
        None => format!("every {operation}{place} {}", verb(fault.kind, true)),
        Some(1) => format!("the next {operation}{place} {}", verb(fault.kind, true)),
        Some(n) => format!("the next {n} {operation} attempts{place} {}", verb(fault.kind, false)),
    }
}

/// The faults that are still going to do something.
fn each_ahead(fault: &FaultStatus) -> Vec<String> {
    fault.in_force().filter(|(_, count)| count.left != Some(0)).map(|(f, count)| ahead(f, count)).collect()
}

/// The faults that are still going to do something, one after the other.
#[must_use]
pub fn all_ahead(fault: &FaultStatus) -> String {
    each_ahead(fault).join("; ")
}

/// The first of them, and how many there are besides.
fn some_ahead(fault: &FaultStatus) -> String {
    let mut ahead = each_ahead(fault);
    let more = ahead.len().saturating_sub(2);
    if more > 1 {
        ahead.truncate(2);
        ahead.push(format!("and {more} more"));
    }
    ahead.join("; ")
}

/// What the switch is going to do, in a few words; `active` says whether the actor is in memory.
#[must_use]
pub fn status(fault: &FaultStatus, active: bool) -> String {
    if !fault.on {
        return "nothing fails on purpose".to_owned();
    }
    let now = fault.at_next_turn(active);
    let words = some_ahead(&now);
    let words = match now.plan.faults() {
        _ if words.is_empty() => used_up(&now),
        [Fault::Attempt(AttemptFault { kind: FaultKind::Error, span, .. })] if now.is_used() => {
            match (now.counts[0].left, span.attempts()) {
                (Some(left), Some(all)) if left < all => format!("{} of {all} failures used", all - left),
                _ => words,
            }
        }
        _ => words,
    };
    match (now.has_lost_the_wire(), now.plan.faults()) {
        (false, _) => words,
        (true, [_]) => LOST.to_owned(),
        (true, _) => format!("{words}; {LOST}"),
    }
}

/// What is said of a fault on the wire that is not what the wire does.
const LOST: &str = "the wire has been set by somebody else since: arm again to set it back";

/// What there is to say of a switch that is on and used up, besides that.
fn used_up(fault: &FaultStatus) -> String {
    let renewed = fault.plan.faults().iter().any(|fault| matches!(fault.span(), FaultSpan::First { .. }));
    match fault.plan.faults() {
        [Fault::Attempt(AttemptFault { kind: FaultKind::Error, span: FaultSpan::First { attempts }, .. })]
            if *attempts > 1 =>
        {
            format!("{attempts} of {attempts} failures used")
        }
        _ if renewed => "arms again after the actor has idled".to_owned(),
        _ => "arm it again for more".to_owned(),
    }
}
