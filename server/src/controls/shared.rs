//! What all labs share: the wire to Redis and the sidecar's own retries. Whoever sets one last decides what it does, the
//! wire by itself or by a fault plan.
//!
//! A lab whose plan has a fault on the wire *has* the wire while its switch is on, until somebody else sets it. What it
//! has set it takes away when the switch goes off; what somebody else has set since it leaves alone.
//!
//! A scenario leases both, see [`Lease`]: until its end nobody else sets them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{
    actor_id::ActorId,
    error::{ErrorCode, LabError},
    fault::FaultSetting,
    scenario::{Need, Scenario},
    sidecar_retries::{SidecarRetries, SidecarRetriesSetting},
    timeline::LogLine,
    wire::{WireFault, WireSetting, WireStatus},
};

use super::Controls;
use crate::{
    labs::{Contents, Lab, Timelines},
    sidecar_retries::SidecarRetrySwitch,
    wire::WireSwitch,
};

/// How many scenarios may run in all labs together: a class of 200 and some more. The settings of a lab are not forgotten
/// while one runs in it.
pub(super) const SCENARIOS: usize = 250;

/// What all labs share. Clones share it too.
#[derive(Clone)]
pub(super) struct Shared {
    /// The wire to Redis, where there is one.
    wire: Option<WireSwitch>,
    /// The switch of the sidecar's own retries; none for a daprd.
    retries: Option<SidecarRetrySwitch>,
    /// Locked by the one change that may set any of it, so that labs and wire say the same.
    held: Arc<Mutex<HeldBy>>,
}

/// Who has what is shared.
#[derive(Default)]
struct HeldBy {
    /// The lab that has the wire by its plan.
    wire: Option<ActorId>,
    /// The scenarios that run.
    leases: Vec<Leased>,
}

/// A lease of a scenario that runs.
struct Leased {
    actor: ActorId,
    scenario: String,
    /// Whether no other scenario may run beside it.
    alone: bool,
}

impl Shared {
    pub(super) fn new(wire: Option<WireSwitch>, retries: Option<SidecarRetrySwitch>) -> Self {
        Self { wire, retries, held: Arc::default() }
    }

    fn is_at_rest(&self) -> bool {
        let retries = self.retries.as_ref().and_then(|retries| retries.status().on);
        self.wire.as_ref().is_none_or(|wire| wire.status().fault.is_none()) && retries != Some(true)
    }
}

impl HeldBy {
    /// Whether a lab, or somebody who is of none, may set what is shared.
    fn may_set(&self, actor: Option<&ActorId>) -> Result<(), LabError> {
        match self.leases.first() {
            Some(lease) if !lease.alone || Some(&lease.actor) != actor => {
                Err(busy(lease, "Set this when it has ended."))
            }
            _ => Ok(()),
        }
    }

    fn may_lease(&self, alone: bool) -> Result<(), LabError> {
        match self.leases.iter().find(|lease| alone || lease.alone) {
            Some(lease) => Err(busy(lease, "Run this when it has ended.")),
            None if self.leases.len() >= SCENARIOS => Err(too_many()),
            None => Ok(()),
        }
    }
}

fn too_many() -> LabError {
    let message = format!(
        "{SCENARIOS} scenarios run already, in all labs together, which is as many as may. Nothing was done: run this when \
         one of them has ended."
    );
    LabError::new(ErrorCode::TooManyWaiting, message)
}

fn busy(lease: &Leased, then: &str) -> LabError {
    let Leased { actor, scenario, .. } = lease;
    let message = format!(
        "The lab of {actor} runs the scenario {scenario}, which relies on what all labs share: the wire to Redis and the \
         sidecar's own retries. {then}"
    );
    LabError::new(ErrorCode::Busy, message)
}

impl Controls {
    /// The wire as it stands; `None` where there is none.
    #[must_use]
    pub fn wire(&self) -> Option<WireStatus> {
        self.shared.wire.as_ref().map(WireSwitch::status)
    }

    /// Sets the wire by itself, and records it. A lab that has it by its plan loses it, and its switch says so. `by` is
    /// the lab whose scenario asks for it, if one does.
    ///
    /// # Errors
    /// The lab has no wire, or a scenario of another lab relies on it.
    pub fn set_wire(&self, by: Option<&ActorId>, setting: WireSetting) -> Result<WireStatus, LabError> {
        let Some(wire) = &self.shared.wire else { return Err(no_wire()) };
        let mut change = self.change();
        change.held.may_set(by)?;
        change.lose_wire(None);
        change.set_wire(setting.fault);
        drop(change);
        Ok(wire.status())
    }

    /// Whether the wire lets nothing pass on purpose: what is stored can be neither read nor changed.
    #[must_use]
    pub fn wire_is_broken(&self) -> bool {
        self.wire().and_then(|wire| wire.fault).is_some_and(|fault| fault.never_lets_pass(u64::MAX))
    }

    /// Switches a lab off that has the wire by its plan, and so lets the wire work again; leaves any other as it is.
    pub fn give_wire_back(&self, actor: &ActorId) {
        let Some(lab) = self.labs.find(actor) else { return };
        let mut change = self.change();
        let had = change.update(&lab, |lab| {
            let before = lab.control(&self.first).fault.clone();
            let had = before.wire()?;
            self.change_fault(lab, before.after(FaultSetting::OFF));
            Some(had)
        });
        change.follow(&lab, had, None);
    }

    /// The sidecar's own retries; `None` for a daprd.
    #[must_use]
    pub fn sidecar_retries(&self) -> Option<SidecarRetries> {
        self.shared.retries.as_ref().map(SidecarRetrySwitch::status)
    }

    /// Switches the sidecar's own retries, and records it. `by` is the lab whose scenario asks for it, if one does.
    ///
    /// # Errors
    /// The sidecar is a daprd or has not started, or a scenario of another lab relies on its retries.
    pub fn set_sidecar_retries(
        &self,
        by: Option<&ActorId>,
        setting: SidecarRetriesSetting,
    ) -> Result<SidecarRetries, LabError> {
        let Some(retries) = &self.shared.retries else {
            let message = "This lab's sidecar is a daprd, which reads its policies at its start: start it with one more \
                           --resources-path, components/resiliency, or leave that away.";
            return Err(LabError::new(ErrorCode::NotFound, message));
        };
        let mut change = self.change();
        change.held.may_set(by)?;
        change.set_retries(setting.on)?;
        drop(change);
        Ok(retries.status())
    }

    /// Leases what all labs share for a scenario of this lab, until what is returned is dropped. A scenario that sets any
    /// of it runs alone, and so does one that finds it otherwise than untouched: it is put to rest, and back to what it
    /// was at the end.
    ///
    /// # Errors
    /// Another scenario runs beside which this one cannot, or as many run as may.
    pub(crate) fn lease(&self, actor: &ActorId, scenario: &Scenario) -> Result<Lease, LabError> {
        let sets = scenario.sidecar_retries || scenario.needs.contains(&Need::Wire);
        let mut change = self.change();
        let alone = sets || !self.shared.is_at_rest();
        change.held.may_lease(alone)?;
        change.held.leases.push(Leased { actor: actor.clone(), scenario: scenario.name.clone(), alone });
        let mut lease = Lease { controls: self.clone(), actor: actor.clone(), before: None };
        let before = alone.then(|| change.put_to_rest()).transpose();
        drop(change);
        lease.before = before?;
        Ok(lease)
    }

    /// Begins a change of what may be shared.
    pub(super) fn change(&self) -> Change<'_> {
        let held = self.shared.held.lock().unwrap_or_else(PoisonError::into_inner);
        Change { controls: self, held, told: Told::default() }
    }
}

fn no_wire() -> LabError {
    let message = "This lab has no wire layer: start it with --wire HOST:PORT and --store redis://HOST:PORT, and let the \
                   Dapr sidecar's state store use the wire's address";
    LabError::new(ErrorCode::NotFound, message)
}

/// What is shared, leased by a scenario. Dropped, it is put back to what it was.
pub(crate) struct Lease {
    controls: Controls,
    actor: ActorId,
    /// What it was, for a scenario that runs alone.
    before: Option<Before>,
}

/// What was set before a scenario.
struct Before {
    wire: Option<WireFault>,
    /// The lab that had the wire by its plan.
    owner: Option<Arc<Lab>>,
    retries: bool,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut change = self.controls.change();
        if let Some(before) = self.before.take() {
            change.put_back(before);
        }
        change.held.leases.retain(|lease| lease.actor != self.actor);
    }
}

/// A change of what may be shared: one at a time. What it records is logged when it has ended, with nothing locked.
pub(super) struct Change<'a> {
    controls: &'a Controls,
    held: MutexGuard<'a, HeldBy>,
    // Dropped after the lock, as it stands below it.
    told: Told,
}

/// What is to be logged of a change.
#[derive(Default)]
struct Told {
    labs: Vec<Arc<Lab>>,
    lines: Vec<LogLine>,
}

impl Drop for Told {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.labs.iter().for_each(|lab| lab.write_lines());
            self.lines.drain(..).for_each(Timelines::log);
        }
    }
}

impl Change<'_> {
    /// Changes a lab as part of it.
    pub(super) fn update<T>(&mut self, lab: &Arc<Lab>, change: impl FnOnce(&mut Contents) -> T) -> T {
        self.told.labs.push(Arc::clone(lab));
        self.controls.labs.update(lab, change)
    }

    /// Whether a lab may set the wire by its plan.
    pub(super) fn may_set(&self, actor: &ActorId) -> Result<(), LabError> {
        self.held.may_set(Some(actor))
    }

    /// Sets the wire as the switch of a lab has just come to say: `had` is what it had set there before, `now` what it
    /// sets now.
    pub(super) fn follow(&mut self, lab: &Lab, had: Option<WireFault>, now: Option<WireFault>) {
        if had.is_none() && now.is_none() {
            return;
        }
        if now.is_some() {
            self.lose_wire(Some(lab.actor()));
        }
        self.set_wire(now);
        self.held.wire = now.map(|_| lab.actor().clone());
    }

    fn set_wire(&mut self, fault: Option<WireFault>) {
        let Some(wire) = &self.controls.shared.wire else { return };
        self.told.lines.extend(wire.set(WireSetting { fault }, &Timelines::of(&self.controls.labs)));
    }

    fn set_retries(&mut self, on: bool) -> Result<(), LabError> {
        let Some(retries) = &self.controls.shared.retries else { return Ok(()) };
        self.told.lines.extend(retries.set(SidecarRetriesSetting { on })?);
        Ok(())
    }

    /// Whoever has the wire by its plan has it no more, but for `except`, who has just set it. Returns the lab.
    fn lose_wire(&mut self, except: Option<&ActorId>) -> Option<Arc<Lab>> {
        let actor = self.held.wire.take_if(|owner| Some(&*owner) != except)?;
        let (controls, lab) = (self.controls, self.controls.labs.find(&actor)?);
        self.update(&lab, |lab| {
            let fault = lab.control(&controls.first).fault.clone();
            controls.change_fault(lab, fault.without_the_wire());
        });
        Some(lab)
    }

    /// Lets the wire work and the sidecar not retry.
    fn put_to_rest(&mut self) -> Result<Before, LabError> {
        let shared = &self.controls.shared;
        let retries = shared.retries.as_ref().and_then(|retries| retries.status().on).unwrap_or_default();
        let wire = shared.wire.as_ref().and_then(|wire| wire.status().fault);
        self.set_retries(false)?;
        let owner = self.lose_wire(None);
        self.set_wire(None);
        Ok(Before { wire, owner, retries })
    }

    fn put_back(&mut self, before: Before) {
        let Before { wire, owner, retries } = before;
        // The lab that runs the scenario may have the wire by its plan still, where the scenario broke off.
        self.lose_wire(None);
        let Some(lab) = owner else { return self.put_back_settings(wire, retries) };
        let controls = self.controls;
        // A switch that was set since, off or to another plan, wants no wire any more: none that does can be set meanwhile.
        // What its messages have used up of its other faults since stays used.
        let waits = self.update(&lab, |lab| {
            let fault = lab.control(&controls.first).fault.clone();
            let waits = fault.has_lost_the_wire();
            if waits {
                controls.change_fault(lab, fault.with_the_wire());
            }
            waits
        });
        self.held.wire = waits.then(|| lab.actor().clone());
        self.put_back_settings(wire.filter(|_| waits), retries);
    }

    fn put_back_settings(&mut self, wire: Option<WireFault>, retries: bool) {
        self.set_wire(wire);
        if let Err(error) = self.set_retries(retries) {
            tracing::error!("The sidecar's own retries cannot be put back to what they were: {error}");
        }
    }
}
