//! What is heard of a lab, from the stream and in answers, and what it does to the lab's state.

use leptos::prelude::*;

use super::{actions, store::Store};
use crate::{
    fault::FaultStatus,
    lesson::steps,
    policy::RetryPolicy,
    timeline::{Event, EventId, ReleasedBy, Step, TimelineSnapshot},
    wire::WireFault,
};

/// How many events the page keeps at most; the oldest whole turns go first.
const MAX_EVENTS: usize = 6_000;

impl Store {
    /// Takes in one event from the stream. One that is known already changes nothing.
    pub fn take(self, id: EventId, event: Event) {
        let last = self.last.get_value();
        if id.epoch == last.epoch && id.seq <= last.seq {
            return;
        }
        self.last.set_value(id);
        self.now.update(|now| *now = (*now).max(event.at));
        if let Step::FaultChanged { fault } | Step::FaultFired { fault, .. } = &event.step {
            self.hear_fault(fault.clone());
        }
        if let Step::PolicyChanged { policy } = &event.step {
            self.hear_policy(*policy);
        }
        if let Step::HoldChanged { on } = &event.step {
            self.hear_hold(*on);
        }
        if let Step::WireChanged { wire } = &event.step {
            self.hear_wire(*wire);
        }
        if matches!(event.step, Step::LabReset) {
            self.panels.update(|panels| panels.before.clear());
            self.selected.set(None);
            self.go(None);
        }
        if let Step::TurnQueued { turn, message_id: Some(message_id), .. }
        | Step::TurnStarted { turn, message_id: Some(message_id), .. } = &event.step
        {
            let (turn, id) = (*turn, message_id.as_str());
            if self.unsent.with_untracked(|unsent| unsent.iter().any(|unsent| unsent.id == id)) {
                self.unsent.update(|unsent| unsent.retain(|unsent| unsent.id != id || turn <= unsent.after_turn));
            }
        }
        let changes_panels = changes_panels(&event.step);
        self.events.update(|events| {
            if matches!(event.step, Step::LabReset) {
                events.clear();
            }
            events.push(event);
            forget_oldest(events);
        });
        if let Some(sentence) = self.events.with_untracked(|events| events.last().and_then(|e| self.sentence(&e.step)))
        {
            self.said.set(sentence);
        }
        if changes_panels {
            actions::refresh(self);
        }
    }

    /// Takes a whole timeline in place of what is known: the stream could not go on where it broke.
    pub fn replace(self, timeline: TimelineSnapshot) {
        self.last.set_value(timeline.last);
        self.go(None);
        self.events.set(timeline.events);
        self.unsent.update(|unsent| unsent.retain(|unsent| !self.knows(&unsent.id, 0)));
        actions::refresh(self);
    }

    /// The switch as somebody has just told.
    pub fn hear_fault(self, fault: FaultStatus) {
        self.controls_heard.update_value(|heard| *heard += 1);
        self.fault.set(fault);
    }

    /// The retry policy as somebody has just told.
    pub fn hear_policy(self, policy: RetryPolicy) {
        self.controls_heard.update_value(|heard| *heard += 1);
        self.panels.update(|panels| panels.policy = policy);
    }

    /// Whether attempts are held, as somebody has just told.
    pub fn hear_hold(self, on: bool) {
        self.controls_heard.update_value(|heard| *heard += 1);
        self.panels.update(|panels| panels.hold = on);
    }

    /// The wire to Redis as somebody has just told.
    pub fn hear_wire(self, fault: Option<WireFault>) {
        self.panels.update(|panels| {
            if let Some(wire) = &mut panels.wire {
                wire.fault = fault;
            }
        });
    }

    /// What a step means to somebody who hears the page: outcomes, and what waits for a person.
    fn sentence(self, step: &Step) -> Option<String> {
        match step {
            Step::TurnCompleted { turn, .. } => self.turns.with_untracked(|turns| {
                let turn = turns.iter().find(|other| other.number == *turn)?;
                turn.content.as_ref()?;
                let n = turn.number;
                Some(match turn.attempts.iter().find(|a| a.attempt > 1 && a.succeeded()) {
                    Some(a) => format!("Turn {n} recovered on attempt {} of {}.", a.attempt, a.max),
                    None => format!("Turn {n} was answered."),
                })
            }),
            Step::TurnFailed { turn, error, .. } => Some(format!("Turn {turn} failed: {error}")),
            Step::CheckPassed { check } => {
                let title = steps::step(*check)?.title;
                Some(format!("Check {check}, {title}, is proven."))
            }
            Step::AttemptHeld { operation, attempt, max, .. } => {
                Some(format!("Attempt {attempt} of {max} to {} is held.", operation.as_str()))
            }
            Step::AttemptReleased { attempt, by: ReleasedBy::Limit, .. } => {
                Some(format!("Nobody released attempt {attempt}: it has gone, for the turn to end in time."))
            }
            Step::HoldChanged { on: true } => Some("Each attempt is held before it begins.".to_owned()),
            Step::HoldChanged { on: false } => Some("Attempts are not held any more.".to_owned()),
            Step::LabReset => Some("The lab was reset.".to_owned()),
            _ => None,
        }
    }
}

/// Whether the panels beside the timeline have to be read anew after this step.
const fn changes_panels(step: &Step) -> bool {
    matches!(
        step,
        Step::TurnCompleted { .. }
            | Step::TurnFailed { .. }
            | Step::HistoryReturned { .. }
            | Step::WireChanged { .. }
            | Step::SidecarRetriesChanged { .. }
            | Step::StoreRead { .. }
            | Step::CheckPassed { .. }
            | Step::EventDelivered { .. }
            | Step::LabReset
    )
}

/// Drops the oldest turns once there are too many events. A turn whose first events are gone is left out by
/// [`turns`], so nothing half remains.
fn forget_oldest(events: &mut Vec<Event>) {
    if events.len() > MAX_EVENTS {
        events.drain(..MAX_EVENTS / 6);
    }
}
