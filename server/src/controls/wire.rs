//! The wire to Redis, which all labs share: whoever sets it last decides what it does, by itself or by a fault plan.
//!
//! A lab whose plan has a fault on the wire *has* the wire while its switch is on, until somebody else sets it. What it
//! has set it takes away when the switch goes off; what somebody else has set since it leaves alone.

use std::collections::HashMap;

use model::{
    actor_id::ActorId,
    error::{ErrorCode, LabError},
    fault::FaultSetting,
    wire::{WireFault, WireSetting, WireStatus},
};

use super::{Control, Controls};

impl Controls {
    /// The wire as it stands; `None` where there is none.
    #[must_use]
    pub fn wire(&self) -> Option<WireStatus> {
        self.wire.as_ref().map(|wire| wire.status())
    }

    /// Sets the wire by itself, and records it. A lab that has it by its plan loses it, and its switch says so.
    ///
    /// # Errors
    /// The lab has no wire.
    pub fn set_wire(&self, setting: WireSetting) -> Result<WireStatus, LabError> {
        let wire = self.wire.as_ref().ok_or_else(|| {
            let message = "This lab has no wire layer: start it with --wire HOST:PORT and --store redis://HOST:PORT, and \
                           let the Dapr sidecar's state store use the wire's address";
            LabError::new(ErrorCode::NotFound, message)
        })?;
        let mut touched = self.touched();
        self.lose_wire(&mut touched, None);
        Ok(wire.set(setting, &self.timelines))
    }

    /// Whether the wire lets nothing pass on purpose: what is stored can be neither read nor changed.
    #[must_use]
    pub fn wire_is_broken(&self) -> bool {
        self.wire().and_then(|wire| wire.fault).is_some_and(|fault| fault.never_lets_pass(u64::MAX))
    }

    /// Switches a lab off that has the wire by its plan, and so lets the wire work again; leaves any other as it is.
    pub fn give_wire_back(&self, actor: &ActorId) {
        let mut touched = self.touched();
        let before = self.look(&touched, actor).fault.clone();
        let held = before.wire();
        if held.is_some() {
            self.change_fault(&mut touched, actor, before.after(FaultSetting::OFF));
            self.move_wire(&mut touched, actor, held, None);
        }
    }

    /// Sets the wire as the switch of a lab has just come to say: `held` is what it had set there before, `now` what it
    /// sets now.
    pub(super) fn move_wire(
        &self,
        touched: &mut HashMap<ActorId, Control>,
        actor: &ActorId,
        held: Option<WireFault>,
        now: Option<WireFault>,
    ) {
        let Some(wire) = &self.wire else { return };
        if now.is_some() {
            self.lose_wire(touched, Some(actor));
        }
        if now.is_some() || held.is_some() {
            wire.set(WireSetting { fault: now }, &self.timelines);
        }
    }

    /// Whoever has the wire by its plan has it no more, but for `except`, who has just set it.
    fn lose_wire(&self, touched: &mut HashMap<ActorId, Control>, except: Option<&ActorId>) {
        let has = |(actor, control): &(&ActorId, &Control)| Some(*actor) != except && control.fault.wire().is_some();
        let had = touched.iter().find(has).map(|(actor, control)| (actor.clone(), control.fault.clone()));
        if let Some((actor, fault)) = had {
            self.change_fault(touched, &actor, fault.without_the_wire());
        }
    }
}
