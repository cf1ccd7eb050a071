//! The lab as the server last told it: whose it is, what it runs on, what is set, what is stored, what is proven.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use crate::functions;
use model::{
    actor_id::ActorId,
    fault::FaultStatus,
    lab::{Panels, Runtime},
    lesson::checks::Check,
    policy::RetryPolicy,
    timeline::Step,
    wire::WireFault,
};

/// How long the panels rest when they have been read. Turns that follow each other at once then have them read a few
/// times a second, and not once each.
const PANELS_REST: Duration = Duration::from_millis(200);

/// What a lab is, and does not change while the page is open.
#[derive(Clone, Debug)]
pub struct LabFacts {
    /// The actor.
    pub actor: ActorId,
    /// What the lab runs on.
    pub runtime: Runtime,
    /// The server's offset from UTC, in minutes.
    pub utc_offset_min: i32,
    /// When the sidecar was told of the actor, in milliseconds since the Unix epoch.
    pub registered_at: Option<u64>,
}

/// Whether the panels are being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// They are not.
    Idle,
    /// They are, or rest after it.
    UnderWay,
    /// They are, and something has changed since.
    Again,
}

/// The state of one lab beside its timeline.
#[derive(Clone, Copy)]
pub struct LabState {
    /// What does not change.
    facts: StoredValue<LabFacts>,
    /// The server's offset from UTC, in minutes.
    pub utc_offset_min: i32,
    /// What the panels show, read anew when something changed it.
    pub panels: RwSignal<Panels>,
    /// The failure switch.
    pub fault: RwSignal<FaultStatus>,
    /// How often a setting was told of: panels whose reading began before the last time know an older one.
    settings_version: StoredValue<u64>,
    reading: StoredValue<Reading>,
}

impl LabState {
    /// The lab as the server rendered it.
    pub fn new(facts: LabFacts, panels: Panels) -> Self {
        Self {
            utc_offset_min: facts.utc_offset_min,
            facts: StoredValue::new(facts),
            fault: RwSignal::new(panels.fault.clone()),
            panels: RwSignal::new(panels),
            settings_version: StoredValue::new(0),
            reading: StoredValue::new(Reading::Idle),
        }
    }

    /// The actor.
    pub fn actor(self) -> ActorId {
        self.facts.with_value(|facts| facts.actor.clone())
    }

    /// What the lab runs on.
    pub fn runtime(self) -> Runtime {
        self.facts.with_value(|facts| facts.runtime.clone())
    }

    /// When the sidecar was told of the actor, in milliseconds since the Unix epoch.
    pub fn registered_at(self) -> Option<u64> {
        self.facts.with_value(|facts| facts.registered_at)
    }

    /// A check as it was last judged.
    pub fn check(self, number: u8) -> Check {
        self.panels.with(|panels| check_of(panels, number))
    }

    /// The same, without subscribing to it.
    pub fn check_untracked(self, number: u8) -> Check {
        self.panels.with_untracked(|panels| check_of(panels, number))
    }

    /// How many checks are proven.
    pub fn passed(self) -> usize {
        self.panels.with(|panels| panels.checks.iter().filter(|check| check.is_passed()).count())
    }

    /// What a step changes.
    pub fn apply(self, step: &Step) {
        match step {
            Step::FaultChanged { fault } | Step::FaultFired { fault, .. } => self.set_fault(fault.clone()),
            Step::PolicyChanged { policy } => self.set_policy(*policy),
            Step::HoldChanged { on } => self.set_hold(*on),
            Step::WireChanged { wire } => self.set_wire(*wire),
            Step::LabReset => self.panels.update(|panels| panels.before.clear()),
            _ => {}
        }
    }

    /// The switch as the server has just told it.
    pub fn set_fault(self, fault: FaultStatus) {
        self.settings_version.update_value(|version| *version += 1);
        self.fault.set(fault);
    }

    /// The retry policy as the server has just told it.
    pub fn set_policy(self, policy: RetryPolicy) {
        self.settings_version.update_value(|version| *version += 1);
        self.panels.update(|panels| panels.policy = policy);
    }

    /// Whether attempts are held, as the server has just told it.
    pub fn set_hold(self, on: bool) {
        self.settings_version.update_value(|version| *version += 1);
        self.panels.update(|panels| panels.hold = on);
    }

    /// The wire to Redis as the server has just told it.
    pub fn set_wire(self, fault: Option<WireFault>) {
        self.settings_version.update_value(|version| *version += 1);
        self.panels.update(|panels| {
            if let Some(wire) = &mut panels.wire {
                wire.fault = fault;
            }
        });
    }

    /// Reads the panels anew. Wishes while they are being read, or rest, make one more reading.
    pub fn refresh(self) {
        let before = self.reading.get_value();
        self.reading.set_value(if before == Reading::Idle { Reading::UnderWay } else { Reading::Again });
        if before == Reading::Idle {
            spawn_local(async move {
                self.read().await;
                set_timeout(move || self.rested(), PANELS_REST);
            });
        }
    }

    fn rested(self) {
        let wished = self.reading.get_value() == Reading::Again;
        self.reading.set_value(Reading::Idle);
        if wished {
            self.refresh();
        }
    }

    /// Reads the panels now. Without an answer they stay as they are: the connection's status says that the server is
    /// away.
    pub async fn read(self) {
        let version = self.settings_version.get_value();
        if let Ok(panels) = functions::lab::read_panels(self.actor()).await {
            self.replace(panels, version);
        }
    }

    /// Takes panels whose reading began at this version of the settings.
    fn replace(self, mut panels: Panels, version: u64) {
        if version == self.settings_version.get_value() {
            self.fault.set(panels.fault.clone());
        } else {
            self.panels.with_untracked(|known| {
                (panels.policy, panels.hold) = (known.policy, known.hold);
                if let (Some(wire), Some(known)) = (&mut panels.wire, &known.wire) {
                    wire.fault = known.fault;
                }
            });
        }
        self.panels.set(panels);
    }
}

fn check_of(panels: &Panels, number: u8) -> Check {
    let check = panels.checks.iter().find(|check| check.number == number).cloned();
    check.unwrap_or_else(|| Check::untouched(number))
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};
    use model::{fault::FaultSetting, wire::WireStatus};

    #[test]
    fn a_setting_that_was_told_while_the_panels_were_read_stays() {
        let _owner = fixture::owner();
        let lab = fixture::lab();
        let (version, off) = (lab.settings_version.get_value(), FaultStatus::lesson().after(FaultSetting::OFF));
        lab.apply(&Step::FaultChanged { fault: off.clone() });
        lab.apply(&Step::HoldChanged { on: true });
        lab.replace(Panels { sidecar_retries: Some(true), ..fixture::panels() }, version);
        assert_eq!(lab.fault.get_untracked(), off);
        let panels = lab.panels.get_untracked();
        assert_eq!((panels.hold, panels.sidecar_retries), (true, Some(true)), "all else is as it was read");
        lab.replace(fixture::panels(), lab.settings_version.get_value());
        assert_eq!((lab.fault.get_untracked(), lab.panels.get_untracked().hold), (FaultStatus::lesson(), false));
    }

    #[test]
    fn a_wire_that_was_told_of_while_the_panels_were_read_stays() {
        let _owner = fixture::owner();
        let lab = fixture::lab();
        let with_wire = |fault| {
            let wire = WireStatus { fault, listens: "127.0.0.1:6380".to_owned(), redis: "127.0.0.1:6379".to_owned() };
            Panels { wire: Some(wire), ..fixture::panels() }
        };
        lab.replace(with_wire(None), lab.settings_version.get_value());
        let version = lab.settings_version.get_value();
        lab.set_wire(Some(WireFault::Refuse));
        lab.replace(with_wire(None), version);
        assert_eq!(lab.panels.get_untracked().wire.and_then(|wire| wire.fault), Some(WireFault::Refuse));
    }

    #[test]
    fn a_check_that_was_not_judged_yet_is_not_proven() {
        let _owner = fixture::owner();
        let lab = fixture::lab();
        assert_eq!((lab.check_untracked(3).number, lab.check_untracked(3).is_passed()), (3, false));
        assert_eq!(untrack(|| lab.passed()), 0);
    }

    #[test]
    fn a_wire_that_is_told_of_is_set_only_where_there_is_one() {
        let _owner = fixture::owner();
        let lab = fixture::lab();
        lab.apply(&Step::WireChanged { wire: Some(WireFault::Refuse) });
        assert_eq!(lab.panels.get_untracked().wire, None);
    }
}
