//! Taking a turn out of a timeline. Pure.

use crate::{
    error::{ErrorCode, LabError},
    fault::FaultStatus,
    policy::RetryPolicy,
    timeline::{Event, Step, turns},
};

/// The policy and the switch of a lab, as they stood at some moment.
#[derive(Clone, Debug, PartialEq)]
pub struct InForce {
    /// The retry policy.
    pub policy: RetryPolicy,
    /// The failure switch.
    pub fault: FaultStatus,
}

/// A turn, taken out.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// Its events, and what was set or switched while it ran.
    pub events: Vec<Event>,
    /// The retry policy when it began, if that is known.
    pub policy: Option<RetryPolicy>,
    /// The failure switch when it began, if that is known.
    pub fault: Option<FaultStatus>,
}

/// Takes a turn out of a lab's timeline. `now` is what was set at a moment not after the last event, `first` what was
/// set before the first one; `None` if something of the timeline is gone.
///
/// # Errors
/// The turn is not in the timeline: [`ErrorCode::NotFound`], with those that are. Or it has not ended:
/// [`ErrorCode::Busy`].
pub fn cut(events: &[Event], turn: u64, now: InForce, first: Option<InForce>) -> Result<Cut, LabError> {
    let known = turns(events);
    let Some(told) = known.iter().find(|known| known.number == turn) else {
        let range = match (known.first(), known.last()) {
            (Some(first), Some(last)) if first.number < last.number => {
                format!("knows turns {} to {}", first.number, last.number)
            }
            (Some(only), _) => format!("knows turn {}", only.number),
            (None, _) => "knows no turn yet".to_owned(),
        };
        return Err(LabError::new(
            ErrorCode::NotFound,
            format!("There is no turn {turn} in the timeline, which {range}."),
        ));
    };
    if !told.ended() {
        return Err(LabError::new(ErrorCode::Busy, format!("Turn {turn} has not ended. Ask for it when it has.")));
    }
    let of_turn = |event: &&Event| event.step.turn() == Some(turn);
    let starts = events.iter().filter(of_turn).find(|event| matches!(event.step, Step::TurnStarted { .. }));
    let ends = events
        .iter()
        .filter(of_turn)
        .rfind(|event| matches!(event.step, Step::TurnCompleted { .. } | Step::TurnFailed { .. }));
    let (starts, ends) = (starts.map(|event| event.seq), ends.map_or(0, |event| event.seq));
    let began = starts.or_else(|| events.iter().find(of_turn).map(|event| event.seq)).unwrap_or_default();
    let activation = told.activated.then(|| activation(events, began)).flatten();
    let belongs = |event: &&Event| match &event.step {
        step if step.turn().is_some() => step.turn() == Some(turn),
        Step::Activated => activation == Some(event.seq),
        step => starts.is_some() && (began..ends).contains(&event.seq) && is_setting(step),
    };
    Ok(Cut {
        events: events.iter().filter(belongs).cloned().collect(),
        policy: in_force(events, began, policy_of, now.policy, first.as_ref().map(|first| first.policy)),
        fault: in_force(events, began, fault_of, now.fault, first.map(|first| first.fault)),
    })
}

/// Whether a step that belongs to no turn is told with the turn during which it came: it bears on what the turn met.
pub(super) const fn is_setting(step: &Step) -> bool {
    matches!(
        step,
        Step::FaultChanged { .. }
            | Step::PolicyChanged { .. }
            | Step::WireChanged { .. }
            | Step::SidecarRetriesChanged { .. }
            | Step::HoldChanged { .. }
            | Step::Deactivated
    )
}

/// The event that brought the actor into memory for the turn that began with this event.
fn activation(events: &[Event], began: u64) -> Option<u64> {
    let before = events.iter().rev().filter(|event| event.seq < began);
    let mut before = before.take_while(|event| !matches!(event.step, Step::TurnStarted { .. }));
    before.find(|event| event.step == Step::Activated).map(|event| event.seq)
}

fn policy_of(step: &Step) -> Option<RetryPolicy> {
    if let Step::PolicyChanged { policy } = step { Some(*policy) } else { None }
}

fn fault_of(step: &Step) -> Option<FaultStatus> {
    match step {
        Step::FaultChanged { fault } | Step::FaultFired { fault, .. } => Some(fault.clone()),
        _ => None,
    }
}

/// What was set when a turn began: what was last told before it; else what is set now, if nobody has changed it since;
/// else what was set first.
fn in_force<T>(events: &[Event], began: u64, told: fn(&Step) -> Option<T>, now: T, first: Option<T>) -> Option<T> {
    let (before, after) = events.split_at(events.partition_point(|event| event.seq < began));
    let untouched = !after.iter().any(|event| told(&event.step).is_some());
    before.iter().rev().find_map(|event| told(&event.step)).or_else(|| untouched.then_some(now)).or(first)
}
